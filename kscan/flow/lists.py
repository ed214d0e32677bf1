# SPDX-License-Identifier: GPL-2.0-only
"""Lists: which head a loop macro walks, and whether a list is searched before it is joined."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.cfg import ENTRY, Kind, Node, flow_of
from kscan.flow.paths import addressed
from kscan.flow.places import Place, place_of
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program import macros
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of

Ways = Container[tuple[int, int]]
"""Nodes, and those that follow them."""

_Asked = dict[Function, bool]
"""Functions, and whether they search."""


def walk_of(scope: Scope, functions: Functions, loop: ir.ForEach) -> tuple[str, ir.Expr] | None:
    """The list macro that a loop is, and its head; a driver's own macro is expanded."""
    if matches(functions.loops.heads, loop.macro):
        at = position(functions.loops.heads, loop.macro, 1)
        return (loop.macro, loop.args[at]) if at < len(loop.args) else None
    macro = scope.program.macro(loop.macro, scope.function.path)
    head = macros.head_of(macro.body) if macro is not None and macro.params else None
    if macro is None or head is None or head[0] == loop.macro:
        return None
    inner = macros.arguments_of(head[1])
    if inner is None:
        return None
    given = dict(zip(macro.params or (), loop.args, strict=False))
    args = tuple(macros.substituted(item, given, loop.at) for item in inner)
    return walk_of(scope, functions, ir.ForEach(head[0], args, (), loop.at))


def _head_of_loop(scope: Scope, functions: Functions, loop: ir.ForEach) -> ir.Expr | None:
    """The list head that a loop macro walks."""
    walk = walk_of(scope, functions, loop)
    return walk[1] if walk is not None else None


@dataclass(frozen=True)
class Join:
    """One call that puts a node on a list."""

    function: Function
    at: int
    node: ir.Expr
    head: ir.Expr
    place: Place
    """The list, by its head."""


@dataclass
class Lists:
    """The lists that functions of one program join and search."""

    program: Program
    functions: Functions

    def joins(self, function: Function) -> Iterator[Join]:
        """The joins that stand in the body of `function`."""
        scope = scope_of(self.program, function)
        known = self.functions.joins
        for call in self.program.body(function).calls:
            if not matches(known.names, call.name) or len(call.args) <= known.head:
                continue
            head, node = addressed(call.args[known.head]), addressed(call.args[known.node])
            place = place_of(scope, self.functions, head)
            if place is not None:
                yield Join(function, call.at, node, head, place)

    def searches_before(
        self, function: Function, at: int, wanted: set[Place], taken: Ways | None = None
    ) -> bool:
        """Every way to offset `at` of `function` looks at one of the lists or nodes `wanted`.

        Of the ways only those between nodes that are `taken`; all where that is None.
        """
        cfg = flow_of(self.program, function)
        target = cfg.containing(at)
        scope, waiting, seen = scope_of(self.program, function), [ENTRY], set[int]()
        asked: _Asked = {function: False}
        is_searched = False
        while waiting and target is not None:
            index = waiting.pop()
            if index == target.index:
                return False
            if index in seen:
                continue
            seen.add(index)
            if self._looks(scope, cfg.nodes[index], wanted, asked):
                is_searched = True
                continue
            following = cfg.nodes[index].then
            waiting += [to for to in following if taken is None or (index, to) in taken]
        return is_searched

    def searched_for(self, join: Join) -> set[Place]:
        """What a search before `join` would look at: its list, or the node itself."""
        scope = scope_of(self.program, join.function)
        node = place_of(scope, self.functions, join.node)
        return {join.place} if node is None else {join.place, node}

    def _looks(self, scope: Scope, node: Node, wanted: set[Place], asked: _Asked) -> bool:
        """One step walks a list, or asks whether it is empty."""
        if node.kind is Kind.LOOP and self._walks(scope, node.statement, wanted):
            return True
        return self._asks(scope, node.expressions(), wanted, asked)

    def _walks(self, scope: Scope, statement: ir.Stmt | None, wanted: set[Place]) -> bool:
        if not isinstance(statement, ir.ForEach):
            return False
        head = _head_of_loop(scope, self.functions, statement)
        return head is not None and self._place(scope, head) in wanted

    def _asks(
        self, scope: Scope, nodes: Iterable[ir.Expr], wanted: set[Place], asked: _Asked
    ) -> bool:
        for part in (part for node in nodes for part in ir.walk(node)):
            match part:
                case ir.Call(callee=ir.Name(id=name), args=args):
                    if matches(self.functions.heads.empty, name) and args:
                        if self._place(scope, args[0]) in wanted:
                            return True
                    elif self._searched_in(scope.function, name, wanted, asked):
                        return True
        return False

    def _searched_in(self, caller: Function, name: str, wanted: set[Place], asked: _Asked) -> bool:
        """A function of the same file that is called searches one of the lists."""
        return any(
            self._searches(callee, wanted, asked)
            for callee in self.program.resolve_within(name, caller.path, caller.path.__eq__)[:1]
        )

    def _searches(self, function: Function, wanted: set[Place], asked: _Asked) -> bool:
        """`function` searches one of the lists, itself or by what it calls."""
        if function not in asked:
            asked[function] = False
            scope = scope_of(self.program, function)
            asked[function] = any(
                self._walks(scope, statement, wanted)
                or self._asks(scope, ir.expressions(statement), wanted, asked)
                for statement in ir.statements(self.program.body(function).statements)
            )
        return asked[function]

    def _place(self, scope: Scope, node: ir.Expr) -> Place | None:
        return place_of(scope, self.functions, node)
