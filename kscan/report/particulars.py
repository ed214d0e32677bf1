# SPDX-License-Identifier: GPL-2.0-only
"""What stands below a finding's drawing: why to believe it, how to cure it, who is hit."""

from __future__ import annotations

from collections.abc import Sequence

from kscan.model import Confidence, Finding
from kscan.report.litmus import weakest_step
from kscan.report.verdict import listed

NAMES = 6
PEOPLE = 3


def particulars(finding: Finding, *, numbered: bool = True) -> list[tuple[str, str]]:
    """The finding's particulars as (label, text), each cut with a count where it is a list."""
    told = [("confidence", confidence_reason(finding, numbered=numbered))]
    told += [("assumes", text) for text in finding.assumptions]
    told += [("fix", finding.fix.sentence)] if finding.fix else []
    told += [(label, listed(names, NAMES)) for label, names in hit_lists(finding) if names]
    people = [f"{m.name} <{m.email}> ({m.role})" for m in finding.maintainers]
    return told + ([("maintainers", listed(people, PEOPLE))] if people else [])


def confidence_reason(finding: Finding, *, numbered: bool = True) -> str:
    """The confidence and the step that limits it: ``medium: weakest step: …``."""
    step = weakest_step(finding)
    if finding.confidence is Confidence.HIGH:
        return "high"
    if step is None or step.confidence.rank > finding.confidence.rank:
        why = "see what is assumed" if finding.assumptions else "the rule itself is unsure"
        return f"{finding.confidence}: no step of the trace is that weak; {why}"
    where = step.location.function or step.location.path
    place = f"{where}:{step.location.line}" if numbered else where
    return f"{finding.confidence}: weakest step: {place}: {step.kind}: {step.note or step.source}"


def hit_lists(finding: Finding) -> list[tuple[str, Sequence[str]]]:
    """Who is hit, as (label, names)."""
    hits = finding.hits
    return [
        ("built by", hits.config),
        ("set in", hits.defconfigs),
        ("matches", hits.compatibles),
        ("boards", hits.boards),
        ("clients", hits.clients),
    ]
