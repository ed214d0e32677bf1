# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C made parseable: a rewrite of the bytes that moves nothing.

The C grammar knows no macros, so an annotation (``__init``), a loop macro or a guard derails
it.  `respell` blanks or respells them with the same length and the same newlines, so every
offset, line and column of the tree is true in the source as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that was blanked or respelled and means something."""

    offset: int
    length: int
    kind: str
    """``annotation``, ``loop`` or ``guard``."""
    text: bytes
    """What stands there in the source."""


@dataclass(frozen=True, slots=True)
class Respelled:
    """Text for the parser, and what it no longer says."""

    text: bytes
    """Same length and same newlines as the source; comments are blank."""
    marks: tuple[Mark, ...]


_LITERAL = re.compile(
    rb"""//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'""",
    re.DOTALL,
)
_NOT_NEWLINE = re.compile(rb"[^\n]")
_ANNOTATION = re.compile(
    rb"\b(?:__(?:init|exit|initdata|initconst|iomem|user|percpu|rcu|must_check|maybe_unused|always_inline"
    rb"|ro_after_init|force|packed|noreturn|weak|sched|cold|pure|read_mostly|free(?=\())|asmlinkage|noinline"
    rb"|notrace)\b(?:(?<=__free)\([^()\n]*\))?"
)
_LOOP = re.compile(rb"\b(\w*for_each\w*)(?=[ \t]*\()")
_GUARD = re.compile(rb"\b(scoped_guard)(?=\()")
_ATTRIBUTE = re.compile(rb"__attribute__[ ]*\(\([^\n]*?\)\)")


def blank(text: bytes) -> bytes:
    """`text` as spaces, its newlines kept."""
    return _NOT_NEWLINE.sub(b" ", text)


def respell(source: bytes) -> Respelled:
    """`source` as plain C of the same length, with the same newlines; any bytes will do."""
    marks: list[Mark] = []
    literals: list[tuple[int, bytes]] = []

    def hide(m: re.Match[bytes]) -> bytes:
        text = m[0]
        if text[:1] == b"/":
            return blank(text)
        literals.append((m.start(), text))
        return text[:1] + b"\x01" * (len(text) - 2) + text[-1:]

    def mark(kind: str, spelling: bytes = b""):  # type: ignore[no-untyped-def]
        def put(m: re.Match[bytes]) -> bytes:
            marks.append(Mark(m.start(), len(m[0]), kind, m[0]))
            return spelling.ljust(len(m[0])) if spelling else blank(m[0])

        return put

    text = _LITERAL.sub(hide, source)
    text = _ATTRIBUTE.sub(mark("annotation"), text)
    text = _ANNOTATION.sub(mark("annotation"), text)
    text = _LOOP.sub(mark("loop", b"while"), text)
    text = _GUARD.sub(mark("guard", b"if"), text)
    out = bytearray(text)
    for offset, literal in literals:
        if out[offset] == literal[0]:
            out[offset : offset + len(literal)] = literal
    return Respelled(bytes(out), tuple(sorted(marks, key=lambda m: m.offset)))
