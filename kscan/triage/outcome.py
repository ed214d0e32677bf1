# SPDX-License-Identifier: GPL-2.0-only
"""The answer of ``kscan triage``: each incident of a log beside the finding that predicts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kscan.model import Finding, Report, Step, StepKind
from kscan.source.tree import Tree
from kscan.triage import signatures
from kscan.triage.incident import Incident, Kind
from kscan.triage.late import Devices, why_late
from kscan.triage.log import incidents
from kscan.triage.match import Strength, Verdict, by_trace, other_version
from kscan.triage.resolve import Site, resolved
from kscan.wording import printable

SCHEMA = "kscan/triage/1"

_TELLING = frozenset({StepKind.REGISTER, StepKind.CALLBACK, StepKind.READ, StepKind.WRITE})
"""Steps shown even where their function is not on the trace."""

_MIDDLE = 38
"""Columns of the log's side."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One incident, its frames in the tree, and the verdict."""

    incident: Incident
    verdict: Verdict
    sites: tuple[Site, ...] = ()
    """One per frame; empty where no tree was given."""
    note: str = ""
    """What to know of the log before believing the verdict."""


def triage(log: bytes, report: Report, tree: Tree | None = None) -> tuple[Outcome, ...]:
    """What `report`, the audit of `tree`, has to say about each incident in `log`."""
    return outcomes_of(incidents(log), report, tree)


def outcomes_of(
    found: tuple[Incident, ...], report: Report, tree: Tree | None = None
) -> tuple[Outcome, ...]:
    """What `report`, the audit of `tree`, has to say about each of `found`."""
    sites = resolved(tree, found) if tree is not None else [()] * len(found)
    devices = Devices(report, tree)
    return tuple(
        Outcome(incident, _match(incident, devices), where, other_version(incident, report))
        for incident, where in zip(found, sites, strict=True)
    )


def match(incident: Incident, report: Report, tree: Tree | None = None) -> Verdict:
    """Which finding of `report`, the audit of `tree`, predicts `incident`, and how surely."""
    return _match(incident, Devices(report, tree))


def _match(incident: Incident, devices: Devices) -> Verdict:
    if incident.kind is Kind.LATE_PROBE:
        signature = signatures.of_line(incident.headline) or signatures.of_place(incident.pc, "")
        if signature is not None:
            return why_late(incident, devices, signature)
    return by_trace(incident, devices.report)


def explained(outcomes: tuple[Outcome, ...]) -> bool:
    """Some finding predicts some incident, wholly or in part."""
    return any(outcome.verdict.strength is not Strength.NONE for outcome in outcomes)


def none_found(log: bytes, name: str) -> str:
    """What is said of a log, called `name`, without any incident."""
    lines = log.count(b"\n") + (log[-1:] not in (b"", b"\n"))
    where = "standard input" if name == "-" else name
    return printable(
        f"{where}: no oops, WARN, call trace or late probe in {lines} "
        f"line{'' if lines == 1 else 's'}: give what dmesg or the serial console printed"
    )


def as_text(outcome: Outcome, log: str, again: str = "") -> str:
    """`outcome` of the file `log` for a terminal: verdict, trace and finding side by side.

    `again` are the arguments that make ``kscan explain`` read the same source.
    """
    incident, verdict = outcome.incident, outcome.verdict
    often = f" ({incident.times} times)" if incident.times > 1 else ""
    what = incident.headline or "call trace"
    lines = [f"{log}:{incident.line}: {incident.kind}: {what}{often}"]
    if incident.hardware:
        lines.append(f"    on {incident.hardware}")
    if outcome.note:
        lines.append(f"    note: {outcome.note}")
    lines.append(f"    {verdict.strength}: {verdict.why}")
    if verdict.finding is not None:
        lines += _predicted(verdict.finding, again)
        lines += [f"    also {_place(other)}: {other.rule}" for other in verdict.others]
    lines += _side_by_side(outcome)
    return "".join(printable(line.rstrip()) + "\n" for line in lines)


