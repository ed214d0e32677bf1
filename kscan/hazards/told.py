# SPDX-License-Identifier: GPL-2.0-only
"""What a report says of the registrations of one contract besides what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.misfits import misfits
from kscan.hazards.unseen import assumption, unseen, why_closed
from kscan.model import Skip, WindowEntry

ADVICE = " (--as-is leaves it out)"


@dataclass(frozen=True)
class Told:
    """Values that outlive the case."""

    window: tuple[WindowEntry, ...]
    """Every registration and what runs inside it."""
    unseen: tuple[Skip, ...]
    """Registrations whose callbacks, or some of them, nobody looked at."""
    misfits: tuple[str, ...]
    """What the contract says that the tree knows nothing of."""
    assumption: str
    """What was assumed of the tree."""


def told(case: Case) -> Told:
    """What is told of `case`."""
    return Told(
        tuple(_entries(case)),
        tuple(unseen(case)),
        tuple(misfits(case)),
        assumption(case.window, ADVICE),
    )


def _entries(case: Case) -> Iterator[WindowEntry]:
    evidence = Evidence(case.program, case.window)
    slots = tuple(str(slot) for slot in case.window.slots)
    for registration in case.registrations:
        callbacks = case.window.callbacks(registration)
        yield WindowEntry(
            evidence.registration(registration),
            slots if case.window.gate_is_open(registration) else (),
            tuple(evidence.callback(callback) for callback in callbacks),
            why_closed(case, registration),
        )
