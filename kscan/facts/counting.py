# SPDX-License-Identifier: GPL-2.0-only
"""The variables that a function counts up with: ``for (i = 0; i < nr; i++)``."""

from __future__ import annotations

from kscan.facts import ir


def counters(body: ir.Body) -> frozenset[str]:
    """Variables that are set to plain numbers and counted up, and written in no other way."""
    plain = {
        name
        for name, values in body.values.items()
        if all(isinstance(value, ir.Const) for value in values)
    }
    loops = (one for one in ir.statements(body.statements) if isinstance(one, ir.ForEach))
    cursors = {arg.id for loop in loops for arg in loop.args if isinstance(arg, ir.Name)}
    return frozenset(plain - cursors - set(map(_changed_otherwise, body.nodes)))


def _changed_otherwise(node: ir.Expr) -> str:
    """The variable that `node` counts down, computes with or hands the address out of, or none."""
    match node:
        case ir.Unary(op="--" | "&", operand=ir.Name(id=name)):
            return name
        case ir.Assign(op=op, target=ir.Name(id=name)) if op != "=":
            return name
    return ""
