# SPDX-License-Identifier: GPL-2.0-only
"""A text under rewriting: comments gone, literals and directives hidden, every offset true.

The rules of :mod:`kscan.syntax.dialect` work on a `Draft`, where no bracket, word or newline
belongs to a comment, a string or a macro body.  `Draft.finished` puts back what was hidden.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass, field

_COMMENT_OR_LITERAL = re.compile(
    rb"//[^\n\\]*+(?:\\(?:.|\Z)[^\n\\]*+)*+"
    rb"|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)"
    rb'|"[^"\\\n]*+(?:\\(?:.|\Z)[^"\\\n]*+)*+"?+'
    rb"|'[^'\\\n]*+(?:\\(?:.|\Z)[^'\\\n]*+)*+'?+",
    re.DOTALL,
)
_DIRECTIVE = re.compile(
    rb"^[ \t]*+(#[ \t]*+(\w*+)[^\n\\]*+(?:\\(?:.|\Z)[^\n\\]*+)*+)", re.MULTILINE | re.DOTALL
)
_REST_OF_DIRECTIVE = re.compile(rb"[ \t]*+[^\s]")
_INDENTED = 80
"""Bytes in which a line's first character is looked for."""
_BLANKED = re.compile(rb"(?:(?!\\\n)[^\n])++")
_IN_LITERAL = bytes(10 if byte == 10 else 1 for byte in range(256))
_IN_DIRECTIVE = bytes(10 if byte == 10 else 2 for byte in range(256))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"(){}[]"))
GAP = b" \t\r\f\v\n\\#\x02"
_PAIRS = ((b"(", b")"), (b"{", b"}"), (b"[", b"]"))
_WINDOWS = (120, 8000)
_WINDOW_AFTER = 1000
_DEEPEST = 200
_REACH = 3000
_PARENTHESES = 200
_FAILURES = 2000
"""Searches for an open parenthesis that may fail; a file of C fails at a handful."""

_HEADING = re.compile(rb"\b(?:if|for|while|switch)\s*\Z")
_GAP_AT_END = re.compile(rb"(?<![ \t])[ \t]{2,}+\Z")
_VALUELESS = re.compile(rb"(#[ \t]*+define[ \t]++\w++(?:\([^()]*+\))?+)([ \t\\][\s\\]*+)\Z")
_NAMED_REST = re.compile(rb"(\w[ \t]*+)\.\.\.(?=[ \t]*\))")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that was blanked or respelled and means something."""

    offset: int
    length: int
    kind: str
    text: bytes
    """What stands there in the source, comments included."""


@dataclass(frozen=True, slots=True)
class Directive:
    """A preprocessor line with its continuation lines."""

    start: int
    """Offset of the ``#``."""
    end: int
    """Offset of the newline that ends it."""
    word: bytes
    """``define``, ``ifdef`` ..."""
    text: bytes
    """With comments blank and literals hidden."""


def _without_value(m: re.Match[bytes]) -> bytes:
    """The gap after a macro that has no value, in which the grammar would look for one."""
    gap = bytes(m[2])
    if b"\n" in gap or len(gap) == 1:
        return m[1] + b";" + gap[1:].replace(b"\\", b" ")
    return m[1] + b"//" + gap[2:]


def blank(text: bytes) -> bytes:
    """`text` as spaces; newlines stay, and so do the backslashes that continue a line."""
    return _BLANKED.sub(lambda m: b" " * len(m[0]), text)


def balanced(text: bytes) -> bool:
    """Every bracket of `text` has its partner in `text`, properly nested, not too deep."""
    left = text.translate(None, _NOT_BRACKETS)
    for _ in range(_DEEPEST):
        if not left:
            return True
        inner = left.replace(b"()", b"").replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(left):
            return False
        left = inner
    return False


def evenly_bracketed(text: bytes) -> bool:
    """As many brackets of each kind open in `text` as close, in whatever order."""
    return all(text.count(opening) == text.count(closing) for opening, closing in _PAIRS)


def without_mark(source: bytes) -> bytes:
    """`source` with spaces for the byte order mark that some editors put in front of it."""
    if not source.startswith(BOM_UTF8):
        return source
    return source.replace(BOM_UTF8, b" " * len(BOM_UTF8), 1)


