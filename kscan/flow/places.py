# SPDX-License-Identifier: GPL-2.0-only
"""From an expression to the place it names."""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.values import DRVDATA, Place
from kscan.kernel.functions import Functions
from kscan.program.types import Scope


def place_of(scope: Scope, functions: Functions, node: ir.Expr) -> Place | None:
    """The place that the lvalue `node` names; None for locals and what has no name."""
    match node:
        case ir.Name(id=name):
            return global_place(scope, name)
        case ir.Member(object=inner, field=name):
            tag = scope.tag_of(inner)
            if f"{tag}.{name}" in functions.drvdata.fields:
                return DRVDATA
            return Place("field", tag, name)
        case ir.Index(object=inner) | ir.Cast(operand=inner):
            return place_of(scope, functions, inner)
        case ir.Unary(op="&", operand=inner):
            return place_of(scope, functions, inner)
    return None


def global_place(scope: Scope, name: str) -> Place | None:
    """The place of the global `name`; None for a local, a function or an unknown name."""
    if scope.is_local(name):
        if name not in scope.statics:
            return None
        return Place("global", f"{scope.function.path}:{scope.function.name}", name)
    program, path = scope.program, scope.function.path
    own = program.own_variable(name, path)
    if own is not None:
        return Place("global", path if own.static else "", name)
    return Place("global", "", name) if program.variable(name, path) is not None else None


def ready_place(place: Place, kind: str) -> Place:
    """The readiness of the object at `place`: its lock, list or work is initialised."""
    return Place(kind, place.owner, place.name)


def membership(place: Place) -> Place:
    """Being on the list whose head is at `place`."""
    return Place("membership", place.owner, place.name)


def field_named(spelled: str) -> Place:
    """The place of the member that the catalogue spells ``struct.member``."""
    tag, _, name = spelled.partition(".")
    return Place("field", tag, name)
