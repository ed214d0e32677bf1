# SPDX-License-Identifier: GPL-2.0-only
"""``kscan explain``: one finding laid open: every step in its source, with the reason for it.

What kscan takes for granted and what would refute the finding are part of the answer, so that a
reader can check it against the C without running anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import dedent, wrap

from kscan.audit import Audit
from kscan.inspection.inspection import Document
from kscan.inspection.reasons import Reasons
from kscan.model import Finding, KscanError, Step
from kscan.program.succession import succession
from kscan.rules import Rule, rules
from kscan.source.apply import apply_series, merged
from kscan.source.patched import PatchedTree
from kscan.source.patches import series_of
from kscan.source.tree import Unreadable
from kscan.triage.fingerprint import VERSION
from kscan.wording import counted, rows_printable

CONTEXT = 2
"""Source lines shown above and below each step."""

_WIDTH = 100


@dataclass(frozen=True)
class Explained:
    """A finding, and where it comes from."""

    audit: Audit
    rule: Rule
    finding: Finding
    beside: frozenset[str]
    """The fingerprints of all findings of the tree, whatever their confidence."""


def page(rule_id: str) -> Document | None:
    """The document ``kscan/rule/1``; None where no rule is called so."""
    rule = next((rule for rule in rules() if rule.id == rule_id), None)
    if rule is None:
        return None
    return {
        "schema": "kscan/rule/1",
        "id": rule.id,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "page": rule.page,
    }


def laid_out(page: str, columns: int | None) -> str:
    """A rule's page, its paragraphs filled to the `columns` of a terminal; None is no terminal."""
    if columns is None:
        return page
    rows: list[str] = []
    for block in page.split("\n\n"):
        told: list[str] = []
        for line in block.split("\n"):
            goes_on = told and told[-1].startswith("    ") and line.startswith("    ")
            told[-1:] = [f"{told[-1]} {line.strip()}"] if goes_on else [*told[-1:], line]
        for text in told:
            indent = " " * (len(text) - len(text.lstrip()))
            rows += _wrapped(text.strip(), indent, min(columns, _WIDTH)) or [""]
        rows.append("")
    return "\n".join(rows[:-1])


def explained(audit: Audit, fingerprint: str) -> Explained:
    """The finding called `fingerprint`, or by its beginning, which may lack the version.

    Raises `KscanError` for none, and for several.
    """
    found = audit.findings(rules())
    begins = (fingerprint, f"{VERSION}-{fingerprint}")
    meant = [f for f in found if f.fingerprint in begins] or [
        f for f in found if f.fingerprint.startswith(begins)
    ]
    if not meant:
        raise KscanError(
            f"{audit.tree.name}: no finding {fingerprint} among {len(found)}: `kscan audit "
            "--min-confidence low --format json` lists the fingerprints, `kscan rules` the rules"
        )
    if len(meant) > 1:
        more = f" and {len(meant) - 4} more" if len(meant) > 4 else ""
        several = ", ".join(sorted(f.fingerprint for f in meant)[:4]) + more
        raise KscanError(f"{fingerprint}: several findings begin so: {several}")
    rule = next(rule for rule in rules() if rule.id == meant[0].rule)
    return Explained(audit, rule, meant[0], frozenset(f.fingerprint for f in found))


def document(found: Explained) -> Document:
    """The document ``kscan/explanation/1``."""
    finding, audit = found.finding, found.audit
    tree = audit.info()
    reasons = _reasons(found)
    return {
        "schema": "kscan/explanation/1",
        "tree": {
            "name": tree.name, "kernel_version": tree.kernel_version, "commit": tree.commit,
            "scenario": tree.scenario, "note": tree.scenario_note,
        },
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "effect": finding.effect.value,
        "message": finding.message,
        "path": finding.primary.path,
        "line": finding.primary.line,
        "column": finding.primary.column,
        "steps": [_step(found, reasons, number) for number in range(len(finding.trace))],
        "others": finding.others,
        "assumptions": list(finding.assumptions),
        "refuted_by": list(dict.fromkeys(reasons.refuted_by())),
        "fix": {"sentence": finding.fix.sentence, "patch": finding.fix.patch or None}
        if finding.fix else None,
    }  # fmt: skip


def _reasons(found: Explained) -> Reasons:
    """The reasons of the case that the finding comes from."""
    wanted = found.finding.registration
    cases = [
        case for case in found.audit.cases
        if wanted is None or case.contract.register == wanted.api
    ]  # fmt: skip
    return Reasons(cases[0], found.rule, found.finding)


def _step(found: Explained, reasons: Reasons, number: int) -> Document:
    step = found.finding.trace[number]
    place = step.location
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "function": place.function,
        "kind": step.kind.value,
        "note": step.note,
        "side": step.side,
        "depth": step.depth,
        "confidence": step.confidence.value,
        "reason": reasons.of(number),
        "source": list(_context(found.audit, step)),
    }


