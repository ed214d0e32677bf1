# SPDX-License-Identifier: GPL-2.0-only
"""Rows that are too long for a terminal, broken at spaces; what follows stands below its column.

Only a person's terminal gets them so: in a file or a pipe a row stays one line, for ``grep``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kscan.report.paint import Line, Span, line, plain, width

_HANGING = 4
"""Columns by which what follows stands further in than a row without columns of its own."""

_COMMAND = re.compile(r"\s*(?:\w+: )?kscan \w")
_COLUMNS = re.compile(r"\s*(?:\S+(?: \S+)*\s{2,})*")
"""The indentation, and what is set apart by two spaces or more, as in a table."""


def folded(rows: Iterable[Line], columns: int) -> Iterator[Line]:
    """`rows`, each at most `columns` wide; a longer word stays whole, and so does a command."""
    for row in rows:
        if width(row) <= columns or any(span.is_command for span in row):
            yield row
        else:
            yield from _folded(row, columns)


def folded_text(text: str, columns: int) -> str:
    """The lines of `text`, folded."""
    rows = (line(Span(each, is_command=_is_command(each))) for each in text.split("\n"))
    told = plain(folded(rows, columns))
    return told.removesuffix("\n")


def _is_command(text: str) -> bool:
    return _COMMAND.match(text) is not None


def _folded(row: Line, columns: int) -> Iterator[Line]:
    text = "".join(span.text for span in row)
    indent = len(text) - len(text.lstrip())
    lead = " " * _hanging(text, indent, columns)
    start = 0
    while start < len(text):
        room = columns - (len(lead) if start else 0)
        end = _break(text, start + (0 if start else indent), start + room)
        yield (*([Span(lead)] if start else []), *_cut(row, start, end))
        start = end + len(text[end:]) - len(text[end:].lstrip())


def _hanging(text: str, indent: int, columns: int) -> int:
    column = _COLUMNS.match(text)
    found = column.end() if column else 0
    return found if indent < found <= columns // 2 else min(indent + _HANGING, columns // 2)


def _break(text: str, start: int, limit: int) -> int:
    """Where to break what begins at `start`: before the last space that leaves it in `limit`."""
    if len(text) <= limit:
        return len(text)
    last = text.rfind(" ", start + 1, limit + 1)
    following = text.find(" ", limit)
    return last if last > start else following if following > 0 else len(text)


def _cut(row: Line, start: int, end: int) -> Iterator[Span]:
    """The characters of `row` from `start` to `end`, in their styles."""
    at = 0
    for span in row:
        part = span.text[max(0, start - at) : max(0, end - at)]
        if part:
            yield Span(part, span.style)
        at += len(span.text)
