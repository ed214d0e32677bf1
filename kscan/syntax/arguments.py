# SPDX-License-Identifier: GPL-2.0-only
"""Macro arguments that are no expressions: types, operators, statements, nothing.

``container_of(p, struct x, m)`` becomes ``container_of(p,        x, m)``: the name of the type
stays as an argument.  Casts, ``sizeof`` and parameter lists keep their types.
"""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft, blank

_QUALIFIER = rb"(?:const|volatile|unsigned|signed|long|short)\s++"
_STARS = rb"(?:\*[\s*]*+(?:const\b\s*+\**)?+)"
_TYPE = re.compile(
    rb"[(,]\s*+(?:"
    rb"(?:" + _QUALIFIER + rb")*+(?:struct|union|enum)\s++(\w++)\s*+" + _STARS + rb"?+"
    rb"|(?:" + _QUALIFIER + rb")++(int|long|char|short|double|\w++(?=\s*+\*))\s*+" + _STARS + rb"?+"
    rb"|(\w++)\s*+" + _STARS + rb")(?=[,)])"
)
_EMPTY = re.compile(rb"\(\s*+,|,(?=\s*+[,)])")
_OPERATOR = re.compile(rb"(?<=[(,])\s*+([=!<>]=|<<=?|>>=?|[-+|&^/%]=?|&&|\|\||[<>=])\s*+(?=[,)])")
_STATEMENT = re.compile(rb"(?<=[(,])\s*+(return|goto|continue|break)\b(?=(\s*+[,)])?)")
_TYPED = frozenset(
    b"sizeof typeof __typeof__ __typeof alignof _Alignof __alignof__ __alignof offsetof __builtin_offsetof"
    b" if while for switch return".split()
)
_CALLING = frozenset(b"return else do case goto in and or not".split())
_CALLEE = re.compile(rb"(\w+)[ \t]*\Z")
_LAST_WORD = re.compile(rb"(\w+)\Z")
_REACH = 3000
_TYPEOF = re.compile(rb"\b(?:typeof|__typeof__|__typeof|typeof_member|__unqual_scalar_typeof)[ \t]*+(" + PARENTHESES + rb")")
_OFFSETOF = re.compile(rb"\boffsetof\s*+\([^(),]*+,\s*+\w++\s*+([^\s\w),][^(),]*+)\)")


def respell_arguments(draft: Draft) -> None:
    """Make every macro argument an expression."""
    draft.rewrite(_TYPEOF, lambda m: _without_operand(draft, m))
    draft.rewrite(_OFFSETOF, lambda m: m[0][: m.start(1) - m.start()] + blank(m[1]) + b")")
    draft.rewrite(_TYPE, lambda m: _as_name(draft, m))
    draft.rewrite(_STATEMENT, _as_operand)
    draft.rewrite(_OPERATOR, _as_number)
    draft.rewrite(_EMPTY, lambda m: m[0].replace(b",", b" "))


def _without_operand(draft: Draft, m: re.Match[bytes]) -> bytes:
    draft.mark(m.start(), m.end(), "typeof")
    return m[0][: m.start(1) - m.start()] + blank(m[1])


def _as_operand(m: re.Match[bytes]) -> bytes:
    padding = m[0][: m.start(1) - m.start()]
    return padding + (b"0" if m[2] is not None else b"").ljust(len(m[1]))


def _as_number(m: re.Match[bytes]) -> bytes:
    return m[0].replace(m[1], b"0".ljust(len(m[1])))


def _as_name(draft: Draft, m: re.Match[bytes]) -> bytes:
    if not _in_call(draft, m):
        return m[0]
    number = m.lastindex or 1
    start, end = m.start(number) - m.start(), m.end(number) - m.start()
    return m[0][:1] + blank(m[0][1:start]) + m[0][start:end] + blank(m[0][end:])


def _in_call(draft: Draft, m: re.Match[bytes]) -> bool:
    """The type is an argument of a macro, not a parameter, a cast or an operand of sizeof."""
    opening = m.start() if m[0][:1] == b"(" else _opening_before(m.string, m.start())
    if opening < 0:
        return False
    before = m.string[max(0, opening - 100) : opening]
    callee = _CALLEE.search(before)
    if callee is None or callee[1] in _TYPED:
        return False
    name = opening - len(before) + callee.start()
    if m.string[name - 1 : name] in (b"\n", b""):
        return draft.before(name)[-1:] in (b";", b"}", b")", b"")
    left = before[: callee.start()].rstrip()
    if left[-1:] == b"*":
        return m.string[m.string.rfind(b"\n", 0, name) + 1 : name][:1] in (b"\t", b" ")
    word = _LAST_WORD.search(left)
    return word is None or word[1] in _CALLING or word[1] == b"static"


def _opening_before(text: bytes, offset: int) -> int:
    """Offset of the parenthesis that is open at `offset`; -1 when none is near."""
    near = text[max(0, offset - _REACH) : offset]
    depth, end = 0, len(near)
    while (end := max(near.rfind(b"(", 0, end), near.rfind(b")", 0, end))) >= 0:
        depth += 1 if near[end] == ord(")") else -1
        if depth < 0:
            return offset - len(near) + end
    return -1