def _context(audit: Audit, step: Step) -> Iterator[Document]:
    """The lines around a step."""
    try:
        lines = audit.tree.read(step.location.path).split(b"\n")
    except Unreadable:
        return
    first = max(1, step.location.line - CONTEXT)
    for number in range(first, min(len(lines), step.location.line + CONTEXT) + 1):
        text = lines[number - 1].decode("utf-8", "replace").rstrip("\r")
        yield {"line": number, "text": text, "marked": number == step.location.line}


@dataclass(frozen=True)
class Checked:
    """A patch that repairs a finding and breaks nothing."""

    patch: str
    shown: tuple[Finding, ...]
    """What the finding hid: nobody met it before, and it is no worse."""


def checked_patch(found: Explained) -> Checked:
    """The finding's diff, once the patched tree was audited; raises `KscanError` otherwise."""
    finding, audit = found.finding, found.audit
    patch = finding.fix.patch if finding.fix else ""
    if not patch:
        said = finding.fix.sentence.rstrip(".") if finding.fix else "no cure is known"
        said = said[:1].lower() + said[1:]
        raise KscanError(f"{finding.fingerprint}: kscan cannot write this patch: {said}")
    applied = apply_series(audit.tree, series_of([(finding.fingerprint, patch.encode())]))
    changes = merged(applied)
    patched = PatchedTree(audit.tree, changes)
    earlier = succession(audit.program, audit.tree, patched, changes, audit.cache)
    after = Audit(patched, audit.options, audit.cache, audit.progress, earlier=earlier)
    left = after.findings(rules())
    if finding.fingerprint in {one.fingerprint for one in left}:
        raise KscanError(f"{finding.fingerprint}: the patched tree has the finding still")
    fresh = [one for one in left if one.fingerprint not in found.beside]
    hidden = _hidden(found) if fresh else frozenset[str]()
    shown = tuple(o for o in fresh if o.fingerprint in hidden and o.gravity <= finding.gravity)
    new = sorted({one.fingerprint for one in fresh} - {one.fingerprint for one in shown})
    if new:
        raise KscanError(f"{finding.fingerprint}: the patched tree has a new finding: {new[0]}")
    return Checked(patch, shown)


def _hidden(found: Explained) -> frozenset[str]:
    """The findings of the finding's driver, with those that others hide."""
    audit = found.audit
    options = replace(audit.options, uncovering=True)
    everything = Audit(audit.tree, options, audit.cache, audit.progress).findings(rules())
    own = (one for one in everything if one.driver == found.finding.driver)
    return frozenset(one.fingerprint for one in own)


def as_text(answer: Document, again: str = "", columns: int | None = None) -> str:
    """`answer` for a terminal; `again` are the arguments that read the same source."""
    columns = min(columns or _WIDTH, _WIDTH)
    rows = [answer["tree"]["note"]] if answer["tree"]["note"] else []
    where = f"{answer['path']}:{answer['line']}:{answer['column']}"
    rows.append(f"{where}: {answer['severity']}: {answer['rule']}: {answer['message']}")
    rows.append(
        f"{answer['fingerprint']}, confidence {answer['confidence']}, effect {answer['effect']}"
    )
    last: tuple[str, int] | None = None
    for number, step in enumerate(answer["steps"], 1):
        spot = (step["path"], step["line"])
        rows += ["", *_step_text(number, step, columns, shown=spot == last)]
        last = spot
    if answer["others"]:
        others = counted(answer["others"], "longer trace leads", "longer traces lead")
        rows += ["", f"{others} to the same finding"]
    rows += _listed("Taken for granted", answer["assumptions"], columns)
    rows += _listed("It would be refuted by", answer["refuted_by"], columns)
    if answer["fix"]:
        rows += _listed("Fix", [answer["fix"]["sentence"]], columns)
        if answer["fix"]["patch"]:
            command = f"kscan explain --patch {answer['fingerprint']} {again}".strip()
            rows.append(f"  {command} prints the diff")
    return rows_printable(rows)


def _step_text(number: int, step: Document, columns: int, *, shown: bool) -> list[str]:
    """One step; with `shown` its source stands above already."""
    thread = f"P{step['side']}"
    doubt = "" if step["confidence"] == "high" else f" [{step['confidence']}]"
    head = f"{number:>2}. {thread} {step['path']}:{step['line']}: {step['function']}"
    rows = [head, *_wrapped(f"{step['kind']}: {step['note']}{doubt}", "      ", columns)]
    if step["reason"]:
        rows += _wrapped(f"because {step['reason']}", "      ", columns)
    if shown:
        return rows
    text = "\n".join(line["text"].expandtabs(8) or " " for line in step["source"])
    for line, code in zip(step["source"], dedent(text).split("\n"), strict=True):
        mark = ">" if line["marked"] else " "
        rows.append(f"    {mark}{line['line']:>6}  {code}".rstrip())
    return rows


def _listed(heading: str, texts: list[str], columns: int) -> list[str]:
    if not texts:
        return []
    told = (row for text in texts for row in _wrapped(text, "  - ", columns))
    return ["", f"{heading}:", *told]


def _wrapped(text: str, indent: str, columns: int) -> list[str]:
    further = " " * len(indent)
    return wrap(
        text, columns, initial_indent=indent, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
