# SPDX-License-Identifier: GPL-2.0-only
"""Text for a terminal: diagnostics that editors jump to, each with its litmus drawing.

A finding starts as the kernel's own tools print (``path:line:col: severity: rule: message``,
as ``scripts/checkpatch.pl --terse`` and gcc), then shows its evidence. Colour changes no
character of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from kscan.model import (
    Confidence,
    Finding,
    Impact,
    Passing,
    Report,
    Severity,
    Sibling,
    Skip,
    TreeInfo,
)
from kscan.report import clean, verdict
from kscan.report.causes import Cause, also, causes
from kscan.report.drawing import drawing
from kscan.report.folding import folded
from kscan.report.paint import Line, Span, coloured, line, plain
from kscan.report.particulars import NAMES, before, explaining, particulars
from kscan.wording import counted

WIDTH = 100
"""Columns when the terminal's width is not known."""
LISTED = 5
DRIVERS_SHOWN = 5
FOLDED = 40
_FOLD_LIMIT = 4000
_LEAST_WIDTH = 40
_INDENT = "    "
_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold magenta", Severity.NOTE: "bold cyan"}


def render(
    document: Report | Impact,
    *,
    width: int | None = None,
    colour: bool = False,
    min_confidence: Confidence = Confidence.MEDIUM,
) -> str:
    """`document` as text; with `colour` as ANSI styles around it.

    A terminal is `width` columns wide, and long rows are folded; without one they are not.
    """
    columns = max(_LEAST_WIDTH, width or WIDTH)
    rows = (
        _report(document, columns, min_confidence)
        if isinstance(document, Report)
        else _impact(document, columns)
    )
    shown = rows if width is None else folded(rows, columns)
    return (coloured if colour else plain)(shown)


def headline(finding: Finding) -> Line:
    """``path:line:col: severity: rule: message``."""
    place = finding.primary
    severity = Span(finding.severity.value, _STYLE[finding.severity])
    where = f"{clean.line(place.path)}:{place.line}:{place.column}"
    text = f": {clean.line(finding.rule)}: {clean.line(finding.message)}"
    return line(Span(where, "bold"), ": ", severity, text)


def _report(report: Report, columns: int, min_confidence: Confidence) -> list[Line]:
    rows = _scenario(report.tree)
    rows += [line(f"kscan audit: {clean.line(verdict.tree_title(report.tree))}")]
    found = verdict.active(report.findings)
    rows += [line(verdict.coverage(report.stats))]
    rows += [line(verdict.looked_at(report))] if found else []
    rows += _few("window", verdict.closed_windows(report))
    rows += _skips(report.skips, "skipped")
    if not found:
        rows += [line(), line(verdict.nothing_found(report))]
    rows += _findings(found, report.tree.again, columns)
    rows += _one_line_each("suppressed", verdict.suppressed(report.findings))
    rows += _notes(report.notes)
    return [*rows, line(), line(Span(verdict.summary(report, min_confidence), "bold"))]


def _impact(impact: Impact, columns: int) -> list[Line]:
    rows = _scenario(impact.head)
    titles = [clean.line(verdict.tree_title(tree)) for tree in (impact.base, impact.head)]
    rows += [line(f"kscan diff: {titles[0]} .. {titles[1]}"), line(verdict.coverage(impact.stats))]
    rows += _slots(impact, columns)
    found = verdict.active(impact.introduced)
    rows += [line(), line(Span(verdict.impact_verdict(impact), "bold"))]
    rows += _findings(found, impact.head.again, columns)
    rows += _one_line_each("suppressed", verdict.suppressed(impact.introduced))
    rows += _one_line_each("fixed", verdict.worst_first(impact.fixed))
    rows += _one_line_each("improved", verdict.improved(impact))
    rows += _one_line_each("hidden before", verdict.worst_first(impact.uncovered))
    rows += _one_line_each("still there", verdict.active(impact.standing))
    rows += _passing(impact.passing)
    rows += _siblings(impact.siblings)
    rows += _drivers(impact, columns)
    rows += [line(), *commits(impact)] if impact.commits else []
    rows += _skips(impact.skips_added, "newly skipped")
    rows += _skips([s for s in impact.skips_touched if s not in impact.skips_added], "skipped")
    rows += _notes(impact.notes)
    if impact.reproduce:
        rows += [line(), line(Span(f"reproduce: {clean.line(impact.reproduce)}", is_command=True))]
    return [*rows, line(), line(Span(verdict.impact_summary(impact), "bold"))]


def _scenario(tree: TreeInfo) -> list[Line]:
    return (
        [line(Span(clean.line(tree.scenario_note), "bold"))] if tree.scenario_note.strip() else []
    )


def _skips(skips: Sequence[Skip], word: str) -> list[Line]:
    return _few(word, [f"{skip.path}: {skip.reason}" for skip in skips])


def _few(word: str, texts: Sequence[str]) -> list[Line]:
    """One line each for the first five; the rest is counted."""
    rows = [line(clean.line(f"{word}: {text}")) for text in texts[:LISTED]]
    more = len(texts) - LISTED
    return rows if more <= 0 else [*rows, line(f"{word}: {more:,} more")]


def _notes(notes: Sequence[str]) -> list[Line]:
    return [line(), *(line(f"note: {clean.line(note)}") for note in notes)] if notes else []


def _findings(findings: Iterable[Finding], again: str, columns: int) -> list[Line]:
    told = causes(findings)
    return [row for cause in told for row in (line(), *_finding(cause, again, columns))]


