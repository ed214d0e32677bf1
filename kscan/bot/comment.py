# SPDX-License-Identifier: GPL-2.0-only
"""The text of the comment: the whole report, or one line when nothing is held against a range."""

from __future__ import annotations

from kscan.bot.policy import Judgement
from kscan.report import render

_FOLD = ("<details><summary>What it repairs, and what runs where</summary>", "</details>")


def text(judgement: Judgement, limit: int) -> str:
    """Markdown of at most `limit` characters.

    Where nothing is introduced and nothing newly skipped it is one line; what else there is to
    tell stands folded below it.
    """
    told = _told(judgement, limit)
    return told if len(told) <= limit else _told(judgement, 2 * limit - len(told))


def _told(judgement: Judgement, limit: int) -> str:
    if judgement.warns:
        return _inert(render("markdown", judgement.impact, limit=limit))
    room = limit - len("\n\n".join(("", *_FOLD, "")))
    first, _, rest = render("markdown", judgement.impact, limit=room).partition("\n\n")
    parts = (first, _FOLD[0], rest.strip(), _FOLD[1]) if rest.strip() else (first.strip(),)
    return _inert("\n\n".join(parts) + "\n")


def _inert(markdown: str) -> str:
    """`markdown` without a line that GitLab, or a bot that reads comments, takes for a command."""
    rows, is_code = [], False
    for row in markdown.split("\n"):
        if row.startswith("```"):
            is_code = not is_code
        mark = " " if is_code else "\\"
        rows.append(mark + row if row.startswith("/") else row)
    return "\n".join(rows)
