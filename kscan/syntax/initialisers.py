# SPDX-License-Identifier: GPL-2.0-only
"""Parts of an initialiser handed to a macro: ``CMD(op, .bits = {{ ... }})``, ``QUIRK(x, {1, 2})``.

Inside parentheses C knows neither a designator nor a list.  A designated value loses its dot,
a list becomes a parenthesised one, and a designated list becomes blank (a mark of kind
``initialiser``).
"""

from __future__ import annotations

import re

from kscan.syntax.draft import Draft

_PART = re.compile(rb"[(,]\s*+(?:(\.)\w[\w.]*+(?:\[[^]{}]*+\])*+\s*+(?:=\s*+(\{)?+)?+|(\{))")
_BRACE = re.compile(rb"[{}]")
_REACH = 20_000


def respell_initialisers(draft: Draft) -> None:
    """Make what stands in parentheses an expression where it is written as an initialiser."""
    text = bytes(draft.text)
    known, bracket = 0, b""
    for m in _PART.finditer(text):
        if text[m.start()] == ord("("):
            bracket = b"("
        elif not bracket or not _pairs_up(text[known : m.start()]):
            bracket = draft.enclosing(m.start())
        known = m.start() + 1
        if bracket == b"(":
            _respell(draft, m)


def _pairs_up(text: bytes) -> bool:
    return all(text.count(a) == text.count(b) for a, b in ((b"(", b")"), (b"{", b"}")))


def _respell(draft: Draft, m: re.Match[bytes]) -> None:
    if draft.text[m.end() - 1] == 32 and m[3]:
        return
    if m[3]:
        end = _closing(draft, m.start(3))
        if end > 0 and draft.text[m.start(3) + 1 : end].strip() and b";" not in draft.text[m.start(3) : end]:
            draft.put(m.start(3), b"(")
            draft.put(end, b")")
    elif draft.text[m.start(1)] == ord("."):
        end = _closing(draft, m.start(2)) if m[2] else -1
        if end > 0:
            draft.mark(m.start(1), end + 1, "initialiser")
            draft.blank(m.start(1), end + 1)
        else:
            draft.put(m.start(1), b" ")


def _closing(draft: Draft, opening: int) -> int:
    """Offset of the brace that closes the one at `opening`; -1 when it is not near."""
    depth = 0
    for m in _BRACE.finditer(draft.text, opening, opening + _REACH):
        depth += 1 if m[0] == b"{" else -1
        if depth == 0:
            return m.start()
    return -1