def _finding(cause: Cause, again: str, columns: int) -> list[Line]:
    room, finding = columns - len(_INDENT), cause.lead
    rows = [headline(finding)]
    rows += [(Span(_INDENT), *row) for row in drawing(finding, room)]
    if finding.others:
        rows += [line(Span(f"{_INDENT}(+{counted(finding.others, 'longer trace')})", "dim"))]
    rows += _labelled([("also", text) for text in also(cause, LISTED)], columns)
    rows += _labelled(particulars(finding), columns)
    return rows + _commands(finding, again)


def _commands(finding: Finding, again: str) -> list[Line]:
    """What lays the finding open, and what prints its patch where there is one."""
    told = [("more", explaining(finding, again))]
    if finding.fix and finding.fix.patch:
        told.append(("patch", explaining(finding, f"--patch {again}".strip())))
    return [
        line(Span(f"{_INDENT}{label}: ", "bold"), Span(clean.line(command), is_command=True))
        for label, command in told
        if command
    ]


def _labelled(pairs: Iterable[tuple[str, str]], columns: int) -> list[Line]:
    rows: list[Line] = []
    for label, text in ((clean.line(label), text) for label, text in pairs):
        lead = f"{_INDENT}{label}: "
        room = max(20, columns - len(_INDENT) - 2)
        parts = wrap(f"{label}: {clean.line(text)}", room, break_on_hyphens=False)
        rows.append(line(Span(lead, "bold"), parts[0][len(label) + 2 :] if parts else ""))
        rows += [line(f"{_INDENT}  {part}") for part in parts[1:]]
    return rows


def _one_line_each(word: str, findings: Sequence[Finding]) -> list[Line]:
    rows: list[Line] = [line()] if findings else []
    for finding in findings:
        reason = finding.suppressed
        told = f"{reason.kind}: {reason.reason}" if reason else before(finding)
        why = f" [{clean.line(told if reason else f'was {told}')}]" if told else ""
        rows.append((Span(f"{word}: ", "bold"), *headline(finding), Span(why)))
    return rows


def _slots(impact: Impact, columns: int) -> list[Line]:
    told, folds = verdict.slots_told(impact)
    rows: list[Line] = []
    for slot in told:
        rows += _reach("+" if slot.reach in impact.added else "-", slot, columns)
    for shift in impact.shifted:
        rows += _bold(f"~ {verdict.shift_sentence(shift)}", columns)
    for fold in folds:
        sign = "+" if fold.reaches[0] in impact.added else "-"
        rows += _bold(f"{sign} {fold.sentence(FOLDED)}", columns)
    return rows


def _bold(text: str, columns: int) -> list[Line]:
    text = clean.line(text, _FOLD_LIMIT)
    parts = wrap(text, columns, subsequent_indent=_INDENT, break_on_hyphens=False)
    return [line(), *(line(Span(part, "bold")) for part in parts)]


def _reach(sign: str, slot: verdict.SlotTold, columns: int) -> list[Line]:
    rows, reach = [line(), line(Span(clean.line(f"{sign} {slot.sentence}"), "bold"))], slot.reach
    told = [("via", " -> ".join(reach.via)), ("changed", ", ".join(reach.changed))]
    told += [("why", slot.why)]
    for label, part in slot.runners:
        told.append((label, verdict.listed([f"{i.function} ({i.path})" for i in part], NAMES)))
    return rows + _labelled([(label, text) for label, text in told if text], columns)


def _siblings(siblings: Sequence[Sibling]) -> list[Line]:
    rows: list[Line] = [line()] if siblings else []
    for sibling in siblings[:LISTED]:
        rows.append((Span("the same pattern stands in ", "bold"), *headline(sibling.finding)))
    more = len(siblings) - LISTED
    told = f"the same pattern stands in {counted(more, 'more place')}"
    return rows if more <= 0 else [*rows, line(told)]


def _passing(passing: Sequence[Passing]) -> list[Line]:
    """What is broken between two commits, each in one line."""
    rows: list[Line] = [line()] if passing else []
    for one in passing:
        share = Span(f" [{clean.line(verdict.share_in(one))}]")
        rows.append((Span("broken in between: ", "bold"), *headline(one.finding), share))
    return rows


def _drivers(impact: Impact, columns: int) -> list[Line]:
    """The nearest drivers without a finding that a registration has meet the change.

    Nothing where no driver has a finding.
    """
    found = (*impact.introduced, *impact.fixed)
    hit = {finding.driver for finding in found}
    inside = [driver for driver in impact.drivers if driver.is_inside]
    quiet = [driver for driver in inside if driver.driver not in hit]
    if not (found and quiet):
        return []
    changed = counted(len(impact.changed_functions), "changed function")
    told = f"Without a new finding, yet within reach of the {changed} inside a registration:"
    rows = [line(), line(told)]
    for driver in quiet[:DRIVERS_SHOWN]:
        rows += _labelled([(driver.driver, " - ".join(driver.why))], columns)
    more = len(quiet[DRIVERS_SHOWN:])
    return [*rows, line(f"{_INDENT}and {more:,} more")] if more else rows


def commits(impact: Impact) -> list[Line]:
    """What each commit introduces and fixes: nothing where nobody asked for it."""
    rows: list[Line] = []
    for commit in impact.commits:
        share = f"+{len(commit.introduced)} -{len(commit.fixed)}"
        rows.append(line(f"{clean.line(commit.id[:12])} {share:>7} {clean.line(commit.subject)}"))
    return rows
