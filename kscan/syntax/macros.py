# SPDX-License-Identifier: GPL-2.0-only
"""Macro invocations that stand where C allows no call: statement heads, bare statements.

What an invocation is follows from what stands around it, not from a list of macros: before a
brace or a deeper indented statement it heads that statement; before the next statement it
lacks its semicolon.
"""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft

_NOT_KEYWORD = (
    rb"(?!(?:if|for|while|switch|return|sizeof|do|else|case|goto|typeof|__typeof__|default"
    rb"|struct|union|enum|typedef|alignof|offsetof)\b)"
)
_STATEMENT = re.compile(
    rb"\n[ \t]++(?:\}?[ \t]*else[ \t]++)?+" + _NOT_KEYWORD + rb"(\w++)[ \t]*+(" + PARENTHESES + rb")[ \t]*+(?=\{|\n)"
)
_LOOP = re.compile(rb"(?:for_each|foreach|FOREACH|FOR_EACH)\w*+[ \t]*+(" + PARENTHESES + rb")(?!\s*+[;,)?=<>!+|&.\-])")
_NAME_BEGINS = re.compile(rb"[)\}: \t]\s*(\w*)\Z")
_STATIC = re.compile(rb"\n[ \t]++(static\s++)\w++[ \t]*+" + PARENTHESES + rb"(?=\s*+;)")
_CASE_RANGE = re.compile(rb"(?<=[\w)' \t])\.\.\.(?=[^\]:,;{}]*:)")
_GUARDING = re.compile(rb"guard|scoped|\Aif|with|lock|cond|case|unless|when|unlikely", re.IGNORECASE)
_LOOPING = re.compile(rb"for|each|loop|walk|iter|while", re.IGNORECASE)
_SPACE = re.compile(rb"\s*+")
_INITIALISER = re.compile(rb"[=,(\]]\s*\{\Z")
_HEADED = re.compile(rb"(?:\A|[;{}:\n]|\belse)\s*(?:\}?\s*else\s+)?(?:if|for|while|switch)\b[^;{}]*\)\Z")


def respell_invocations(draft: Draft) -> None:
    """Spell macros that head a statement as ``while`` or ``if``, end those that are statements.

    The name of a head is a mark of kind ``loop`` or ``guard``; its arguments stay.
    """
    text = bytes(draft.text)
    if b"..." in text:
        draft.rewrite(_CASE_RANGE, lambda m: b"|  ")
    if b"static" in text:
        for m in _STATIC.finditer(text):
            draft.mark(*m.span(1), "storage")
            draft.blank(*m.span(1))
    for m in _LOOP.finditer(text):
        _respell_loop(draft, m)
    for m in _STATEMENT.finditer(bytes(draft.text)):
        _respell_statement(draft, m)


def _respell_loop(draft: Draft, m: re.Match[bytes]) -> None:
    """A loop macro that does not begin its line: after ``if (x)``, ``case X:``, ``else``."""
    name = _NAME_BEGINS.search(m.string, max(0, m.start() - 80), m.start())
    if name and _at_statement(draft.before(name.start(1))):
        _respell_head(draft, name.start(1), m.start(1), m.end(1), b"while")


def _respell_statement(draft: Draft, m: re.Match[bytes]) -> None:
    text = m.string
    follow = _SPACE.match(text, m.end()).end()  # type: ignore[union-attr]
    letter = text[follow : follow + 1]
    if not (letter.isalnum() or letter in (b"{", b"}", b"_", b"*", b".")) or not letter:
        return
    before = draft.before(m.start(1))
    line = text.rfind(b"\n", 0, follow) + 1
    if letter == b".":
        if before[-1:] in (b",", b"{") and line > m.end(2) and line < follow:
            draft.put(line, b",")
        return
    if not _at_statement(before):
        return
    deeper = _columns(text[line:follow]) > _columns(text[m.start() + 1 : m.start(1)])
    if letter == b"{" or (deeper and letter != b"}" and line > m.end(2)):
        looping = _LOOPING.search(m[1]) or not _GUARDING.search(m[1])
        _respell_head(draft, m.start(1), m.start(2), m.end(2), b"while" if looping else b"if")
    elif line > m.end(2) and letter != b"*" and line < follow:
        draft.put(line, b";")


def _columns(indentation: bytes) -> int:
    """The column a line's first word stands in, from 0; a brace or ``else`` counts as blank."""
    return len(indentation[: len(indentation) - len(indentation.lstrip())].expandtabs(8))


def _at_statement(before: bytes) -> bool:
    """A statement may begin after `before`."""
    last = before[-1:]
    if last == b"{":
        return not _INITIALISER.search(before)
    if last == b")":
        return bool(_HEADED.search(before))
    return last in (b";", b"}", b":") or before.endswith((b"else", b"do"))


def _respell_head(draft: Draft, name: int, opening: int, end: int, keyword: bytes) -> None:
    """Write `keyword` over the macro name; empty arguments become ``(0)``."""
    width = opening - name
    if width < len(keyword):
        keyword = b"if"
    draft.mark(name, opening, "guard" if keyword == b"if" else "loop")
    draft.put(name, keyword.ljust(width))
    if width > len(keyword) and not draft.text[opening:end].strip(b"() \t\n"):
        draft.put(opening - 1, b"(0)")
        draft.blank(opening + 2, end)
