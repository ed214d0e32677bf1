# SPDX-License-Identifier: GPL-2.0-only
"""Findings of one cause: whatever callbacks do with one thing that is late for one registration.

A reader who has seen one of them drawn knows the others, and one change mends all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kscan.model import Finding


@dataclass(frozen=True, slots=True)
class Cause:
    """One finding to be told in full, and the others that have its cause."""

    lead: Finding
    """The worst, and of several such the one with the shortest trace."""
    others: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return self.lead, *self.others


def causes(findings: Iterable[Finding]) -> list[Cause]:
    """`findings` by cause, in the order of the first of each."""
    found: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        found.setdefault(_cause(finding) or number, []).append(finding)
    return [_led(several) for several in found.values()]


def also(cause: Cause, most: int) -> list[str]:
    """What tells the other findings of `cause` from its lead: `most` of them, the rest counted."""
    more = len(cause.others) - most
    named = [_named(finding) for finding in cause.others[:most]]
    return named if more <= 0 else [*named, f"{more:,} more"]


def told(finding: Finding) -> str:
    """What tells `finding` from others of its cause: the callback, and what comes of it."""
    callback = finding.callback
    who = f"{callback.function}() ({callback.slot})" if callback else finding.message
    return f"{who}: {finding.effect}, {finding.confidence} confidence"


def _named(finding: Finding) -> str:
    what = told(finding)
    return f"{what}; {finding.fingerprint}" if finding.fingerprint else what


def _cause(finding: Finding) -> tuple[object, ...] | None:
    """What findings of one cause have in common; None where the callback is all of it."""
    if finding.subject is None or finding.registration is None or finding.callback is None:
        return None
    since = finding.introduced_by, finding.before is None
    return finding.rule, finding.primary, finding.subject, finding.registration, since


def _led(several: Sequence[Finding]) -> Cause:
    def rank(finding: Finding) -> tuple[int, int, int]:
        return -finding.severity.rank, -finding.confidence.rank, len(finding.trace)

    lead = min(several, key=rank)
    return Cause(lead, tuple(finding for finding in several if finding is not lead))
