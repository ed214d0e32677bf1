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
    if name in functions.switched_on:
        kind, on, held = functions.switched_on[name], True, _stored(scope, call)
    elif name in functions.switches:
        kind, at, on = functions.switches[name]
        held = addressed(call.args[at]) if at < len(call.args) else None
    else:
        return None
    target = _member(scope, held) if held is not None else None
    place = place_of(scope, functions, target) if target is not None else None
    if target is None or place is None:
        return None
    return Switch(ready_place(place, kind), target, on)


def _stored(scope: Scope, call: ir.Call) -> ir.Expr | None:
    """What `call` is assigned to; None where that is nothing."""
    body = scope.program.body(scope.function)
    for node in body.assignments:
        if node.value == call:
            return node.target
    for declared in ir.declarations(body.statements):
        if declared.value == call:
            return ir.Name(declared.name, declared.at)
    return None


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
