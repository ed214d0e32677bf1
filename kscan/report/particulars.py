# SPDX-License-Identifier: GPL-2.0-only
"""What stands below a finding's drawing: why to believe it, how to cure it, who is hit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kscan.model import Confidence, Finding, Maintainer, Step
from kscan.report.litmus import weakest_step
from kscan.report.verdict import listed

NAMES = 6
PEOPLE = 3


def particulars(
    finding: Finding, *, numbered: bool = True, quoted: Callable[[str], str] = str
) -> list[tuple[str, str]]:
    """The finding's particulars as (label, text), each cut with a count where it is a list.

    What somebody may copy, the names and addresses, is as `quoted` gives it.
    """
    told = [("worse than before", before(finding))] if finding.before else []
    told += [("introduced by", finding.introduced_by)] if finding.introduced_by else []
    told += [("confidence", f"{_unlimited(finding)}; effect: {finding.effect}")]
    step = _limiting_step(finding, numbered=numbered)
    told += [("weakest step", step)] if step else []
    told += [("assumes", text) for text in finding.assumptions]
    told += [("fix", finding.fix.sentence)] if finding.fix else []
    lists = [(label, [quoted(name) for name in names]) for label, names in hit_lists(finding)]
    told += [(label, listed(names, NAMES)) for label, names in lists if names]
    people = [_person(person, quoted) for person in finding.maintainers]
    return told + ([("maintainers", listed(people, PEOPLE))] if people else [])


def before(finding: Finding) -> str:
    """What the finding was, in one line: its severity, effect and message; empty if it is new."""
    was = finding.before
    return f"{was.severity}, {was.effect}: {was.message}" if was else ""


def explaining(finding: Finding, again: str) -> str:
    """The command that lays `finding` open; empty where it has no fingerprint.

    `again` are the arguments that make it read the same source.
    """
    if not finding.fingerprint:
        return ""
    return f"kscan explain {finding.fingerprint} {again}".strip()


def confidence_reason(finding: Finding, *, numbered: bool = True) -> str:
    """The confidence and the step that limits it: ``medium: weakest step: …``."""
    step = _limiting_step(finding, numbered=numbered)
    return f"{finding.confidence}: weakest step: {step}" if step else _unlimited(finding)


def _limiting_step(finding: Finding, *, numbered: bool) -> str:
    """The step that is as weak as the finding; empty where none is."""
    step = weakest_step(finding)
    if finding.confidence is Confidence.HIGH or step is None or _is_stronger(step, finding):
        return ""
    where = step.location.function or step.location.path
    place = f"{where}:{step.location.line}" if numbered else where
    return f"{place}: {step.note or step.source}"


def _unlimited(finding: Finding) -> str:
    """The confidence, with its reason where that is no step."""
    step = weakest_step(finding)
    if finding.confidence is Confidence.HIGH or (step and not _is_stronger(step, finding)):
        return finding.confidence.value
    why = "of what is assumed" if finding.assumptions else "the rule itself is unsure"
    return f"{finding.confidence}, because {why}"


def _is_stronger(step: Step, finding: Finding) -> bool:
    return step.confidence.rank > finding.confidence.rank


def _person(person: Maintainer, quoted: Callable[[str], str]) -> str:
    role = quoted(person.role) if ":" in person.role else person.role
    return " ".join(filter(None, (person.name, quoted(f"<{person.email}>"), f"({role})")))


def hit_lists(finding: Finding) -> list[tuple[str, Sequence[str]]]:
    """Who is hit, as (label, names)."""
    hits = finding.hits
    return [
        ("built by", hits.builders),
        ("set in", hits.defconfigs),
        ("matches", hits.compatibles),
        ("boards", hits.boards),
        ("clients", hits.clients),
    ]
