# SPDX-License-Identifier: GPL-2.0-only
"""The versioned JSON documents ``kscan/report/1`` and ``kscan/impact/1``.

They are documents of their own, not a dump of the model: keys are only ever added, and stand in
this order. The schemas are `schemas/report-1.json` and `schemas/impact-1.json`, each whole by
itself; what both describe stands in the first, and ``pytest --update-goldens`` takes it over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kscan import __version__
from kscan.model import (
    Before,
    CallbackRef,
    Finding,
    Impact,
    RegistrationRef,
    Report,
    RuleInfo,
    Skip,
    Stats,
    Step,
    TreeInfo,
    WindowEntry,
)
from kscan.reachability import Reach, Shift
from kscan.report import clean, verdict

REPORT_SCHEMA = "kscan/report/1"
IMPACT_SCHEMA = "kscan/impact/1"

Json = dict[str, Any]


def render(document: Report | Impact, *, timings: bool = False) -> str:
    """`document` as indented JSON, UTF-8, ended by a newline.

    What depends on the run and not on the tree (seconds, cache hits) is null unless `timings`
    are asked for, so that cold, warm and parallel runs write the same bytes.
    """
    content = report(document) if isinstance(document, Report) else impact(document)
    if not timings:
        content["stats"] |= {"cache_hits": None, "seconds": None}
    return clean.as_json(content)


def report(document: Report) -> Json:
    """The content of ``kscan/report/1``."""
    return {
        "schema": REPORT_SCHEMA,
        "tool": _tool(),
        "tree": _tree(document.tree),
        "stats": _stats(document.stats),
        "skips": _skips(document.skips),
        "rules": _rules(document.rules),
        "window": [_window(entry) for entry in document.window],
        "findings": findings(document.findings),
        "hidden": document.hidden,
        "baselined": document.baselined,
        "notes": list(document.notes),
    }


def impact(document: Impact) -> Json:
    """The content of ``kscan/impact/1``."""
    return {
        "schema": IMPACT_SCHEMA,
        "tool": _tool(),
        "base": _tree(document.base),
        "head": _tree(document.head),
        "scenario": document.head.scenario,
        "reach": {
            "added": [_reach(reach) for reach in document.added],
            "removed": [_reach(reach) for reach in document.removed],
            "shifted": [_shift(shift) for shift in document.shifted],
        },
        "introduced": findings(document.introduced),
        "hidden": document.hidden,
        "fixed": findings(document.fixed),
        "unchanged": findings(document.unchanged),
        "uncovered": findings(document.uncovered),
        "siblings": [
            {"fixed": sibling.fixed, "finding": finding(sibling.finding)}
            for sibling in document.siblings
        ],
        "changed_functions": [
            {"function": f.function, "path": f.path} for f in document.changed_functions
        ],
        "drivers": [
            {"driver": d.driver, "why": list(d.why), "inside": d.is_inside}
            for d in document.drivers
        ],
        "drivers_not_listed": document.drivers_not_listed,
        "commits": [
            {
                "id": commit.id,
                "subject": commit.subject,
                "introduced": list(commit.introduced),
                "fixed": list(commit.fixed),
            }
            for commit in document.commits
        ],
        "passing": [
            {
                "introduced_by": passing.introduced_by,
                "fixed_by": passing.fixed_by,
                "finding": finding(passing.finding),
            }
            for passing in document.passing
        ],
        "rules": _rules(document.rules),
        "skips": _skips(document.skips),
        "skips_added": _skips(document.skips_added),
        "stats": _stats(document.stats),
        "reproduce": document.reproduce,
        "notes": list(document.notes),
    }


def findings(found: Iterable[Finding]) -> list[Json]:
    """The findings, worst first."""
    return [finding(one) for one in verdict.worst_first(found)]


def finding(found: Finding) -> Json:
    """One finding with its evidence."""
    return {
        "fingerprint": found.fingerprint,
        "rule": found.rule,
        "severity": found.severity.value,
        "confidence": found.confidence.value,
        "effect": found.effect.value,
        "message": found.message,
        "path": found.primary.path,
        "line": found.primary.line,
        "column": found.primary.column,
        "function": found.primary.function,
        "driver": found.driver,
        "object": (
            {"kind": found.subject.kind, "name": found.subject.name} if found.subject else None
        ),
        "registration": _registration(found.registration) if found.registration else None,
        "callback": _callback(found.callback) if found.callback else None,
        "trace": [_step(step) for step in found.trace],
        "others": found.others,
        "related": [
            {"path": place.path, "line": place.line, "function": place.function}
            for place in found.related
        ],
        "assumptions": list(found.assumptions),
        "fix": (
            {"sentence": found.fix.sentence, "patch": found.fix.patch or None}
            if found.fix
            else None
        ),
        "hits": {
            "config": list(found.hits.config),
            "defconfigs": list(found.hits.defconfigs),
            "compatibles": list(found.hits.compatibles),
            "boards": list(found.hits.boards),
            "clients": list(found.hits.clients),
            "unbuilt": list(found.hits.unbuilt),
        },
        "maintainers": [
            {"name": m.name, "email": m.email, "role": m.role} for m in found.maintainers
        ],
        "suppressed": (
            {"kind": found.suppressed.kind, "reason": found.suppressed.reason}
            if found.suppressed
            else None
        ),
        **_before(found.before),
    }


def _before(was: Before | None) -> Json:
    """What a finding of a diff was, where the change makes it worse or better."""
    if was is None:
        return {}
    told = {"severity": was.severity.value, "effect": was.effect.value, "message": was.message}
    return {"before": told}


def _tool() -> Json:
    return {"name": "kscan", "version": __version__}


def _tree(tree: TreeInfo) -> Json:
    return {
        "name": tree.name,
        "kernel_version": tree.kernel_version,
        "commit": tree.commit,
        "scenario": tree.scenario,
        "scenario_note": tree.scenario_note,
    }


def _stats(stats: Stats) -> Json:
    return {
        "files_considered": stats.files_considered,
        "files_parsed": stats.files_parsed,
        "cache_hits": stats.cache_hits,
        "functions": stats.functions,
        "functions_with_errors": stats.functions_with_errors,
        "seconds": round(stats.seconds, 3),
    }


def _skips(skips: Iterable[Skip]) -> list[Json]:
    return [{"path": skip.path, "reason": skip.reason} for skip in skips]


def _rules(rules: Iterable[RuleInfo]) -> list[Json]:
    return [{"id": r.id, "summary": r.summary, "severity": r.severity.value} for r in rules]


def _registration(ref: RegistrationRef) -> Json:
    return {"api": ref.api, "function": ref.function, "path": ref.path, "line": ref.line}


def _callback(ref: CallbackRef) -> Json:
    return {"slot": ref.slot, "function": ref.function, "path": ref.path, "line": ref.line}


def _window(entry: WindowEntry) -> Json:
    return {
        "registration": _registration(entry.registration),
        "slots": list(entry.slots),
        "callbacks": [_callback(callback) for callback in entry.callbacks],
        "note": entry.note,
    }


def _step(step: Step) -> Json:
    return {
        "path": step.location.path,
        "line": step.location.line,
        "column": step.location.column,
        "function": step.location.function,
        "kind": step.kind.value,
        "note": step.note,
        "source": step.source,
        "side": step.side,
        "depth": step.depth,
        "confidence": step.confidence.value,
    }


def _reach(reach: Reach) -> Json:
    return {
        "api": reach.api,
        "slot": reach.slot,
        "via": list(reach.via),
        "changed": list(reach.changed),
        "implementations": [
            {"function": i.function, "path": i.path} for i in reach.implementations
        ],
        "reason": reach.reason,
        "is_later": reach.is_later,
    }


def _shift(shift: Shift) -> Json:
    return {
        "api": shift.api,
        "slots": list(shift.slots),
        "caller": shift.caller,
        "runner": shift.runner,
        "is_later": shift.is_later,
    }
