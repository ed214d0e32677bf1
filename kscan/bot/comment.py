# SPDX-License-Identifier: GPL-2.0-only
"""The text of the comment: the whole report, or one line when nothing is held against a range."""

from __future__ import annotations

from dataclasses import replace

from kscan.bot.policy import Judgement
from kscan.model import Impact
from kscan.report import clean, render, verdict

_FOLD = ("<details><summary>What it changes</summary>", "</details>")
_LISTED = 20


def text(judgement: Judgement, limit: int) -> str:
    """Markdown of at most `limit` characters.

    Where nothing is introduced and nothing newly skipped it is one line, with the scenario that
    this holds under; what else there is to tell stands folded below it.
    """
    told = _told(judgement, limit)
    return told if len(told) <= limit else _told(judgement, 2 * limit - len(told))


def _told(judgement: Judgement, limit: int) -> str:
    impact = judgement.impact
    if judgement.warns:
        return _inert(render("markdown", impact, limit=limit))
    first = f"**kscan: {clean.prose(verdict.impact_verdict(impact))}.**"
    note = impact.head.scenario_note.strip()
    if note and impact.head.scenario != "as-is":
        first = f"{first} {clean.prose(note)}"
        impact = replace(impact, head=replace(impact.head, scenario_note=""))
    room = limit - len("\n\n".join((first, *_FOLD, "")))
    rest = render("markdown", impact, limit=room).partition("\n\n")[2].strip() or _reaches(impact)
    parts = (first, _FOLD[0], rest, _FOLD[1]) if rest else (first,)
    return _inert("\n\n".join(parts) + "\n")


def _reaches(impact: Impact) -> str:
    """What newly runs where, or at another time, a line each."""
    told = verdict.reach_sentences(replace(impact, removed=()))
    rows = [f"- {clean.prose(sentence)}" for sentence in told[:_LISTED]]
    more = len(told) - _LISTED
    return "\n".join([*rows, *([f"- {more:,} more not shown."] if more > 0 else [])])


def _inert(markdown: str) -> str:
    """`markdown` without a line that GitLab, or a bot that reads comments, takes for a command."""
    rows, is_code = [], False
    for row in markdown.split("\n"):
        if row.startswith("```"):
            is_code = not is_code
        mark = " " if is_code else "\\"
        rows.append(mark + row if row.startswith("/") else row)
    return "\n".join(rows)
