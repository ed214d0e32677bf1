# SPDX-License-Identifier: GPL-2.0-only
"""What the target of a write says: whose member it is, and what a pointer to it stands for."""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.places import Place
from kscan.kernel.functions import Functions
from kscan.program.types import Scope

POINTED_TO = "pointed to"
"""Places that a parameter points to: the caller knows their names."""
HANDED = "handed list"
"""Lists that a parameter leads to."""


def meant(scope: Scope, functions: Functions, target: ir.Expr) -> ir.Expr:
    """`target`, or what it stands for: ``*slot`` after ``slot = &foo->next``, and nothing else.

    And what a function passes through: ``per_cpu(foo, cpu)``.
    """
    match target:
        case ir.Unary(op="*", operand=pointer):
            value = meant(scope, functions, _led_to(scope, pointer))
            return value.operand if isinstance(value, ir.Unary) and value.op == "&" else target
        case ir.Member(object=ir.Call() as call, arrow=arrow):
            inner = meant(scope, functions, call)
            return target if inner is call else ir.Member(inner, target.field, arrow, target.at)
        case ir.Call(args=args) if target.name in functions.transparent:
            at = functions.transparent.position(target.name)
            return args[at] if at < len(args) else target
    return target


def _led_to(scope: Scope, pointer: ir.Expr) -> ir.Expr:
    """What a local pointer is set to, where that is one thing; any other as it is."""
    if isinstance(pointer, ir.Name) and scope.is_automatic(pointer.id):
        values = assigned_in(scope.program, scope.function).values(pointer.id)
        if len(values) == 1 and pointer.id not in scope.function.parameters:
            return values[0]
    return pointer


def pointed_to(scope: Scope, target: ir.Expr) -> Place | None:
    """What the parameter that `target` dereferences points to."""
    match target:
        case ir.Unary(op="*", operand=pointer):
            return of_parameter(scope, pointer, POINTED_TO)
    return None


def of_parameter(scope: Scope, node: ir.Expr, kind: str) -> Place | None:
    """A place of `kind` that the parameter `node` leads to."""
    if isinstance(node, ir.Name) and node.id in scope.function.parameters:
        return Place(kind, "", node.id)
    return None


def is_instance(value: ir.Expr | None) -> bool:
    """``*other``: a copy of it has what that was given so far, unlike one of a template."""
    return value is None or (isinstance(value, ir.Unary) and value.op == "*")


def base_of(target: ir.Expr) -> ir.Expr | None:
    """The object whose member `target` is."""
    match target:
        case ir.Member(object=inner):
            return inner
        case ir.Index(object=inner) | ir.Cast(operand=inner):
            return base_of(inner)
    return None
