# SPDX-License-Identifier: GPL-2.0-only
"""Is this oops ours: which finding of an audit predicts what a log tells.

A finding says that a callback runs inside a registration.  A trace that has both, the callback
inside the registering function, is what the finding predicts: strong.  One of them alone, or
another function of the same driver, is partial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kscan.model import Effect, Finding, Report, WindowEntry
from kscan.triage.incident import Incident, Kind


class Strength(StrEnum):
    """How much of a finding a log shows."""

    STRONG = "strong"
    PARTIAL = "partial"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 for none, 2 for strong."""
        return ("none", "partial", "strong").index(self.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit has to say about an incident."""

    strength: Strength
    finding: Finding | None
    why: str
    """One or two sentences in kernel words."""
    others: tuple[Finding, ...] = ()
    """Further findings that fit as well, or nearly."""
    guess: bool = False
    """The driver is inferred from firmware names, not read from the trace."""


_FITTING = {
    Kind.OOPS: {Effect.CRASH, Effect.UNREADY},
    Kind.WARNING: {Effect.WARN, Effect.UNREADY},
    Kind.LATE_PROBE: {Effect.DECLINED, Effect.WARN},
    Kind.TRACE: {Effect.DEADLOCK, Effect.CRASH},
}

_RELEASE = re.compile(r"(\d+\.\d+)(?:\.(\d+))?(-rc\d+)?")

_NO_OOPS = {Effect.LEAK, Effect.WARN, Effect.DECLINED, Effect.DEADLOCK, Effect.REDUNDANT}
"""Effects after which the kernel goes on, or stands still: none of them is an oops."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """How one finding lies on the trace."""

    finding: Finding
    strength: Strength
    depth: int
    """Frames between the fault and the callback; the fewer, the better."""
    why: str


def by_trace(incident: Incident, report: Report) -> Verdict:
    """The finding whose callback and registration are on the trace of `incident`."""
    fits = [fit for finding in report.findings if (fit := _fit(incident, report, finding))]
    if not fits:
        return Verdict(Strength.NONE, None, _unexplained(incident, report))
    fitting = _FITTING[incident.kind]
    fits.sort(
        key=lambda fit: (
            -fit.strength.rank,
            fit.depth,
            fit.finding.effect not in fitting,
            -fit.finding.confidence.rank,
        )
    )
    best = fits[0]
    others = tuple(fit.finding for fit in fits[1:] if fit.strength is best.strength)
    return Verdict(best.strength, best.finding, best.why, others)


def _fit(incident: Incident, report: Report, finding: Finding) -> _Fit | None:
    name, path = _reader_of(finding)
    inner = place_on(incident, name, path)
    if finding.registration is None:
        return _unregistered(incident, finding, inner)
    outer = place_on(incident, finding.registration.function, finding.registration.path)
    within = inner is not None and outer is not None and inner < outer
    if within and inner is not None and _is_innermost(incident, report, inner):
        why = (
            f"{name}() runs inside {finding.registration.api}() of "
            f"{finding.registration.function}() on the trace, as the finding says; "
            f"{_fault(incident, inner)}"
        )
        if incident.kind is Kind.OOPS and finding.effect in _NO_OOPS:
            why += f"; but what the finding predicts is no oops: {finding.effect.value}"
            return _Fit(finding, Strength.PARTIAL, inner, why)
        return _Fit(finding, Strength.STRONG, inner, why)
    if within:
        why = f"the trace passes through {name}(), but the fault is in another callback below it"
        return _Fit(finding, Strength.PARTIAL, len(incident.frames), why)
    if inner is not None or outer is not None:
        return _Fit(finding, Strength.PARTIAL, inner or outer or 0, _half(finding, name, inner))
    return _neighbour(incident, finding)


def _unregistered(incident: Incident, finding: Finding, inner: int | None) -> _Fit | None:
    """A finding about the code on the way: its own function must be the one at fault."""
    if inner != 0:
        return None
    why = f"the fault is in {incident.pc}(), where the finding is"
    return _Fit(finding, Strength.STRONG, 0, why)


def _half(finding: Finding, name: str, inner: int | None) -> str:
    assert finding.registration is not None
    register = finding.registration
    if inner is None:
        return f"{register.function}() is on the trace, {name}() is not"
    return f"{name}() is on the trace, but not inside {register.api}() of {register.function}()"


def _neighbour(incident: Incident, finding: Finding) -> _Fit | None:
    """Another function that the finding's own driver has on the trace."""
    path = finding.primary.path
    names = {step.location.function for step in finding.trace if step.location.path == path}
    places = [
        (place, name) for name in names if (place := place_on(incident, name, path)) is not None
    ]
    if not places:
        return None
    place, name = min(places)
    why = f"{name}() of the same driver is on the trace; the callback is not"
    return _Fit(finding, Strength.PARTIAL, place, why)


def _reader_of(finding: Finding) -> tuple[str, str]:
    """The function that runs too early, and its file."""
    if finding.callback is not None:
        return finding.callback.function, finding.callback.path
    return finding.primary.function, finding.primary.path


def place_on(incident: Incident, function: str, path: str) -> int | None:
    """Where on the trace `function` of `path` is, from 0 for the innermost; None if it is not.

    A frame whose file the log gives must agree with `path`.
    """
    running = (frame for frame in incident.frames if frame.reliable)
    for place, frame in enumerate(running):
        if frame.function == function and frame.path in ("", path):
            return place
    return None


def _is_innermost(incident: Incident, report: Report, inner: int) -> bool:
    """No other callback that an audit knows runs below the one at `inner`."""
    known = {callback.function for entry in report.window for callback in entry.callbacks}
    known |= {finding.callback.function for finding in report.findings if finding.callback}
    return not known.intersection(incident.functions[:inner])


def _fault(incident: Incident, inner: int) -> str:
    if inner == 0:
        return "the fault is in it"
    return f"the fault is in {incident.pc}(), {'which it calls' if inner == 1 else 'below it'}"


def _unexplained(incident: Incident, report: Report) -> str:
    """Why no finding fits: what the audit knows of the functions on the trace."""
    for entry in report.window:
        outer = place_on(incident, entry.registration.function, entry.registration.path)
        if outer is not None:
            return _known_registration(incident, report, entry)
    if not incident.functions:
        return "not explained: the log has no call trace for it"
    apis = {entry.registration.api for entry in report.window}
    if apis.intersection(incident.functions):
        return (
            "not explained: a registration is on the trace, but no function on it registers in "
            f"{_named(report)}"
        )
    step = next((f for f in incident.functions if _passing(report, f)), None)
    passed = next((f for f in report.findings if _is_passed(incident, f)), None)
    if passed is not None:
        name, place = passed.primary.function, f"{passed.primary.path}:{passed.primary.line}"
        return (
            f"not explained: {name}() on the trace has a finding, {passed.rule} ({place}), but "
            f"the fault is in {incident.pc}()"
        )
    if step is not None:
        many = _passing(report, step)
        return (
            f"not explained: {step}() is a step of {many} finding{'s' * (many > 1)}, but nothing "
            "of the drivers they name is on the trace"
        )
    return "not explained: no function on the trace takes part in a registration or a finding"


def _is_passed(incident: Incident, finding: Finding) -> bool:
    """`finding`, of no registration, is about a function that the trace passes through."""
    name, path = _reader_of(finding)
    return finding.registration is None and place_on(incident, name, path) is not None


def _passing(report: Report, function: str) -> int:
    """How many findings have a step in `function`."""
    return sum(
        any(step.location.function == function for step in finding.trace)
        for finding in report.findings
    )


def _known_registration(incident: Incident, report: Report, entry: WindowEntry) -> str:
    register = entry.registration
    where = f"{register.function}() ({register.path}:{register.line})"
    inside = next(
        (
            callback
            for callback in entry.callbacks
            if place_on(incident, callback.function, callback.path) is not None
        ),
        None,
    )
    if inside is None:
        note = f": {entry.note}" if entry.note else ""
        return (
            f"not explained: in {_named(report)} no callback on the trace runs inside "
            f"{register.api}() of {where}{note}"
        )
    return (
        f"{_named(report)} already has the order: {inside.function}() runs inside "
        f"{register.api}() of {where} there too, and kscan finds nothing it reads that is set "
        "later"
    )


def _named(report: Report) -> str:
    version = report.tree.kernel_version
    return f"this tree (Linux {version})" if version else "this tree"


def other_version(incident: Incident, report: Report) -> str:
    """That the kernel of the log is another than that of the tree, where both are known to be."""
    theirs, ours = incident.kernel_version, report.tree.kernel_version
    if not theirs or not ours or _release(theirs) == _release(ours):
        return ""
    return f"the log is of Linux {theirs}, this tree is Linux {ours}: its code need not be the same"


def _release(version: str) -> str:
    """``6.15.0-rc1`` of ``6.15.0-rc1-next-20250401+``: without what a distribution adds."""
    found = _RELEASE.match(version)
    return f"{found[1]}.{found[2] or 0}{found[3] or ''}" if found else version
