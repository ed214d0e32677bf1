# SPDX-License-Identifier: GPL-2.0-only
"""Objects that macros of a driver declare: ``FOO_IOMMU_OPS(foo_v2);`` at file scope.

The macro stands in the file itself or in a header beside it, and spells an initialiser; what it
declares stands where it is used, which is where its reader looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from posixpath import dirname, join
from typing import TypeVar

import msgspec

from kscan.facts import spelled
from kscan.facts.defines import Unsure
from kscan.facts.reader import Reader
from kscan.facts.unit import CallFact, GlobalFact, InvocationFact, MacroFact, SlotFact, Unit
from kscan.program import invoked

_INITIALISES = re.compile(r"=\s*\{")
_Fact = TypeVar("_Fact", GlobalFact, SlotFact, InvocationFact)


def completed(reader: Reader, path: str, unit: Unit) -> Unit:
    """`unit`, the facts of `path`, with the objects that macros in it declare."""
    made = [(call.line, one) for call, one in _declared(reader, path, unit)]
    if not made:
        return unit
    return msgspec.structs.replace(
        unit,
        globals=(*unit.globals, *(_at(line, fact) for line, m in made for fact in m.globals)),
        slots=(*unit.slots, *(_at(line, fact) for line, m in made for fact in m.slots)),
        invocations=(
            *unit.invocations, *(_at(line, fact) for line, m in made for fact in m.invocations)
        ),
    )  # fmt: skip


def _at(line: int, fact: _Fact) -> _Fact:
    return msgspec.structs.replace(fact, line=line)


def _declared(reader: Reader, path: str, unit: Unit) -> Iterator[tuple[CallFact, Unit]]:
    """The macros at file scope that declare something, and what that is."""
    macros = _macros(reader, path, unit) if unit.toplevel else {}
    for call in unit.toplevel:
        macro = macros.get(call.name)
        if macro is not None and macro.params is not None and _INITIALISES.search(macro.body):
            text = invoked.text_of(macro, call.arguments)
            if text is not None:
                # a brace in column 0 would end a definition
                yield call, spelled.declared(text.rstrip("; \n").replace("\n", "\n\t"))


def _macros(reader: Reader, path: str, unit: Unit) -> dict[str, MacroFact]:
    """The macros used at file scope that `path` itself or a header beside it defines."""
    found = {macro.name: macro for macro in reversed(unit.macros)}
    used = {call.name for call in unit.toplevel} - found.keys()
    for header in (join(dirname(path), include) for include in unit.includes if used):
        for name in used if reader.tree.exists(header) else ():
            with suppress(Unsure):
                found.setdefault(name, reader.defines(header).macro(name))
    return found
