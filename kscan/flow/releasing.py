# SPDX-License-Identifier: GPL-2.0-only
"""Whether a store that overwrites a pointer leaves what that pointed to to nobody."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import Cfg, Kind, Node, flow_of
from kscan.flow.paths import addressed
from kscan.flow.places import Place, field_named, place_of
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.program.program import Function, Program
from kscan.program.types import scope_of


def releases_old(
    program: Program, functions: Functions, function: Function, at: int, place: Place | None
) -> bool:
    """Whatever `place` held is freed on every way that leads to its store at offset `at`, or on.

    Directly, or through the variable that it was read into.
    """
    cfg = flow_of(program, function)
    store = cfg.containing(at)
    if store is None or place is None:
        return False
    steps = _Steps(program, functions, function, place).freeing(cfg)
    return any(cfg.dominates(index, store.index) for index in steps) or _follows(cfg, store, steps)


@dataclass(frozen=True)
class _Steps:
    """The steps of one function that free what a place holds, or held."""

    program: Program
    functions: Functions
    function: Function
    place: Place

    def freeing(self, cfg: Cfg) -> frozenset[int]:
        """Their nodes, and the tests for NULL that stand right before them."""
        found = {node.index for node in cfg.nodes if self._frees(node)}
        tests = (
            node.index
            for node in (cfg.nodes if found else ())
            if node.kind is Kind.BRANCH and node.expr is not None and found & {*node.then}
            if self._holds(node.expr)
        )
        return frozenset(found | {*tests})

    def _frees(self, node: Node) -> bool:
        return any(
            self.functions.gives_up(part.name) and any(map(self._holds, part.args))
            for expr in node.expressions()
            for part in ir.walk(expr)
            if isinstance(part, ir.Call)
        )

    def _holds(self, node: ir.Expr) -> bool:
        """`node` is the place, or a variable that it was read into."""
        if self._reads(node):
            return True
        known = assigned_in(self.program, self.function)
        return isinstance(node, ir.Name) and any(map(self._reads, known.values(node.id)))

    def _reads(self, node: ir.Expr) -> bool:
        """`node` is the place, or what an exchange or its getter takes out of it."""
        match node:
            case ir.Call(callee=ir.Name(id=name)) if self._gets(name):
                return True
            case ir.Call(callee=ir.Name(id=name), args=args) if name in self.functions.loads:
                at = self.functions.loads.position(name)
                node = addressed(args[at]) if at < len(args) else node
            case ir.Call(callee=ir.Name(id=name), args=(first, *_)):
                node = first if name in self.functions.transparent else node
        return place_of(scope_of(self.program, self.function), self.functions, node) == self.place

    def _gets(self, name: str) -> bool:
        """`name` is a function that yields what the place holds."""
        return any(
            matches(keeper.getters, name) and field_named(keeper.field) == self.place
            for keeper in self.functions.keeper
        )


def _follows(cfg: Cfg, store: Node, stops: frozenset[int]) -> bool:
    """Every way on from the store comes to one of the steps `stops`."""
    seen, waiting = set[int](), list(store.then)
    if store.index in stops:
        return True
    while waiting:
        index = waiting.pop()
        if index in stops or index in seen:
            continue
        seen.add(index)
        if not cfg.nodes[index].then:
            return False
        waiting += cfg.nodes[index].then
    return bool(stops)
