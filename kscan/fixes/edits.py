# SPDX-License-Identifier: GPL-2.0-only
"""Edits of one source file, and the unified diff that they amount to.

An edit keeps to whole lines where it moves statements, so that indentation and the comments above
a statement go with it; ``git apply`` takes the diff as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import takewhile

_CONTEXT = 3
_PLAIN_PATH = re.compile(r"[\w./+@,-]+")
_COMMENT_END = re.compile(rb"^[ \t]*(?:/\*.*\*/|\*/|//.*|\*.*\*/)[ \t]*$")
_COMMENT_START = re.compile(rb"^[ \t]*(?:/\*|//)")


class Refused(Exception):
    """Why no patch is written, as the end of a sentence that begins with "because"."""


@dataclass
class Edits:
    """Replacements in `source`, by offset."""

    source: bytes
    _changes: list[tuple[int, int, bytes]] = field(default_factory=list)

    def replace(self, start: int, end: int, text: bytes) -> None:
        """What stands from `start` up to `end` becomes `text`."""
        self._changes.append((start, end, text))

    def insert(self, at: int, text: bytes) -> None:
        """`text` goes before offset `at`."""
        self.replace(at, at, text)

    def result(self) -> bytes:
        """The edited source; raises `ValueError` where two edits overlap."""
        parts, done = [], 0
        for start, end, text in sorted(self._changes, key=lambda change: change[:2]):
            if start < done:
                raise ValueError("edits overlap")
            parts += [self.source[done:start], text]
            done = end
        return b"".join([*parts, self.source[done:]])

    def line_start(self, at: int) -> int:
        """Offset at which the line of offset `at` begins."""
        return self.source.rfind(b"\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Offset behind the newline that ends the line of offset `at`."""
        found = self.source.find(b"\n", at)
        return len(self.source) if found < 0 else found + 1

    def indent(self, at: int) -> bytes:
        """The white space that the line of offset `at` begins with."""
        line = self.source[self.line_start(at) : self.line_end(at)]
        return line[: len(line) - len(line.lstrip(b" \t"))]

    def lines(self, start: int, end: int) -> tuple[int, int] | None:
        """The whole lines from `start` to `end`, with the comment above; None if shared.

        Lines are shared where another statement stands on the first or the last of them.
        """
        first, last = self.line_start(start), self.line_end(max(start, end - 1))
        before = self.source[first:start]
        after = self.source[end:last].strip()
        if before.strip() or not _is_comment(after):
            return None
        return self._with_comment(first), last

    def _with_comment(self, start: int) -> int:
        """Where the comment directly above the line at `start` begins, or `start` itself."""
        above = self.line_start(start - 1) if start else 0
        if not start or not _COMMENT_END.match(self.source[above : start - 1]):
            return start
        place = above
        while not _COMMENT_START.match(self.source[place : self.line_end(place)]):
            if place == 0:
                return start
            place = self.line_start(place - 1)
        if self.source[place:start].count(b"*/") > 1:
            return start
        return self._with_comment(place) if self._is_line_comment(place) else place

    def _is_line_comment(self, place: int) -> bool:
        return self.source[place : self.line_end(place)].lstrip().startswith(b"//")

    def remove_lines(self, start: int, end: int) -> None:
        """Takes out whole lines, and the blank line that would be left beside another one."""
        before, after = self._is_blank_before(start), self._is_blank_after(end)
        if before and after:
            end = self.line_end(end)
        elif before and self.source[end : self.line_end(end)].strip() == b"}":
            start = self.line_start(start - 1)
        self.replace(start, end, b"")

    def _is_blank_before(self, start: int) -> bool:
        return start > 0 and not self.source[self.line_start(start - 1) : start].strip()

    def _is_blank_after(self, end: int) -> bool:
        return end < len(self.source) and not self.source[end : self.line_end(end)].strip()

    def indented(self, start: int, end: int, old: bytes, new: bytes) -> bytes:
        """The lines from `start` to `end`, moved from indentation `old` to `new`."""
        return b"".join(
            new + line[len(old) :] if line.startswith(old) and line.strip() else line
            for line in self.source[start:end].splitlines(keepends=True)
        )


def _is_comment(text: bytes) -> bool:
    """Nothing stands here, or one comment."""
    return (
        not text
        or text.startswith(b"//")
        or (text.startswith(b"/*") and text.endswith(b"*/") and text.count(b"*/") == 1)
    )


def unified(path: str, old: bytes, new: bytes) -> str:
    """The diff from `old` to `new`; empty where it cannot be written as plain text."""
    if old == new or not _PLAIN_PATH.fullmatch(path):
        return ""
    try:
        before, after = (
            [line.decode() for line in text.splitlines(keepends=True)] for text in (old, new)
        )
    except UnicodeDecodeError:
        return ""
    if any("\r" in line.removesuffix("\r\n") for line in (*before, *after)):
        return ""  # lines that git would count otherwise
    return "".join([f"--- a/{path}\n", f"+++ b/{path}\n", *_hunks(before, after)])


_Change = tuple[int, int, int, int]
"""Lines from the first up to the second of the old text become those of the new one."""


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    """The hunks, with as many lines of context on both sides, but where the file ends."""
    for changes in _grouped(_changes(before, after)):
        above = min(changes[0][0], changes[0][2], _CONTEXT)
        below = min(len(before) - changes[-1][1], len(after) - changes[-1][3], _CONTEXT)
        i, j = changes[0][0] - above, changes[0][2] - above
        old, new = (i, changes[-1][1] + below), (j, changes[-1][3] + below)
        yield f"@@ -{_range(*old)} +{_range(*new)} @@\n"
        for i1, i2, j1, j2 in changes:
            yield from (_row(" ", line) for line in before[i:i1])
            yield from (_row("-", line) for line in before[i1:i2])
            yield from (_row("+", line) for line in after[j1:j2])
            i = i2
        yield from (_row(" ", line) for line in before[i : i + below])


def _changes(before: list[str], after: list[str]) -> Iterator[_Change]:
    """What differs; only between what both begin and end with is matched.

    Matching takes the square of lines that recur, and would pair lines of one end elsewhere.
    """
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield head + i1, head + i2, head + j1, head + j2


def _grouped(changes: Iterable[_Change]) -> Iterator[list[_Change]]:
    """The changes that one hunk holds: their context meets."""
    group: list[_Change] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * _CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _alike(before: list[str], after: list[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(before, after, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _row(sign: str, line: str) -> str:
    if line.endswith("\n"):
        return sign + line
    return f"{sign}{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    count = end - start
    first = start + 1 if count else start
    return str(first) if count == 1 else f"{first},{count}"
