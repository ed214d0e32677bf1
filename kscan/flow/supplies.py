# SPDX-License-Identifier: GPL-2.0-only
"""Supplies: clocks, regulators and resets that a device's registers need to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.paths import addressed
from kscan.flow.places import Place, place_of, ready_place
from kscan.kernel.functions import Functions
from kscan.program.types import Scope


@dataclass(frozen=True, slots=True)
class Switch:
    """A call that switches a supply on or off."""

    place: Place
    target: ir.Expr
    """How the supply is spelled."""
    on: bool


def is_supply(place: Place, functions: Functions) -> bool:
    """`place` is something that registers need to answer."""
    return place.kind in functions.supplies


def switch(scope: Scope, functions: Functions, call: ir.Call, name: str) -> Switch | None:
    """What `call` of `name` switches; None for other calls, and for what has no name."""
    if name not in functions.switches:
        return None
    kind, at, on = functions.switches[name]
    if at >= len(call.args):
        return None
    target = _member(scope, addressed(call.args[at]))
    place = place_of(scope, functions, target)
    return Switch(ready_place(place, kind), target, on) if place is not None else None


def switched_on(functions: Functions, value: ir.Expr | None) -> str:
    """The kind of supply that `value` is, where it is one that is on; empty for all others."""
    return functions.switched_on.get(value.name, "") if isinstance(value, ir.Call) else ""


def _member(scope: Scope, node: ir.Expr) -> ir.Expr:
    """The member that a local holds, or is stored in; `node` itself where there is none."""
    if isinstance(node, ir.Name) and scope.is_local(node.id):
        return next(_members(scope, node.id), node)
    return node


def _members(scope: Scope, name: str) -> Iterator[ir.Member]:
    body = scope.program.body(scope.function)
    for declared in ir.declarations(body.statements):
        if declared.name == name and isinstance(declared.value, ir.Member):
            yield declared.value
    for node in body.nodes:
        match node:
            case ir.Assign(op="=", target=ir.Name(id=found), value=ir.Member() as member) if (
                found == name
            ):
                yield member
            case ir.Assign(op="=", target=ir.Member() as member, value=ir.Name(id=found)) if (
                found == name
            ):
                yield member
