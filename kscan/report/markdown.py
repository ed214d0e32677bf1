# SPDX-License-Identifier: GPL-2.0-only
"""Markdown for comments on GitHub and GitLab: the verdict first, long parts collapsed.

Everything stands within `limit` characters: what does not fit is counted, never cut in the
middle of a block.
"""

from __future__ import annotations

from collections.abc import Sequence

from kscan.model import Finding, Impact, Report
from kscan.reachability import Reach
from kscan.report import clean, verdict
from kscan.report.causes import Cause, also
from kscan.report.drawing import drawing
from kscan.report.paint import plain
from kscan.report.particulars import explaining, particulars
from kscan.report.sections import FULL, Message, Section, message, question
from kscan.wording import counted

LIMIT = 65_536
"""GitHub's limit for the body of a comment, in characters."""
LISTED = 10
"""Findings of the same cause as one shown in full."""
_COLUMNS = 100
_SIZES = ((FULL, 200), (FULL, 50), (5, 50), (3, 20), (1, 10), (0, 5), (0, 0))
"""Findings in full and lines a list shows, from the most to the least."""


def render(document: Report | Impact, *, limit: int = LIMIT) -> str:
    """`document` as Markdown of at most `limit` characters; one line when there is no finding."""
    text = ""
    for full, most in _SIZES:
        text = _text(message(document, full), most)
        if len(text) <= limit:
            break
    return text


def _text(content: Message, most: int) -> str:
    blocks = [[f"**kscan: {clean.prose(content.verdict)}**"]]
    blocks += [[clean.prose(sentence)] for sentence in content.about]
    for section in content.sections:
        blocks += _section(section, content.again, most)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _section(section: Section, again: str, most: int) -> list[list[str]]:
    blocks = [[f"### {section.title}"]]
    blocks += [[clean.prose(sentence)] for sentence in section.sentences]
    for slot in section.reaches[:most]:
        blocks += _reach(slot)
    blocks += _more(len(section.reaches), most, "slot")
    for fold in section.folds:
        blocks += _fold(fold, most)
    for cause in section.full:
        blocks += _finding(cause, again)
    blocks += _table(section.brief, most, collapsed=bool(section.full) or len(section.brief) > 5)
    if section.lines:
        blocks.append([f"- {clean.prose(text)}" for text in section.lines[:most]])
        blocks += _more(len(section.lines), most, "line")
    if section.command:
        blocks.append(clean.fence([section.command], "sh"))
    return [block for block in blocks if block]


def _fold(fold: verdict.Fold, most: int) -> list[list[str]]:
    rows = [_slot(reach) for reach in fold.reaches[:most]]
    if not rows:
        return [[f"{fold.title}."]]
    more = _more(len(fold.reaches), most, "slot")
    return [[f"<details><summary>{fold.title}</summary>"], rows, *more, ["</details>"]]


def _slot(reach: Reach) -> str:
    number = counted(len(set(reach.implementations)), "implementation")
    path = " → ".join(map(clean.code, reach.via))
    row = f"- {clean.code(reach.slot)} in {clean.code(reach.api + '()')}, {number}"
    return f"{row}: {path}" if path else row


def _reach(slot: verdict.SlotTold) -> list[list[str]]:
    blocks, reach = [[clean.prose(slot.sentence)]], slot.reach
    told = [f"path: {' → '.join(clean.code(name) for name in reach.via)}"] if reach.via else []
    if reach.changed:
        told.append(f"changed by the range: {', '.join(map(clean.code, reach.changed))}")
    if slot.why:
        told.append(f"why: {clean.prose(slot.why)}")
    for label, part in slot.runners:
        shown = [f"{clean.code(i.function)} in {clean.code(i.path)}" for i in part]
        told.append(f"{label}: {verdict.listed(shown, 8)}")
    return [*blocks, [f"- {text}" for text in told]]


def _finding(cause: Cause, again: str) -> list[list[str]]:
    finding, place = cause.lead, cause.lead.primary
    where = clean.code(f"{place.path}:{place.line}")
    title = f"#### {finding.severity}: {clean.prose(finding.rule)} in {where}"
    rows = plain(drawing(finding, _COLUMNS)).splitlines()
    blocks = [[title], [clean.prose(finding.message) + "."]]
    blocks += [clean.fence(rows, "text")] if rows else []
    blocks.append([clean.prose(question(finding))])
    told = [f"- also: {clean.prose(text)}" for text in also(cause, LISTED)]
    told += [
        f"- {label}: {clean.prose(text)}"
        for label, text in particulars(finding, quoted=clean.ticked)
    ]
    if finding.others:
        told.append(f"- {counted(finding.others, 'longer trace')} not shown")
    command = explaining(finding, again)
    told += [f"- more: {clean.code(command)}"] if command else []
    return [*blocks, told]


def _table(findings: Sequence[Finding], most: int, *, collapsed: bool) -> list[list[str]]:
    if not findings:
        return []
    rows = ["| severity | confidence | rule | place | what |", "|---|---|---|---|---|"]
    rows += [_row(finding) for finding in findings[:most]]
    table = [rows] if most else []
    more = _more(len(findings), most, "finding")
    if not collapsed or not table:
        return [*table, *more]
    summary = f"<details><summary>{counted(len(findings), 'finding')}</summary>"
    return [[summary], *table, *more, ["</details>"]]


def _row(finding: Finding) -> str:
    place = finding.primary
    cells = (
        finding.severity.value,
        finding.confidence.value,
        clean.cell(finding.rule),
        clean.cell(f"{place.path}:{place.line}"),
        clean.cell(finding.message),
    )
    return f"| {' | '.join(cells)} |"


def _more(number: int, most: int, noun: str) -> list[list[str]]:
    return [[f"{counted(number - most, noun)} more not shown."]] if number > most else []
