# SPDX-License-Identifier: GPL-2.0-only
"""The findings of a page as its rows, what its filters offer, and its bars."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from kscan.model import Finding, Severity
from kscan.report import clean, graph
from kscan.report.causes import causes, told
from kscan.report.litmus import Litmus, arranged
from kscan.report.particulars import explaining

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One finding as the page shows it."""

    id: str
    state: str
    """``found``, ``suppressed``, ``introduced``, ``sibling``, ``fixed``, ``hidden before`` or
    ``unchanged``."""
    finding: Finding
    litmus: Litmus
    graph: graph.Graph | None
    boards: Markup
    """The boards, each ended by a bar, for the filter."""
    functions: Markup
    """The functions of the evidence, for the search."""
    command: str
    """What lays it open on a terminal; empty where it has no fingerprint."""
    alike: tuple[tuple[str, str], ...]
    """The rows of the same cause in the same state: the id of each, and what tells it apart."""


def rows_of(
    groups: Iterable[tuple[str, Iterable[Finding]]], again: str, before: str = ""
) -> list[Row]:
    """A row for each finding; `again` and `before` make ``kscan explain`` read the right source."""
    seen: Counter[str] = Counter()
    rows = []
    for state, findings in groups:
        named = [(_id(finding, seen), finding) for finding in findings]
        alike = _alike(named)
        for name, finding in named:
            litmus = arranged(finding)
            rows.append(
                Row(
                    id=name,
                    state=state,
                    finding=finding,
                    litmus=litmus,
                    graph=graph.call_path(finding, litmus),
                    boards=_barred(finding.hits.boards),
                    functions=_functions(finding, litmus),
                    command=explaining(finding, before if state == "fixed" else again),
                    alike=alike.get(name, ()),
                )
            )
    return rows


def _id(finding: Finding, seen: Counter[str]) -> str:
    """The id of the row of `finding`, which no other has: those given are `seen`."""
    name = "f-" + _NOT_IN_ID.sub("-", finding.fingerprint)[:80].strip("-")
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


def _alike(named: Sequence[tuple[str, Finding]]) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each row, by id, those of the same cause."""
    ids = {id(finding): name for name, finding in named}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for cause in causes(finding for _, finding in named):
        several = [(ids[id(finding)], finding) for finding in cause.findings]
        for name, lead in several:
            found[name] = tuple((one, told(f, lead)) for one, f in several if one != name)
    return found


def _functions(finding: Finding, litmus: Litmus) -> Markup:
    """The functions that `finding` passes through, each once."""
    names = [step.location.function for step in finding.trace]
    names += [litmus.origin, *(hop.target for hop in litmus.way)]
    return Markup(" ").join(escape(clean.line(name)) for name in dict.fromkeys(names) if name)


def _barred(names: Iterable[str]) -> Markup:
    return Markup("").join(escape(_unbarred(name) + "|") for name in names)


def _unbarred(name: str) -> str:
    return clean.line(name).replace("|", "\N{BROKEN BAR}")


def choices(rows: Sequence[Row]) -> dict[str, list[str]]:
    """What each filter offers."""
    return {
        "state": list(dict.fromkeys(row.state for row in rows)),
        "rule": sorted({row.finding.rule for row in rows}),
        "driver": sorted({row.finding.driver for row in rows}),
        "board": sorted({_unbarred(b) for row in rows for b in row.finding.hits.boards}),
    }


def bars_of(rows: Sequence[Row]) -> list[tuple[str, int, list[tuple[str, int, int, int]]]]:
    """For each rule its findings by severity, as (severity, number, x, width) of 1000 units."""
    counts = Counter(
        (row.finding.rule, row.finding.severity)
        for row in rows
        if row.state in ("found", "introduced")
    )
    totals: Counter[str] = Counter()
    for (rule, _), number in counts.items():
        totals[rule] += number
    most = max(totals.values(), default=1)
    bars = []
    for rule, total in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])):
        parts, x = [], 0
        for severity in SEVERITIES:
            number = counts[rule, severity]
            width = round(1000 * number / most)
            parts.append((severity.value, number, x, width))
            x += width
        bars.append((rule, total, [part for part in parts if part[1]]))
    return bars
