# SPDX-License-Identifier: GPL-2.0-only
"""A loop over a list, in one state: whether it runs at all, when the instance joins too late."""

from __future__ import annotations

from kscan.execution import readiness
from kscan.execution.frame import Frame
from kscan.execution.values import INVALID, Taint
from kscan.facts import ir
from kscan.flow.lists import walk_of

_Ways = type[ir.Stmt] | tuple[type[ir.Stmt], ...]
_LEAVING = (ir.Return, ir.Break, ir.Goto)


def walks(frame: Frame, loop: ir.ForEach) -> tuple[bool, Taint | None]:
    """Whether the body of `loop` never runs, and the late read that decides what follows.

    To walk a list one is not on yet is harmless; to take an entry of it is not, nor is to search
    it for one's own node, or for one instance where no other serves the device at hand.
    """
    walk = walk_of(frame.scope, frame.execution.world.functions, loop)
    if walk is None:
        return False, None
    macro, head = walk
    readiness.walked(frame, macro, head, loop.at)
    value = frame.value(head)
    if value.taint is not None and value.what in INVALID:
        frame.dereferenced(value, loop.at)
        return True, None
    taint = frame.late_list(head)
    if taint is None:
        return False, None
    nodes = frame.execution.world.functions.lookups.nodes
    found = _takes_the_first(loop) or _looks_up_by_node(loop, nodes)
    return True, taint if found or (frame.execution.world.alone and _searches(loop)) else None


def _takes_the_first(loop: ir.ForEach) -> bool:
    """The loop ends in its first round: ``list_for_each_entry(…) return it;``."""
    for statement in loop.body:
        if _tests(statement, ir.Continue):
            return False
        if isinstance(statement, _LEAVING):
            return True
    return False


def _searches(loop: ir.ForEach) -> bool:
    """The loop ends with the entry that some test chooses, or does not pass over."""
    ends = any(isinstance(statement, _LEAVING) for statement in loop.body)
    return ends or any(_tests(statement, _LEAVING) for statement in loop.body)


def _tests(statement: ir.Stmt, ways: _Ways) -> bool:
    """Whether control takes one of `ways` after `statement` hangs on what that tests."""
    return isinstance(statement, ir.If) and any(
        isinstance(inner, ways) for inner in (*statement.then, *statement.other)
    )


def _looks_up_by_node(loop: ir.ForEach, nodes: tuple[str, ...]) -> bool:
    """The loop compares what members like `nodes` hold: it searches the list for one instance."""
    return any(
        isinstance(part, ir.Binary) and part.op in ("==", "!=") and _names_one(part, nodes)
        for statement in loop.body
        for expr in ir.expressions(statement)
        for part in ir.walk(expr)
    )


def _names_one(comparison: ir.Binary, members: tuple[str, ...]) -> bool:
    parts = ir.walk(comparison)
    return any(isinstance(part, ir.Member) and part.field in members for part in parts)