@dataclass(slots=True)
class Draft:
    """The text so far, and what was taken out of it."""

    source: bytes
    text: bytearray = field(default_factory=bytearray)
    marks: list[Mark] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    _searches_failed: int = 0
    _literals: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        text = _COMMENT_OR_LITERAL.sub(self._hide, without_mark(self.source))
        if b"#" in text:
            text = _DIRECTIVE.sub(self._hide_directive, text)
        self.text = bytearray(text)

    def _hide(self, m: re.Match[bytes]) -> bytes:
        text = m[0]
        if text[:1] == b"/":
            return self._hide_comment(m)
        self._literals.append(m.span())
        ended = len(text) > 1 and text[-1] == text[0]
        inside = text[1 : len(text) - ended]
        return text[:1] + inside.translate(_IN_LITERAL) + text[:ended]

    def _hide_comment(self, m: re.Match[bytes]) -> bytes:
        """Spaces; where a directive goes on behind a comment of several lines, backslashes too."""
        hidden, source = blank(m[0]), self.source
        if b"\n" not in hidden or not _REST_OF_DIRECTIVE.match(source, m.end()):
            return hidden
        line = source.rfind(b"\n", 0, m.start()) + 1
        continues = source[max(0, line - 2) : line] == b"\\\n"
        if continues or source[line : line + _INDENTED].lstrip()[:1] == b"#":
            return hidden.replace(b" \n", b"\\\n")
        return hidden

    def _hide_directive(self, m: re.Match[bytes]) -> bytes:
        start, end = m.span(1)
        text = m[1]
        if m[2] == b"define":
            text = _NAMED_REST.sub(rb"\1   ", text, count=1) if b"..." in text else text
            text = _VALUELESS.sub(_without_value, text, count=1)
        elif m[2] == b"include":
            text = _GAP_AT_END.sub(lambda gap: b"//".ljust(len(gap[0])), text)
        self.directives.append(Directive(start, end, m[2], text))
        return m[0][: start - m.start()] + b"#" + m[1][1:].translate(_IN_DIRECTIVE)

    def mark(self, start: int, end: int, kind: str) -> None:
        """Remember what the source says from `start` to `end`."""
        self.marks.append(Mark(start, end - start, kind, self.source[start:end]))

    def blank(self, start: int, end: int) -> None:
        """Put spaces from `start` to `end`, newlines kept."""
        self.text[start:end] = blank(bytes(self.text[start:end]))

    def put(self, offset: int, spelling: bytes) -> None:
        """Write `spelling` over what stands at `offset`."""
        self.text[offset : offset + len(spelling)] = spelling

    def rewrite(
        self, pattern: re.Pattern[bytes], spell: Callable[[re.Match[bytes]], bytes]
    ) -> None:
        """Replace each match by what `spell` makes of it: as long, its newlines in place."""
        self.text = bytearray(pattern.sub(spell, bytes(self.text)))

    def before(self, offset: int) -> bytes:
        """The text that ends before `offset`, gap and directives skipped; empty at the start."""
        for width in _WINDOWS:
            if text := bytes(self.text[max(0, offset - width) : offset]).rstrip(GAP):
                return text
        return b""

    def after(self, offset: int) -> bytes:
        """The text that begins at `offset`, gap and directives skipped; empty at the end."""
        return bytes(self.text[offset : offset + _WINDOW_AFTER]).lstrip(GAP)

    def opening_before(self, offset: int) -> int:
        """Offset of the parenthesis that is open at `offset`; -1 when none is near."""
        if self._searches_failed > _FAILURES:
            return -1
        near = bytes(self.text[max(0, offset - _REACH) : offset])
        depth, end = 0, len(near)
        for _ in range(_PARENTHESES):
            end = max(near.rfind(b"(", 0, end), near.rfind(b")", 0, end))
            if end < 0:
                break
            depth += 1 if near[end] == ord(")") else -1
            if depth < 0:
                return offset - len(near) + end
        self._searches_failed += 1
        return -1

    def heads_statement(self, offset: int) -> bool:
        """The parenthesis that closes before `offset` is that of an ``if``, ``for``, ``while``."""
        text = bytes(self.text[max(0, offset - _WINDOWS[1]) : offset]).rstrip(GAP)
        if text[-1:] != b")":
            return False
        start = offset - min(offset, _WINDOWS[1])
        opening = self.opening_before(start + len(text) - 1)
        return opening > 0 and bool(_HEADING.search(self.text, max(0, opening - 80), opening))

    def finished(self) -> bytes:
        """The text with literals and directives put back, except where it is now blank."""
        out = self.text
        for directive in self.directives:
            if out[directive.start] == ord("#"):
                out[directive.start : directive.end] = directive.text
        for start, end in self._literals:
            if out[start] == self.source[start]:
                out[start:end] = self.source[start:end]
        return bytes(out)
