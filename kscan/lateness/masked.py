# SPDX-License-Identifier: GPL-2.0-only
"""Late reads, and those that another callback keeps from being reached, as it refuses first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kscan.kernel.contracts import Contract
from kscan.lateness.late import Late
from kscan.lateness.readers import Reader
from kscan.model import Confidence, Effect, weakest
from kscan.window.registrations import Registration


@dataclass(frozen=True)
class LateRead:
    """A late write and a reader that meets what was there before."""

    registration: Registration
    late: Late
    reader: Reader
    confidence: Confidence
    doubts: tuple[str, ...] = ()
    """What lowered the confidence."""


def masked(reads: Sequence[LateRead], contract: Contract) -> Iterator[LateRead]:
    """`reads`, those doubted that are met no sooner than what hides them is repaired."""
    refusing = [read for read in reads if _turns_away(read)]
    for read in reads:
        hiding = next((one for one in refusing if _hides(one, read, contract)), None)
        yield read if hiding is None else _doubted(read, hiding)


def _turns_away(read: LateRead) -> bool:
    """Every object is refused for want of it, for sure."""
    reader = read.reader
    return (
        reader.refuses
        and reader.effect is Effect.DECLINED
        and read.confidence is Confidence.HIGH
        and read.late.is_sure
    )


def _hides(refusal: LateRead, read: LateRead, contract: Contract) -> bool:
    """What `read` tells of does not run once the callback of `refusal` has refused the object.

    Of one late place the first effect is told alone; another one has a repair of its own.
    """
    first, then = refusal.reader.sufferer, read.reader.sufferer
    return refusal.late.place != read.late.place and contract.skipped_after(
        str(first.slot), str(then.slot), then.entry.via
    )


def _doubted(read: LateRead, hiding: LateRead) -> LateRead:
    name, place = hiding.reader.sufferer.function.name, hiding.late.spelled
    why = f"{place} comes in time: for want of it {name}() refuses first"
    sure = weakest(read.confidence, Confidence.MEDIUM)
    return replace(read, confidence=sure, doubts=(*read.doubts, why))
