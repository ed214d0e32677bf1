# SPDX-License-Identifier: GPL-2.0-only
"""Macro invocations that stand where C allows no call: statement heads, bare statements.

What an invocation is follows from what stands around it, not from a list of macros: before a
brace or a deeper indented statement it heads that statement; before the next statement it
lacks its semicolon.
"""

from __future__ import annotations

import re
import string

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.declaring import commas
from kscan.syntax.draft import Draft

_NOT_KEYWORD = (
    rb"(?!(?:if|for|while|switch|return|sizeof|do|else|case|goto|typeof|__typeof__|default"
    rb"|struct|union|enum|typedef|alignof|offsetof)\b)"
)
_STATEMENT = re.compile(
    rb"\n[ \t]++(?:\}[ \t]*+)?+(?:else[ \t]++)?+"
    + _NOT_KEYWORD
    + rb"(\w++)[ \t]*+("
    + PARENTHESES
    + rb")[ \t]*+(?=[{\n\w*])"
)
_LOOP = re.compile(
    rb"(?:for_each|foreach|FOREACH|FOR_EACH)\w{0,200}+[ \t]*+("
    + PARENTHESES
    + rb")(?!\s*+[;,)?=<>!+|&.\-])"
)
_NAME_ENDS = re.compile(rb"(\w+)[ \t]*\Z")
_NAME_BEGINS = re.compile(rb"[)\}: \t]\s*(\w*)\Z")
_STATIC = re.compile(rb"\n[ \t]++(static\s++)\w++[ \t]*+" + PARENTHESES + rb"(?=\s*+;)")
_CASE_RANGE = re.compile(rb"(?<=[\w)' \t])\.\.\.(?=[^\]:,;{}]{0,200}:)")
_LOOPING = re.compile(rb"for|each|loop|walk|iter|while|until|repeat|retry", re.IGNORECASE)
_STARTING = frozenset(bytes((letter,)) for letter in b"{}_*.(+-" + string.ascii_letters.encode())
_SPACE = re.compile(rb"\s*+")
_INITIALISER = re.compile(rb"[=,(\]]\s*\{\Z")
_TYPED = re.compile(rb"\*?\w+\s*[;=,\[]")
NEXT_CALL = re.compile(rb"\w++[ \t]*+" + PARENTHESES + rb"(?:[ \t]++(?=\w)|[ \t]*+\n[ \t])")
_DO_WHILE = re.compile(
    rb"\}[ \t]++((?=while_|(?:\w*_)?for_each)\w++)[ \t]*+(" + PARENTHESES + rb")(?=\s*+;)"
)
_BARE_WORD = re.compile(
    rb"\n[ \t]++(_*+[A-Z][A-Z0-9_]{2,}+|randomized_struct_fields_\w++)[ \t]*+(?=\n\s*+([\w}.]))"
)
_BLOCK_OPENS = re.compile(rb"(?:\)|\b(?:else|do)|\b(?:struct|union)(?:\s+\w+)?)\s*\{\Z")
_STRAY_END = re.compile(rb";\s*+\)")


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
    for m in _STRAY_END.finditer(text):
        _respell_block(draft, m)
    for m in _DO_WHILE.finditer(text):
        draft.mark(*m.span(1), "loop")
        draft.put(m.start(1), b"while".ljust(len(m[1])))
        if not m[2].strip(b"() \t"):
            draft.put(m.start(2) - 1, b"(0)".ljust(len(m[2]) + 1))
    for m in _BARE_WORD.finditer(text):
        _respell_bare_word(draft, m)
    for m in _LOOP.finditer(bytes(draft.text)):
        _respell_loop(draft, m)
    for m in _STATEMENT.finditer(bytes(draft.text)):
        _respell_statement(draft, m)


def _respell_block(draft: Draft, m: re.Match[bytes]) -> None:
    """Statements as an argument, ``wait(x, a(); b(););``: a head and its block."""
    opening, closing = draft.opening_before(m.start()), m.end() - 1
    name = _NAME_ENDS.search(m.string, max(0, opening - 80), max(opening, 0))
    if name is None or name[1] == b"for":
        return
    arguments = bytes(draft.text[opening : closing + 1])
    first = arguments.index(b";")
    at = [comma for comma in commas(arguments) if comma < first]
    if not _at_statement(draft, name.start(1)) or (
        at and not arguments[at[-1] + 1 :][:1].isspace()
    ):
        draft.put(m.start(), b" ")
        return
    if at:
        _respell_head(draft, name.start(1), opening, opening + at[-1] + 1, b"if")
        draft.put(opening + at[-1], b")")
        room = next(i for i in range(at[-1] + 1, len(arguments)) if arguments[i] in b" \t;")
        draft.put(opening + room, b"{")
    else:
        draft.blank(name.start(1), opening)
        draft.put(opening, b"{")
    draft.put(closing, b"}")


