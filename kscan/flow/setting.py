# SPDX-License-Identifier: GPL-2.0-only
"""Which nodes of a control flow set a variable."""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.cfg import Kind, Node


def sets(node: Node, name: str) -> bool:
    """`node` sets the variable `name`, or declares it with a value."""
    match node.statement:
        case ir.Declare(name=declared, value=value) if value is not None and declared == name:
            return True
    parts = (part for expr in node.expressions() for part in ir.walk(expr))
    return any(_set_by(part) == name for part in parts)


def moves_on(node: Node, name: str) -> bool:
    """`node` is a loop macro that has `name` among its arguments, as its cursor is."""
    arguments = node.expressions() if node.kind is Kind.LOOP else ()
    return any(isinstance(one, ir.Name) and one.id == name for one in arguments)


def _set_by(node: ir.Expr) -> str:
    """The variable that `node` itself sets; empty where it sets none."""
    match node:
        case ir.Assign(target=ir.Name(id=name)):
            return name
        case ir.Unary(op="++" | "--", operand=ir.Name(id=name)):
            return name
    return ""
