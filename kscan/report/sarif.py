# SPDX-License-Identifier: GPL-2.0-only
"""SARIF 2.1.0 (OASIS), for code scanning and editors.

A trace is one code flow with a thread flow a side, ordered across both by ``executionOrder``: the
registration, the way into the callback, the callback, then what the probing thread does too late.
Paths are relative to ``%SRCROOT%``. In a diff every result has its ``baselineState``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kscan import __version__
from kscan.model import (
    Confidence,
    Finding,
    Impact,
    Location,
    Report,
    RuleInfo,
    Severity,
    Skip,
    Step,
    StepKind,
    TreeInfo,
)
from kscan.report import clean, verdict
from kscan.report.litmus import arranged
from kscan.report.particulars import confidence_reason
from kscan.report.replacements import artifact_changes

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT_KEY = "kscan/v1"
_ROOT = "%SRCROOT%"
_RANK = {Confidence.HIGH: 90.0, Confidence.MEDIUM: 60.0, Confidence.LOW: 25.0}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_KINDS = {
    StepKind.REGISTER: ["call", "function"],
    StepKind.CALL: ["call", "function"],
    StepKind.SLOT: ["call", "function"],
    StepKind.ARGUMENT: ["call", "function"],
    StepKind.QUEUED: ["call", "function"],
    StepKind.CALLBACK: ["enter", "function"],
    StepKind.READ: ["value"],
    StepKind.WRITE: ["value"],
    StepKind.GUARD: ["branch"],
    StepKind.LOCK: ["acquire", "lock"],
    StepKind.UNLOCK: ["release", "lock"],
    StepKind.LOOKUP: ["value"],
}

Json = dict[str, Any]


def render(document: Report | Impact, *, repository: str = "") -> str:
    """`document` as a SARIF log of one run.

    `repository` is the absolute URI of the repository that the commit belongs to; without one the
    commit is filed under a URN of the tree's name.
    """
    run = _audit(document) if isinstance(document, Report) else _range(document)
    tree = document.tree if isinstance(document, Report) else document.head
    run |= _provenance(tree, repository)
    return clean.as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _audit(report: Report) -> Json:
    index = _rule_index(report.rules, report.findings)
    results = [_result(finding, index) for finding in verdict.worst_first(report.findings)]
    properties = {
        "scenario": report.tree.scenario,
        "scenarioNote": report.tree.scenario_note,
        "hidden": report.hidden,
        "baselined": report.baselined,
    }
    return _run("audit", report, index, results, properties)


def _range(impact: Impact) -> Json:
    standing = (*impact.unchanged, *impact.uncovered)
    every = (*impact.introduced, *standing, *impact.fixed)
    index = _rule_index(impact.rules, every)
    results = [
        _result(finding, index) | {"baselineState": state}
        for state, findings in (
            ("new", impact.introduced),
            ("unchanged", standing),
            ("absent", impact.fixed),
        )
        for finding in verdict.worst_first(findings)
    ]
    properties = {
        "scenario": impact.head.scenario,
        "base": impact.base.commit or impact.base.name,
        "reach": [clean.line(sentence) for sentence in verdict.reach_sentences(impact)],
    }
    return _run("diff", impact, index, results, properties)


def _run(
    use: str,
    document: Report | Impact,
    index: Mapping[str, int],
    results: list[Json],
    properties: Json,
) -> Json:
    known = {rule.id: rule for rule in document.rules}
    return {
        "tool": {
            "driver": {
                "name": "kscan",
                "version": __version__,
                "semanticVersion": __version__,
                "shortDescription": {"text": "Patch-impact static analyzer for the Linux kernel"},
                "rules": [_rule(known.get(name), name) for name in index],
                "notifications": [
                    {"id": "skip", "shortDescription": {"text": "Not analysed"}},
                    {"id": "note", "shortDescription": {"text": "About this run"}},
                ],
            }
        },
        "automationDetails": {"id": f"kscan/{use}/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": _notifications(document.skips, document.notes),
            }
        ],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the kernel tree"}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": properties,
    }


def _rule_index(rules: Iterable[RuleInfo], findings: Iterable[Finding]) -> dict[str, int]:
    """Where each rule stands in the run's list: the known ones, then those only findings name."""
    names = dict.fromkeys(rule.id for rule in rules)
    names |= dict.fromkeys(sorted(finding.rule for finding in findings))
    return {name: position for position, name in enumerate(names)}


def _rule(rule: RuleInfo | None, name: str) -> Json:
    if rule is None:
        return {"id": clean.line(name)}
    lead = " ".join(rule.page.split("\n\n")[0].split()) or rule.summary
    page = "\n".join(clean.lines(rule.page)) if rule.page else clean.line(rule.summary)
    return {
        "id": clean.line(rule.id),
        "name": "".join(part.capitalize() for part in clean.line(rule.id).split("-")),
        "shortDescription": {"text": clean.sarif(rule.summary)},
        "fullDescription": {"text": clean.sarif(lead)},
        "help": {"text": page},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"problem.severity": _PROBLEM[rule.severity], "tags": ["kernel"]},
    }


