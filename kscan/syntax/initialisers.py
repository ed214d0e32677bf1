# SPDX-License-Identifier: GPL-2.0-only
"""Parts of an initialiser handed to a macro: ``CMD(op, .bits = {{ ... }})``, ``QUIRK(x, {1, 2})``.

Inside parentheses C knows neither a designator nor a list.  A designated value loses its dot,
a list becomes a parenthesised one, and a designated list becomes blank (a mark of kind
``initialiser``).
"""

from __future__ import annotations

import re

from kscan.syntax.draft import Draft, evenly_bracketed

_PART = re.compile(rb"[(,]\s*+(?:(\.)\w[\w.]*+(?:\[[^][{}\n]*+\])*+\s*+(?:=\s*+(\{)?+)?+|(\{))")
_BRACKET = re.compile(rb"[][(){}]")
_BRACE = re.compile(rb"[{}]")
_REACH = 4000
_FAILURES = 50
"""Lists without an end in sight after which a file is left as it is."""


def respell_initialisers(draft: Draft) -> None:
    """Make what stands in parentheses an expression where it is written as an initialiser."""
    text = bytes(draft.text)
    known, failures = 0, 0
    closing = _closing(text)
    stack: list[bytes] = []
    for m in _PART.finditer(text):
        _follow(stack, text[known : m.start()])
        known = m.start()
        inside = text[known] == ord("(") or stack[-1:] == [b"("]
        if inside and not _respell(draft, m, closing):
            failures += 1
        if failures > _FAILURES:
            return


def _follow(stack: list[bytes], text: bytes) -> None:
    """Open and close on `stack` the brackets of `text`; a brace in column 0 closes them all."""
    if evenly_bracketed(text):
        return
    start = text.rfind(b"\n}") + 1
    if start:
        stack.clear()
    for m in _BRACKET.finditer(text, start + 1 if start else 0):
        if m[0] in b"([{":
            stack.append(m[0])
        elif stack:
            stack.pop()


def _respell(draft: Draft, m: re.Match[bytes], closing: dict[int, int]) -> bool:
    """Respell one part; false when its list does not end nearby."""
    if m[3]:
        return _as_parenthesised(draft, m.start(3), closing)
    if draft.text[m.start(1)] != ord("."):
        return True
    if not m[2]:
        draft.put(m.start(1), b" ")
        return True
    end = closing.get(m.start(2), -1)
    if end > 0:
        draft.mark(m.start(1), end + 1, "initialiser")
        draft.blank(m.start(1), end + 1)
    return end > 0


def _as_parenthesised(draft: Draft, opening: int, closing: dict[int, int]) -> bool:
    """``{1, 2}`` as ``(1, 2)``; a block of statements stays."""
    if draft.text[opening] != ord("{"):
        return True
    end = closing.get(opening, -1)
    content = draft.text[opening + 1 : end]
    if end > 0 and content.strip() and b";" not in content:
        draft.put(opening, b"(")
        draft.put(end, b")")
    return end > 0


def _closing(text: bytes) -> dict[int, int]:
    """The offset of each opening brace to that of the one that closes it nearby."""
    opened: list[int] = []
    found: dict[int, int] = {}
    for m in _BRACE.finditer(text):
        if m[0] == b"{":
            opened.append(m.start())
        elif opened and m.start() < (opening := opened.pop()) + _REACH:
            found[opening] = m.start()
    return found
