# SPDX-License-Identifier: GPL-2.0-only
"""Macro arguments that are no expressions: types, operators, statements, nothing.

``container_of(p, struct x, m)`` becomes ``container_of(p,        x, m)``: the name of the type
stays as an argument.  Casts, ``sizeof`` and parameter lists keep their types.
"""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft

_STARS = rb"\s{0,40}+(?:\*[\s*]{0,40}+(?:const\b\s{0,8}+\**)?+)?+"
_TAGGED = tuple(
    re.compile(word + rb"\b\s*+(\w++)" + _STARS + rb"(?=[,)])")
    for word in (b"struct", b"union", b"enum")
)
_ARITHMETIC = tuple(
    re.compile(
        word
        + rb"\b(?:\s++(?:unsigned|signed|long|short|const|volatile|int|char|double)\b){0,4}+"
        + _STARS
        + rb"(?=[,)])"
    )
    for word in (b"unsigned", b"signed", b"long", b"short", b"const")
)
_POINTER = re.compile(rb"\*[\s*]{0,40}+(?:const\b\s{0,8}+\**)?+(?=[,)])")
_POINTED = re.compile(rb"(?:(?:const|volatile|unsigned|signed|long)\s+)*(\w+)\s*\Z")
_BEFORE_TYPE = re.compile(rb"[(,]\s*(?:(?:const|volatile)\s+)*\Z")
_LAST_TYPE_WORD = re.compile(rb"(\w+)[\s*]*(?:const\s*\**)?\Z")
_ODD = re.compile(
    rb"[(,]\s*+(?:(?P<statement>return|goto|continue|break|do|else)\b(?:(?P<whole>\s*+;?+\s*+(?=[,)]))|[^;(),]*+(?P<end>;)(?=\s*+[,)]))?+"
    rb"|(?P<operator>[=!<>]=|<<=?|>>=?|&&|\|\||[-+|&^/%]=?|[<>=])\s*+(?=[,)])"
    rb"|(?P<number>\d\w*+)"
    rb"|(?=[,)]))"
)
_NUMBER = re.compile(rb"(?:0[xX][0-9a-fA-F]++|0[bB][01]++|\d++(?:[eE]\d++)?+)[uUlLfF]*+\Z")
_CONDITION = re.compile(rb",\s*+(if)[ \t]*+" + PARENTHESES + rb"([ \t])(?=[ \t]*+\w)")
_ALIGNOF = re.compile(rb"\b(?:__alignof__|__alignof|_Alignof|alignof)(?=\s*+\()")
_TYPEOF = re.compile(rb"typeof(?:__|_member)?[ \t]*+(" + PARENTHESES + rb")")
_OFFSETOF = re.compile(
    rb"offsetof\s*+\([^(),]*+,\s*+\w++\s*+([^\s\w),](?:[^(),]++|" + PARENTHESES + rb")*+)\)"
)
_TYPED = frozenset(
    b"sizeof typeof __typeof__ __typeof alignof _Alignof __alignof__ __alignof offsetof"
    b" __builtin_offsetof __builtin_types_compatible_p if while for switch return".split()
)
_CALLING = frozenset(b"return else do case goto static".split())
_CALLEE = re.compile(rb"(\w+)\s*\Z")
_LAST_WORD = re.compile(rb"(\w+)\Z")


def respell_arguments(draft: Draft) -> None:
    """Make every macro argument an expression."""
    _respell_operators(draft)
    text = bytes(draft.text)
    for pattern in _TAGGED:
        for m in pattern.finditer(text):
            _respell_type(draft, m.start(), m.start(1), m.end(1), m.end())
    for pattern in _ARITHMETIC:
        for m in pattern.finditer(text):
            word = _LAST_TYPE_WORD.search(m[0])
            if word:
                _respell_type(
                    draft, m.start(), m.start() + word.start(1), m.start() + word.end(1), m.end()
                )
    for m in _POINTER.finditer(text):
        word = _POINTED.search(text, max(0, m.start() - 80), m.start())
        if word:
            _respell_type(draft, word.start(), word.start(1), word.end(1), m.end())
    for m in _ODD.finditer(bytes(draft.text)):
        _respell_odd(draft, m)


def _respell_operators(draft: Draft) -> None:
    """``typeof (x)`` loses its operand, ``offsetof`` all but the first member, in place."""
    text = bytes(draft.text)
    if b"typeof" in text:
        for m in _TYPEOF.finditer(text):
            draft.mark(m.start(), m.end(), "typeof")
            draft.blank(*m.span(1))
    if b"offsetof" in text:
        text = bytes(draft.text)
        for m in _OFFSETOF.finditer(text):
            draft.blank(*m.span(1))
    if b"DEFINE_FREE" in text:
        for m in _CONDITION.finditer(text):
            draft.blank(*m.span(1))
            draft.put(m.start(2), b",")
    if b"lignof" in text:
        draft.rewrite(_ALIGNOF, lambda m: b"sizeof".ljust(len(m[0])))


def _respell_type(draft: Draft, start: int, name: int, name_end: int, end: int) -> None:
    """Leave of a type from `start` to `end`, if it is a macro's argument, its name."""
    before = bytes(draft.text[max(0, start - 60) : start])
    place = _BEFORE_TYPE.search(before)
    if place is None:
        return
    start += place.start() + 1 - len(before)
    if _in_call(draft, start - 1):
        draft.blank(start, name)
        draft.blank(name_end, end)


def _in_call(draft: Draft, offset: int) -> bool:
    """What follows the parenthesis or comma at `offset` is an argument of a call or macro.

    Not so a parameter, the type of a cast, an operand of ``sizeof``.
    """
    text = draft.text
    opening = offset if text[offset] == ord("(") else draft.opening_before(offset)
    if opening < 0:
        return False
    near = bytes(text[max(0, opening - 120) : opening])
    callee = _CALLEE.search(near)
    if callee is None or callee[1] in _TYPED:
        return False
    name = opening - len(near) + callee.start()
    left = near[: callee.start()].rstrip()
    if not name or text[name - 1] == ord("\n"):
        return draft.before(name)[-1:] in (b";", b"}", b")", b"")
    if left[-1:] == b"*":
        return text[text.rfind(b"\n", 0, name) + 1] in b"\t "
    word = _LAST_WORD.search(left)
    return word is None or word[1] in _CALLING


def _respell_odd(draft: Draft, m: re.Match[bytes]) -> None:
    """An argument that is a statement, an operator, a designator, no number, or nothing."""
    if m["statement"]:
        word = m.start("statement")
        draft.blank(word, m.end("statement"))
        if m["whole"] is not None:
            draft.blank(*m.span("whole"))
            draft.put(word, b"0")
        elif m["end"]:
            draft.blank(*m.span("end"))
    elif m["operator"]:
        draft.put(m.start("operator"), b"0".ljust(len(m["operator"])))
    elif m["number"]:
        if not _NUMBER.match(m["number"]):
            draft.put(m.start("number"), b"_")
    else:
        _respell_nothing(draft, m)


def _respell_nothing(draft: Draft, m: re.Match[bytes]) -> None:
    """Drop the comma before or after an argument that is not there."""
    end = m.end()
    if m[0][:1] == b",":
        draft.put(m.start(), b" ")
    elif draft.text[end : end + 1] == b",":
        draft.put(end, b" ")
