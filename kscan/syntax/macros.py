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
    rb"^[ \t]++(?:\}?[ \t]*else[ \t]++)?" + _NOT_KEYWORD + rb"(\w++)[ \t]*+(" + PARENTHESES + rb")[ \t]*+(?=\{|\n)",
    re.MULTILINE,
)
_LOOP = re.compile(rb"(?<=[ \t})])(\w*?for_?each\w*+)[ \t]*+(" + PARENTHESES + rb")(?!\s*+[;,)?=<>!+|&.\-])", re.I)
_GUARDING = re.compile(rb"guard|scoped|\Aif|with|lock|cond|case|unless|when|unlikely", re.IGNORECASE)
_LOOPING = re.compile(rb"for|each|loop|walk|iter|while", re.IGNORECASE)
_SPACE = re.compile(rb"\s*+")
_INITIALISER = re.compile(rb"[=,(\]]\s*\{\Z")
_HEADED = re.compile(rb"(?:\A|[;{}:\n]|\belse)\s*(?:\}?\s*else\s+)?(?:if|for|while|switch)\b[^;{}]*\)\Z")


def respell_invocations(draft: Draft) -> None:
    """Spell macros that head a statement as ``while`` or ``if``, end those that are statements.

    The name of a head is a mark of kind ``loop`` or ``guard``; its arguments stay.
    """
    source = bytes(draft.text)
    for m in _LOOP.finditer(source):
        if _at_statement(draft.before(m.start())):
            _respell_head(draft, m, b"while")
    for m in _STATEMENT.finditer(bytes(draft.text)):
        _respell_statement(draft, m)


def _respell_statement(draft: Draft, m: re.Match[bytes]) -> None:
    text, begin = m.string, m.start()
    follow = _SPACE.match(text, m.end()).end()  # type: ignore[union-attr]
    letter = text[follow : follow + 1]
    if not (letter.isalnum() or letter in (b"{", b"}", b"_", b"*")) or not letter:
        return
    if not _at_statement(draft.before(m.start(1))):
        return
    line = text.rfind(b"\n", 0, follow) + 1
    indent = _columns(text[line:follow])
    deeper = indent > _columns(text[begin : begin + len(m[0]) - len(m[0].lstrip())])
    if letter == b"{" or (deeper and letter != b"}" and line > m.end(2)):
        looping = _LOOPING.search(m[1]) or not _GUARDING.search(m[1])
        _respell_head(draft, m, b"while" if looping else b"if")
    elif line > m.end(2) and letter != b"*" and line < follow:
        draft.put(line, b";")


def _columns(indentation: bytes) -> int:
    return len(indentation.expandtabs(8))


def _at_statement(before: bytes) -> bool:
    """A statement may begin after `before`."""
    last = before[-1:]
    if last == b"{":
        return not _INITIALISER.search(before)
    if last == b")":
        return bool(_HEADED.search(before))
    return last in (b";", b"}", b":") or before.endswith((b"else", b"do"))


def _respell_head(draft: Draft, m: re.Match[bytes], keyword: bytes) -> None:
    name, arguments = m[1], m[2]
    if len(name) < len(keyword):
        keyword = b"if"
    draft.mark(m.start(1), m.end(1), "guard" if keyword == b"if" else "loop")
    draft.put(m.start(1), keyword.ljust(len(name)))
    if not arguments.strip(b"() \t\n") and len(name) > len(keyword):
        draft.put(m.end(1) - 1, b"(0)")
        draft.blank(m.end(1) + 2, m.end(2))
