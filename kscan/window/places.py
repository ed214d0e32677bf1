# SPDX-License-Identifier: GPL-2.0-only
"""Objects as a function spells them: what leads to one, and whether two are the same."""

from __future__ import annotations

from kscan.facts import ir
from kscan.facts.unit import CType
from kscan.program.types import Scope


def pointer_to(scope: Scope, node: ir.Expr) -> ir.Expr | None:
    """The pointer that leads to the object around `node`; None where it is named itself."""
    while True:
        match node:
            case ir.Member(object=inner, arrow=True) | ir.Unary(op="*", operand=inner):
                return inner
            case ir.Index(object=inner) if is_pointer(scope.type_of(inner)):
                return inner
            case ir.Member(object=inner) | ir.Index(object=inner):
                node = inner
            case _:
                return None


def is_pointer(kind: CType) -> bool:
    """What is of this type points somewhere, and is no array."""
    return kind.ptr > 0 and not kind.array


def is_object(scope: Scope, node: ir.Expr, tags: tuple[str, ...]) -> bool:
    """`node` is an object, and no pointer to one, of the structs `tags`."""
    is_place = isinstance(node, ir.Name | ir.Member | ir.Index | ir.Unary)
    return is_place and not scope.type_of(node).ptr and scope.tag_of(node) in tags


def is_same(target: ir.Expr, table: ir.Expr) -> bool:
    """`target` is the object `table`; of members the name tells, and of elements the array."""
    match target, table:
        case ir.Index(object=one), ir.Index(object=other):
            return is_same(one, other)
        case ir.Unary(op="*", operand=one), ir.Unary(op="*", operand=other):
            return is_same(one, other)
        case ir.Member(field=one), ir.Member(field=other):
            return one == other
        case ir.Name(id=one), ir.Name(id=other):
            return one == other
    return False
