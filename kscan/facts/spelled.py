# SPDX-License-Identifier: GPL-2.0-only
"""C that stands in no blob: what a macro in a table or at file scope spells, as facts."""

from __future__ import annotations

from functools import lru_cache

from kscan.facts.extract import unit_of
from kscan.facts.invocations import invocations
from kscan.facts.tables import slots
from kscan.facts.unit import InvocationFact, SlotFact, Unit
from kscan.syntax import dialect, parser, queries

NAME = "_"
"""The object that is initialised."""

Spelled = tuple[tuple[SlotFact, ...], tuple[InvocationFact, ...]]

_REMEMBERED = 4_096


@lru_cache(_REMEMBERED)
def initialised(text: str) -> Spelled | None:
    """What the initialiser `text` fills of a struct, and the macros in it.

    None where it does not parse.
    """
    source = f"struct {NAME} {NAME} = {text};\n".encode()
    try:
        root = parser.parse(dialect.respell(source).text).root_node
    except parser.Unparsable:
        return None
    if root.has_error or root.named_child_count != 1:
        return None
    found = queries.captures("facts/tables", root)
    return tuple(slots(found)), tuple(invocations(found, source))


@lru_cache(_REMEMBERED)
def declared(text: str) -> Unit:
    """The facts of `text`, declarations at file scope; none where it does not parse."""
    try:
        return unit_of(f"{text};\n".encode())
    except parser.Unparsable:
        return Unit()
