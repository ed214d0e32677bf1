# SPDX-License-Identifier: GPL-2.0-only
"""Under which conditions one place of a function runs: branches, and tests in its expression."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import networkx as nx

from kscan.facts import ir
from kscan.flow.cfg import Cfg, Kind, Node
from kscan.flow.paths import spelled

NEAREST = 100
"""Dominating branches that are looked at, those nearest to the place."""


@dataclass(frozen=True)
class Condition:
    """`test` is true, or false, wherever the place runs."""

    test: ir.Expr
    holds: bool


def conditions_of(cfg: Cfg, at: int, names: Collection[str] | None = None) -> tuple[Condition, ...]:
    """What holds wherever the expression at offset `at` is evaluated, in program order.

    With `names` those branches alone count that test one of these variables by itself.
    """
    node = cfg.containing(at)
    if node is None:
        return ()
    found = [reduced(test, holds) for test, holds in _dominating(cfg, node, names)]
    for expr in node.expressions():
        found += [reduced(test, holds) for test, holds in _within(expr, at)]
    return tuple(found)


def _dominating(
    cfg: Cfg, node: Node, names: Collection[str] | None
) -> Iterator[tuple[ir.Expr, bool]]:
    """The branches that every way to `node` passes, and leaves by the same side."""
    branches = [
        other
        for other in cfg.nodes
        if other.kind is Kind.BRANCH
        and other.index != node.index
        and (names is None or _name_in(other) in names)
        and cfg.dominates(other.index, node.index)
    ]
    for branch in branches[-NEAREST:]:
        assert branch.expr is not None
        past = nx.restricted_view(cfg.graph, [branch.index], [])
        sides = [nx.has_path(past, side, node.index) for side in branch.then[:2]]
        if sides.count(True) == 1:
            yield branch.expr, sides[0]


def _name_in(branch: Node) -> str:
    """The variable that `branch` tests by itself; empty where it tests none."""
    test = reduced(branch.expr).test if branch.expr is not None else None
    return test.id if isinstance(test, ir.Name) else ""


def values_at(cfg: Cfg, at: int, path: str) -> frozenset[str]:
    """The constants one of which `path` equals wherever `at` runs; none where no test says so."""
    for condition in conditions_of(cfg, at):
        match condition.test:
            case ir.Binary(op="==" | "!=" as op, left=left, right=ir.Name(id=name)):
                if spelled(left) == path and condition.holds == (op == "=="):
                    return frozenset({name})
    node = cfg.containing(at)
    if node is None:
        return frozenset()
    switches = (n for n in cfg.nodes if n.kind is Kind.SWITCH and spelled(n.expr) == path)
    passed = (n for n in switches if cfg.dominates(n.index, node.index))
    return next((_cases(cfg, switch, node) for switch in passed), frozenset())


def _cases(cfg: Cfg, switch: Node, node: Node) -> frozenset[str]:
    """The constants of the cases of `switch` from which `node` is reached; none for a default."""
    past = nx.restricted_view(cfg.graph, [switch.index], [])
    leading = [cfg.nodes[i] for i in switch.then if nx.has_path(past, i, node.index)]
    values = [n.statement.value for n in leading if isinstance(n.statement, ir.Case)]
    names = {value.id for value in values if isinstance(value, ir.Name)}
    return frozenset(names) if len(names) == len(leading) else frozenset()


def _within(expr: ir.Expr, at: int) -> Iterator[tuple[ir.Expr, bool]]:
    """The tests of ``?:``, ``&&`` and ``||`` in `expr` that decide whether `at` is reached."""
    for part in ir.walk(expr):
        match part:
            case ir.Choice(test=test, then=then, other=other):
                if then is not None and _holds(then, at):
                    yield test, True
                elif _holds(other, at):
                    yield test, False
            case ir.Binary(op="&&" | "||" as op, left=left, right=right) if _holds(right, at):
                yield left, op == "&&"


def _holds(expr: ir.Expr, at: int) -> bool:
    return any(part.at == at for part in ir.walk(expr))


def reduced(test: ir.Expr, holds: bool = True) -> Condition:
    """`test`, which holds or not, without negations and comparisons with zero."""
    match test:
        case ir.Unary(op="!", operand=inner):
            return reduced(inner, not holds)
        case ir.Binary(op="==" | "!=" as op, left=left, right=ir.Const() as zero) if zero.is_zero:
            return reduced(left, holds == (op == "!="))
        case ir.Binary(op="==" | "!=" as op, left=ir.Const() as zero, right=right) if zero.is_zero:
            return reduced(right, holds == (op == "!="))
        case ir.Call(callee=ir.Name(id="likely" | "unlikely"), args=(inner,)):
            return reduced(inner, holds)
    return Condition(test, holds)
