# SPDX-License-Identifier: GPL-2.0-only
"""Whether a callback looks at what its first call changed before it does something again."""

from __future__ import annotations

from collections.abc import Iterator

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import Cfg, Kind, Node, flow_of
from kscan.flow.places import place_of
from kscan.kernel.names import matches
from kscan.program.program import Function
from kscan.program.types import scope_of
from kscan.repeats.again import Again


def is_looked_at(again: Again, function: Function, at: int) -> bool:
    """A test on the way to offset `at` reads what the first call changed, and stays open.

    The second call, executed, may go both ways from it; only one of them leads there.
    """
    undecided = again.run(False).undecided
    return any(
        (f, node.index) in undecided and _reads_changed(again, f, node)
        for f, place in again.upwards(function, at)
        for node in _deciding(flow_of(again.program, f), place)
    )


def _deciding(cfg: Cfg, at: int) -> Iterator[Node]:
    """The branches of which one side leads to offset `at`, and the other does not."""
    target = cfg.containing(at)
    if target is None:
        return
    before = cfg.reaching(target.index) | {target.index}
    for index in before:
        node = cfg.nodes[index]
        if node.kind is Kind.BRANCH and len({*node.then} & before) == 1 and node is not target:
            yield node


def _reads_changed(again: Again, function: Function, node: Node) -> bool:
    """The test reads a place that the first call changed, or a variable that was read from it."""
    scope, functions = scope_of(again.program, function), again.catalogue.functions
    known = assigned_in(again.program, function)
    exprs = [node.expr] if node.expr is not None else []
    for part in ir.walk(exprs[0]) if exprs else ():
        if isinstance(part, ir.Name):
            exprs += [v for v in known.values(part.id) if not _acquires(again, v)]
    return any(
        place_of(scope, functions, part) in again.changed
        and again.memory_behind(function, part) is None
        for expr in exprs
        for part in ir.walk(expr)
        if isinstance(part, ir.Member | ir.Name)
    )


def _acquires(again: Again, value: ir.Expr) -> bool:
    """`value` is a new object, or one that is looked up: of its arguments it tells nothing."""
    functions = again.catalogue.functions
    match value:
        case ir.Call(callee=ir.Name(id=name)):
            return name in functions.fresh or matches(functions.lookups.takes_reference, name)
    return False
