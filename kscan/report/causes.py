# SPDX-License-Identifier: GPL-2.0-only
"""Findings of one cause: whatever callbacks do with one thing that is late for one registration.

A reader who has seen one of them drawn knows the others, and one change mends all. The calls of one
function that register alike, as the cases of a switch do, count as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kscan.model import Finding


@dataclass(frozen=True, slots=True)
class Cause:
    """One finding to be told in full, and the others that have its cause."""

    lead: Finding
    """The worst, as sure as any; of several such the one with the shortest trace."""
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
    alike: dict[object, list[Finding]] = {}
    for cause, several in found.items():
        alike.setdefault(_elsewhere(several) or cause, []).extend(several)
    return [_led(several) for several in alike.values()]


def also(cause: Cause, most: int) -> list[str]:
    """What tells the other findings of `cause` from its lead: `most` of them, the rest counted."""
    more = len(cause.others) - most
    named = [_named(finding, cause.lead) for finding in cause.others[:most]]
    return named if more <= 0 else [*named, f"{more:,} more"]


def told(finding: Finding, lead: Finding) -> str:
    """What tells `finding` from the `lead` of its cause: the callback, and what comes of it."""
    callback, registration = finding.callback, finding.registration
    who = f"{callback.function}() ({callback.slot})" if callback else finding.message
    where = ""
    if registration is not None and registration != lead.registration:
        where = f" registered in line {registration.line}"
    return f"{who}{where}: {finding.effect}, {finding.confidence} confidence"


def _named(finding: Finding, lead: Finding) -> str:
    what = told(finding, lead)
    return f"{what}; {finding.fingerprint}" if finding.fingerprint else what


def _cause(finding: Finding) -> tuple[object, ...] | None:
    """What findings of one cause have in common; None where the callback is all of it."""
    if finding.subject is None or finding.registration is None or finding.callback is None:
        return None
    since = finding.introduced_by, finding.before is None
    return finding.rule, finding.primary, finding.subject, finding.registration, since


def _elsewhere(several: Sequence[Finding]) -> tuple[object, ...] | None:
    """What `several` of one cause have in common with those of a like call; None for no cause."""
    first, place = several[0], several[0].registration
    if _cause(first) is None or place is None:
        return None
    at_call = (first.primary.path, first.primary.line) == (place.path, place.line)
    return (
        *(first.rule, first.subject, None if at_call else first.primary),
        *(place.api, place.path, place.function, first.introduced_by, first.before is None),
        frozenset(finding.callback for finding in several),
    )


def _led(several: Sequence[Finding]) -> Cause:
    def rank(finding: Finding) -> tuple[int, int, int, int]:
        sure, worst = -finding.confidence.rank, -finding.effect.rank
        return -finding.severity.rank, sure, worst, len(finding.trace)

    lead = min(several, key=rank)
    return Cause(lead, tuple(finding for finding in several if finding is not lead))
