# SPDX-License-Identifier: GPL-2.0-only
"""The words that macros in the tables of a file may bring, told without expanding any.

Whoever asks who names one function, or fills one member, need not read thousands of macros in
tables of clocks that have nothing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from kscan.facts.unit import InvocationFact
from kscan.program.program import Program

_NAME = re.compile(r"[A-Za-z_]\w*+")
_CALLED = re.compile(r"([A-Za-z_]\w*+)\s*+\(")


def brought(
    program: Program, path: str, invocations: Iterable[InvocationFact], own: Container[str]
) -> frozenset[str] | None:
    """The words that `invocations` in `path`, which has the macros `own`, may stand for.

    None where one of their macros makes words by ``##``: those may be any.
    """
    words: set[str] = set()
    macros: set[str] = set()
    for invocation in invocations:
        words.update(invocation.fields)
        macros.add(invocation.macro)
        for argument in invocation.arguments or ():
            named = _NAME.findall(argument)
            words.update(named)
            macros.update(name for name in named if name in own)
            macros.update(_CALLED.findall(argument))
    for body in _bodies(program, path, macros):
        if "##" in body:
            return None
        words.update(_NAME.findall(body))
    return frozenset(words | macros)


def _bodies(program: Program, path: str, names: set[str]) -> Iterator[str]:
    """What the macros `names` stand for as `path` sees them, and the macros within those."""
    seen, left = set(names), list(names)
    while left:
        macro = program.macro(left.pop(), path)
        if macro is not None:
            yield macro.body
            inner = set(_NAME.findall(macro.body)) - seen
            seen |= inner
            left += inner