def _notifications(skips: Iterable[Skip], notes: Iterable[str]) -> list[Json]:
    told: list[Json] = [
        {
            "descriptor": {"id": "skip"},
            "level": "warning",
            "message": {"text": clean.sarif(f"Not analysed: {skip.reason}")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(skip.path)}}],
        }
        for skip in skips
    ]
    return told + [
        {"descriptor": {"id": "note"}, "level": "note", "message": {"text": clean.sarif(note)}}
        for note in notes
    ]


def _provenance(tree: TreeInfo, repository: str) -> Json:
    if not tree.commit:
        return {}
    details = {
        "repositoryUri": repository or f"urn:x-kscan:tree:{clean.uri(tree.name)}",
        "revisionId": clean.line(tree.commit),
        "mappedTo": {"uriBaseId": _ROOT},
    }
    return {"versionControlProvenance": [details]}


def _result(finding: Finding, index: Mapping[str, int]) -> Json:
    result: Json = {
        "ruleId": clean.line(finding.rule),
        "ruleIndex": index[finding.rule],
        "level": finding.severity.value,
        "rank": _RANK[finding.confidence],
        "message": {"text": clean.sarif(finding.message) + "."},
        "locations": [_location(finding.primary, source=_primary_source(finding))],
        "relatedLocations": _related(finding),
        "partialFingerprints": {FINGERPRINT_KEY: clean.line(finding.fingerprint)},
        "properties": _properties(finding),
    }
    if finding.trace:
        result["codeFlows"] = [_code_flow(finding)]
    if finding.suppressed:
        why = clean.line(f"{finding.suppressed.kind}: {finding.suppressed.reason}")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    changes = artifact_changes(finding.fix.patch, _artifact) if finding.fix else []
    if finding.fix and changes:
        description = {"text": clean.sarif(finding.fix.sentence)}
        result["fixes"] = [{"description": description, "artifactChanges": changes}]
    return result


def _properties(finding: Finding) -> Json:
    return {
        "confidence": finding.confidence.value,
        "confidenceReason": clean.line(confidence_reason(finding)),
        "effect": finding.effect.value,
        "driver": clean.line(finding.driver),
        "assumptions": [clean.line(text) for text in finding.assumptions],
        "fix": clean.line(finding.fix.sentence) if finding.fix else "",
        "longerTraces": finding.others,
        "boards": [clean.line(board) for board in finding.hits.boards],
    }


def _primary_source(finding: Finding) -> str:
    place = finding.primary
    same = (
        s for s in finding.trace if (s.location.path, s.location.line) == (place.path, place.line)
    )
    step = next(same, None)
    return step.source if step else ""


def _related(finding: Finding) -> list[Json]:
    told: list[tuple[Location, str]] = []
    if finding.registration:
        ref = finding.registration
        told.append((Location(ref.path, ref.line, 1, ref.function), f"{ref.api}() is called here"))
    if finding.callback:
        back = finding.callback
        note = f"in-window callback ({back.slot})"
        told.append((Location(back.path, back.line, 1, back.function), note))
    told += [(place, "belongs to the finding") for place in finding.related]
    return [
        {"id": number} | _location(place, note=note) for number, (place, note) in enumerate(told, 1)
    ]


def _code_flow(finding: Finding) -> Json:
    litmus = arranged(finding)
    inside = (*(hop.step for hop in litmus.way), *litmus.inside)
    order = {id(step): n for n, step in enumerate((*litmus.before, *inside, *litmus.after), 1)}
    sides = [("P0", litmus.probing, (*litmus.before, *litmus.after))]
    if inside:
        sides.append(("P1", litmus.callback, inside))
    flows = [
        {
            "id": name,
            "message": {"text": clean.sarif(f"{name} {function}")},
            "locations": [_flow_location(step, order[id(step)]) for step in steps],
        }
        for name, function, steps in sides
        if steps
    ]
    return {"threadFlows": flows}


def _flow_location(step: Step, order: int) -> Json:
    note = step.note or step.source or step.kind.value
    essential = step.kind in (StepKind.REGISTER, StepKind.READ, StepKind.WRITE)
    return {
        "location": _location(step.location, note=note, source=step.source),
        "kinds": _KINDS[step.kind],
        "nestingLevel": max(0, step.depth),
        "executionOrder": order,
        "importance": "essential" if essential else "important",
        "properties": {"step": step.kind.value, "confidence": step.confidence.value},
    }


def _location(place: Location, *, note: str = "", source: str = "") -> Json:
    region: Json = {"startLine": max(1, place.line), "startColumn": max(1, place.column)}
    if source:
        region["snippet"] = {"text": clean.line(source)}
    location: Json = {
        "physicalLocation": {"artifactLocation": _artifact(place.path), "region": region}
    }
    if place.function:
        name = clean.line(place.function)
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "function"}]
    if note:
        location["message"] = {"text": clean.sarif(note)}
    return location


def _artifact(path: str) -> Json:
    return {"uri": clean.uri(path), "uriBaseId": _ROOT}
