# SPDX-License-Identifier: GPL-2.0-only
"""The body of a reply to a patch: plain text of 72 columns, facts and questions.

A reader has another version of the file open, so places are functions and snippets, never line
numbers. No line of foreign text can pass for a trailer (``Reviewed-by:``) that tools collect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import wrap

from kscan.model import Finding, Impact, Report
from kscan.reachability import Implementation, Reach
from kscan.report import clean, verdict
from kscan.report.causes import Cause, also
from kscan.report.drawing import drawing
from kscan.report.paint import plain
from kscan.report.particulars import explaining, particulars
from kscan.report.sections import Message, Section, message, question
from kscan.wording import counted

COLUMNS = 72
LISTED = 10
_INDENT = "    "


def render(document: Report | Impact) -> str:
    """`document` as the body of a mail; one line when there is no finding."""
    return "".join(row.rstrip() + "\n" for row in _rows(message(document)))


def _rows(content: Message) -> list[str]:
    if not content.sections:
        return _wrapped(f"kscan: {content.verdict}")
    rows = _wrapped(f"kscan: {content.verdict}")
    for sentence in content.about:
        rows += ["", *_wrapped(sentence)]
    for section in content.sections:
        rows += ["", "", section.title, "-" * len(section.title)]
        rows += _section(section, content.again)
    return rows


def _section(section: Section, again: str) -> list[str]:
    rows: list[str] = []
    for sentence in section.sentences:
        rows += ["", *_wrapped(sentence)]
    for slot in section.reaches[:LISTED]:
        rows += ["", *_reach(slot)]
    rows += _more(section.reaches, "slot")
    for fold in section.folds:
        rows += ["", *_wrapped(fold.sentence(verdict.SLOTS_NAMED))]
    for cause in section.full:
        rows += ["", *_finding(cause, again)]
    for finding in section.brief[:LISTED]:
        rows += ["", *_brief(finding)]
    rows += _more(section.brief, "finding")
    if section.lines:
        rows += ["", *(row for text in section.lines[:LISTED] for row in _item(text))]
        rows += _more(section.lines, "line")
    if section.command:
        rows += ["", *_command(section.command)]
    return rows


def _reach(slot: verdict.SlotTold) -> list[str]:
    rows, reach = _wrapped(slot.sentence), slot.reach
    told = [
        ("path", " -> ".join(reach.via)),
        ("changed", ", ".join(reach.changed)),
        ("why", slot.why),
    ]
    for label, part in slot.runners:
        told.append((label, verdict.listed(_names(part, reach), LISTED)))
    return rows + [row for label, text in told if text for row in _item(f"{label}: {text}")]


def _names(part: Iterable[Implementation], reach: Reach) -> list[str]:
    """The functions; where several of the slot have one name, each with its file."""
    often = Counter(one.function for one in set(reach.implementations))
    return [f"{i.function} ({i.path})" if often[i.function] > 1 else i.function for i in part]


def _finding(cause: Cause, again: str) -> list[str]:
    finding = cause.lead
    where = f"{finding.primary.function}() in " if finding.primary.function else ""
    rows = _wrapped(f"{finding.severity}: {finding.rule}: {where}{finding.primary.path}")
    rows += ["", *_wrapped(f"{finding.message}.")]
    drawn = plain(drawing(finding, COLUMNS - 2, numbered=False)).splitlines()
    rows += ["", *(f"  {clean.mail(row)}" for row in drawn), ""] if drawn else [""]
    rows += [*_wrapped(question(finding)), ""]
    for text in also(cause, LISTED):
        rows += _item(f"also: {text}")
    for label, text in particulars(finding, numbered=False):
        rows += _item(f"{label}: {text}")
    if finding.others:
        rows += _item(f"{counted(finding.others, 'longer trace')} not shown")
    command = explaining(finding, again)
    return [*rows, "  - more:", *_command(command)] if command else rows


def _brief(finding: Finding) -> list[str]:
    where = f"{finding.primary.function}() in " if finding.primary.function else ""
    return [
        *_wrapped(f"{finding.severity}: {finding.rule}: {where}{finding.primary.path}"),
        *(_INDENT + row for row in _wrapped(finding.message, COLUMNS - len(_INDENT))),
    ]


def _command(command: str) -> list[str]:
    """The command, continued over lines where no quote can be cut."""
    text = clean.mail(command)
    if "'" in text or '"' in text or "\\" in text:
        return [_INDENT + text]
    room = COLUMNS - len(_INDENT) - 2
    parts = wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return [_INDENT + part + (" \\" if part is not parts[-1] else "") for part in parts]


def _more(items: Sequence[object], noun: str) -> list[str]:
    more = len(items) - LISTED
    return ["", f"{counted(more, noun)} more not shown."] if more > 0 else []


def _item(text: str) -> list[str]:
    first, *rest = _wrapped(text, COLUMNS - len(_INDENT)) or [""]
    return [f"  - {first}", *(_INDENT + row for row in rest)]


def _wrapped(text: str, columns: int = COLUMNS) -> list[str]:
    """`text` in lines; one that a long word ends early still is no trailer and no mbox line."""
    return _safe(wrap(clean.mail(text), columns, break_on_hyphens=False))


def _safe(rows: Iterable[str]) -> list[str]:
    return [f"  {row}" if row.startswith(("From ", ">", "--", "diff ")) else row for row in rows]
