# SPDX-License-Identifier: GPL-2.0-only
"""Places of a function from which every way on returns an error, as in ``if (ret) …``."""

from __future__ import annotations

import networkx as nx

from kscan.facts import ir
from kscan.flow.cfg import Kind, flow_of
from kscan.flow.conditions import Condition, conditions_of
from kscan.kernel.functions import Functions
from kscan.program.program import Function, Program


def is_failing(program: Program, functions: Functions, function: Function, at: int) -> bool:
    """Whoever comes to offset `at` of `function` leaves it with an error."""
    cfg = flow_of(program, function)
    node = cfg.containing(at)
    if node is None:
        return False
    behind = {node.index} | nx.descendants(cfg.graph, node.index)
    values = [cfg.nodes[index].expr for index in behind if cfg.nodes[index].kind is Kind.RETURN]
    known = conditions_of(cfg, at)
    pointer = function.fact.result.ptr > 0
    return bool(values) and all(_is_error(functions, value, pointer, known) for value in values)


def _is_error(
    functions: Functions, value: ir.Expr | None, pointer: bool, known: tuple[Condition, ...]
) -> bool:
    match value:
        case ir.Const():
            return pointer and value.is_zero
        case ir.Unary(op="-", operand=ir.Name(id=name)):
            return name.startswith("E")
        case ir.Call():
            return value.name in functions.errors
        case ir.Name(id=name):
            return any(_tells(condition, name) for condition in known)
    return False


def _tells(condition: Condition, name: str) -> bool:
    """``if (ret)`` or ``if (ret < 0)``: what `name` holds is an error."""
    match condition.test:
        case ir.Name(id=tested) | ir.Binary(op="<", left=ir.Name(id=tested)):
            return condition.holds and tested == name
        case ir.Call(callee=ir.Name(id=test), args=(ir.Name(id=tested), *_)):
            return condition.holds and tested == name and test.startswith("IS_ERR")
    return False