def _predicted(finding: Finding, again: str) -> Iterator[str]:
    yield f"    {_place(finding)}: {finding.severity}: {finding.rule}: {finding.message}"
    if finding.fix is not None:
        yield f"    fix: {finding.fix.sentence}"
    if finding.fingerprint:
        yield f"    more: kscan explain {finding.fingerprint} {again}"


def _place(finding: Finding) -> str:
    return f"{finding.primary.path}:{finding.primary.line}"


def _side_by_side(outcome: Outcome) -> Iterator[str]:
    """The frames, innermost first, each with what the finding says of its function."""
    finding = outcome.verdict.finding
    steps: dict[str, list[Step]] = {}
    for step in finding.trace if finding is not None else ():
        steps.setdefault(step.location.function, []).append(step)
    sites = outcome.sites or tuple(Site(frame, None) for frame in outcome.incident.frames)
    for site in sites:
        if not site.frame.reliable:
            continue
        left = f"        {site.frame.function}()"
        said = steps.pop(site.frame.function, [])
        if said:
            if site.frame.path:
                yield f"{left:<{_MIDDLE}} | {_logged(site)}"
                left = ""
            for step in said:
                place = f"{step.location.path}:{step.location.line}"
                yield f"{left:<{_MIDDLE}} | {place}  {step.kind}  {step.note}"
                left = ""
        else:
            yield f"{left:<{_MIDDLE}} | {_where(site)}"
    if finding is not None:
        yield from _off_the_trace(finding, {frame.function for frame in outcome.incident.frames})


def _off_the_trace(finding: Finding, shown: set[str]) -> Iterator[str]:
    """What the finding says of functions that the log does not show: one that is inlined, too."""
    hidden = [step for step in finding.trace if step.location.function not in shown]
    telling = [step for step in hidden if step.kind in _TELLING]
    if telling:
        yield "    not on the trace, says the finding:"
    for step in telling:
        name = f"        {step.location.function}()"
        place = f"{step.location.path}:{step.location.line}"
        yield f"{name:<{_MIDDLE}} | {place}  {step.kind}  {step.note}"


def _where(site: Site) -> str:
    if site.frame.path:
        return _logged(site)
    if site.location is not None:
        return f"{site.location.path}:{site.location.line}"
    return f"one of {site.others + 1} of this name" if site.others else ""


def _logged(site: Site) -> str:
    """The place that the log gives, and the function's own in the tree, which need not agree."""
    logged, place = f"{site.frame.path}:{site.frame.line} in the log", site.location
    if place is None:
        return logged
    there = "" if place.path == site.frame.path else place.path
    return f"{logged}; defined at {there}:{place.line}"


def as_json(outcomes: tuple[Outcome, ...]) -> dict[str, Any]:
    """`outcomes` whole, as plain values: schema ``kscan/triage/1``."""
    return {"schema": SCHEMA, "incidents": [_json(outcome) for outcome in outcomes]}


def _json(outcome: Outcome) -> dict[str, Any]:
    incident, verdict = outcome.incident, outcome.verdict
    sites = outcome.sites or tuple(Site(frame, None) for frame in incident.frames)
    return {
        "kind": str(incident.kind),
        "line": incident.line,
        "times": incident.times,
        "headline": incident.headline,
        "pc": incident.pc,
        "device": incident.device,
        "driver": incident.driver,
        "hardware": incident.hardware,
        "kernel_version": incident.kernel_version,
        "note": outcome.note,
        "frames": [_json_frame(site) for site in sites],
        "verdict": {
            "strength": str(verdict.strength),
            "why": verdict.why,
            "guess": verdict.guess,
            "finding": verdict.finding.fingerprint if verdict.finding else None,
            "rule": verdict.finding.rule if verdict.finding else None,
            "others": [finding.fingerprint for finding in verdict.others],
        },
    }


def _json_frame(site: Site) -> dict[str, Any]:
    place = site.location
    return {
        "function": site.frame.function,
        "reliable": site.frame.reliable,
        "module": site.frame.module,
        "log": {"path": site.frame.path, "line": site.frame.line} if site.frame.path else None,
        "tree": {"path": place.path, "line": place.line} if place else None,
    }