def _respell_bare_word(draft: Draft, m: re.Match[bytes]) -> None:
    """A macro without arguments that is a statement all by itself, or entries of a table."""
    before, gap = draft.before(m.start(1)), m.start(2) - 1
    if _is_entry(before, m[2]):
        if m[2] != b"}" and draft.text[gap] in b" \t":
            draft.put(gap, b",")
    elif m[2] != b"." and (before[-1:] in (b";", b"}") or _BLOCK_OPENS.search(before)):
        draft.mark(*m.span(1), "invocation")
        draft.blank(*m.span(1))


def _respell_loop(draft: Draft, m: re.Match[bytes]) -> None:
    """A loop macro that does not begin its line: after ``if (x)``, ``case X:``, ``else``."""
    name = _NAME_BEGINS.search(m.string, max(0, m.start() - 80), m.start())
    if name and _at_statement(draft, name.start(1)):
        _respell_head(draft, name.start(1), m.start(1), m.end(1), b"while")


def _respell_statement(draft: Draft, m: re.Match[bytes]) -> None:
    """What follows the invocation tells what it lacks: a keyword, a semicolon or a comma."""
    text, begin = m.string, m.start(1)
    follow = _SPACE.match(text, m.end()).end()  # type: ignore[union-attr]
    letter = text[follow : follow + 1]
    if letter not in _STARTING:
        return
    line = text.rfind(b"\n", m.end(2), follow) + 1
    if letter == b"." or not _at_statement(draft, begin):
        before = draft.before(begin)
        if (
            line
            and line < follow
            and letter not in b"}{(-+*"
            and (before[-1:] == b"(" or _is_entry(before, letter))
        ):
            draft.put(line, b",")
    elif not line and letter != b"{":
        _respell_beside(draft, m, follow)
    elif letter == b"{" or _is_deeper(m, line, follow):
        _respell_head(
            draft, begin, m.start(2), m.end(2), b"while" if _LOOPING.search(m[1]) else b"if"
        )
    elif letter not in b"*.(+-":
        _end_statement(draft, m, line, follow)


def _end_statement(draft: Draft, m: re.Match[bytes], line: int, follow: int) -> None:
    """Write the missing semicolon into the next line's indentation.

    Where the next line has none, ``FOO(a, b)`` becomes the expression ``FOO,a, b;``.
    """
    if line < follow:
        draft.put(line, b";")
        return
    draft.mark(m.start(1), m.end(2), "invocation")
    empty = not m[2].strip(b"() \t\n")
    draft.put(m.start(2), b";" if empty else b",")
    draft.put(m.end(2) - 1, b" " if empty else b";")


def _respell_beside(draft: Draft, m: re.Match[bytes], follow: int) -> None:
    """On one line: a type made by a macro before a name, or a statement before another."""
    if _TYPED.match(m.string, follow):
        draft.mark(m.start(1), m.end(2), "type")
        draft.blank(*m.span(2))
    elif m.end(2) < follow and m.string[follow : follow + 1] != b"*":
        draft.put(m.end(2), b";")
        while call := NEXT_CALL.match(m.string, follow):
            draft.put(call.end() - 1, b";")
            follow = call.end()


def _is_deeper(m: re.Match[bytes], line: int, follow: int) -> bool:
    """The next line is indented deeper, and may be the statement that the macro heads."""
    text = m.string
    if text[follow : follow + 1] in b"}." or text[follow : follow + 2] in (b"->", b"+ ", b"- "):
        return False
    if text[follow : follow + 1] in b"(+-*" and not _LOOPING.search(m[1]):
        return False
    return _columns(text[line:follow]) > _columns(text[m.start() + 1 : m.start(1)])


def _is_entry(before: bytes, letter: bytes) -> bool:
    """What stands after `before` and in front of `letter` is an entry of an initialiser.

    In front of a designator that also holds in a compound literal.
    """
    return (
        before[-1:] == b","
        or bool(_INITIALISER.search(before))
        or (letter == b"." and before[-1:] == b"{")
    )


def _columns(indentation: bytes) -> int:
    """The column a line's first word stands in, from 0; a brace or ``else`` counts as blank."""
    return len(indentation[: len(indentation) - len(indentation.lstrip())].expandtabs(8))


def _at_statement(draft: Draft, offset: int) -> bool:
    """A statement may begin at `offset`."""
    before = draft.before(offset)
    last = before[-1:]
    if last == b"{":
        return not _INITIALISER.search(before)
    if last == b")":
        return draft.heads_statement(offset)
    return last in (b";", b"}", b":") or before.endswith((b"else", b"do"))


def _respell_head(draft: Draft, name: int, opening: int, end: int, keyword: bytes) -> None:
    """Write `keyword` over the macro name; empty arguments become ``(0)``.

    A name of one letter has no room for any keyword, and stays.
    """
    width = opening - name
    if width < len(keyword):
        keyword = b"if"
    if width < len(keyword):
        return
    draft.mark(name, opening, "guard" if keyword == b"if" else "loop")
    draft.put(name, keyword.ljust(width))
    if width > len(keyword) and not draft.text[opening:end].strip(b"() \t"):
        draft.put(opening - 1, b"(0)")
        draft.blank(opening + 2, end)
