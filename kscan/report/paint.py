# SPDX-License-Identifier: GPL-2.0-only
"""Lines of text with styles on them: the same characters with and without colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A run of characters in one style; the style is a name `rich` knows, empty for none."""

    text: str
    style: str = ""
    is_command: bool = False
    """A person copies it: its row is never broken."""


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    """One line out of plain strings and spans."""
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def width(row: Line) -> int:
    """Characters in `row`."""
    return sum(len(span.text) for span in row)


def padded(row: Line, columns: int) -> Line:
    """`row` filled with spaces up to `columns`."""
    return (*row, Span(" " * max(0, columns - width(row))))


def plain(rows: Iterable[Line]) -> str:
    """The rows without styles, each ended by a newline and free of trailing spaces."""
    return "".join("".join(span.text for span in row).rstrip() + "\n" for row in rows)


def coloured(rows: Iterable[Line]) -> str:
    """The rows with ANSI styles; without these it equals :func:`plain` byte for byte."""
    from rich.color import ColorSystem  # noqa: PLC0415 - only a terminal pays for it
    from rich.style import Style  # noqa: PLC0415

    def painted(span: Span) -> str:
        if not span.style or not span.text:
            return span.text
        return Style.parse(span.style).render(span.text, color_system=ColorSystem.STANDARD)

    return "".join("".join(map(painted, _stripped(row))) + "\n" for row in rows)


def _stripped(row: Line) -> Line:
    kept = list(row)
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    if kept:
        kept[-1] = Span(kept[-1].text.rstrip(), kept[-1].style)
    return tuple(kept)
