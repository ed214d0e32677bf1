# SPDX-License-Identifier: GPL-2.0-only
"""The control flow of one function: a graph of nodes that each evaluate one expression.

Conditions are split at ``&&``, ``||`` and ``!``, so every branch tests one thing and a guard
is an edge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import networkx as nx

from kscan.facts import ir
from kscan.program.program import Function, Program

ENTRY, EXIT = 0, 1
"""Where a function begins and ends, as nodes of its graph."""

Ends = list[tuple[int, int]]
"""Open ends: a node, and the position of its successor that is not known yet."""


class Kind(StrEnum):
    """What a node does."""

    ENTRY = "entry"
    EVALUATE = "evaluate"
    DECLARE = "declare"
    BRANCH = "branch"
    LOOP = "loop"  # a list macro: true enters the body, false leaves
    GUARD = "guard"  # a scope that holds a lock
    SWITCH = "switch"
    RETURN = "return"
    EXIT = "exit"


@dataclass
class Node:
    """One step; `then` are its successors, a branch's true and false side first and second."""

    index: int
    kind: Kind
    expr: ir.Expr | None = None
    statement: ir.Stmt | None = None
    then: list[int] = field(default_factory=list)

    @property
    def at(self) -> int:
        """The offset of what it evaluates."""
        if self.expr is not None:
            return self.expr.at
        return self.statement.at if self.statement is not None else 0

    def expressions(self) -> tuple[ir.Expr, ...]:
        """The expressions it evaluates."""
        if isinstance(self.statement, ir.ForEach | ir.Guarded):
            return self.statement.args
        return (self.expr,) if self.expr is not None else ()


@dataclass
class Cfg:
    """The nodes of a function, `ENTRY` and `EXIT` first."""

    nodes: list[Node]

    @cached_property
    def graph(self) -> nx.DiGraph:
        """The nodes by index."""
        found = nx.DiGraph()
        found.add_nodes_from(range(len(self.nodes)))
        found.add_edges_from((n.index, to) for n in self.nodes for to in n.then)
        return found

    @cached_property
    def _spans(self) -> dict[int, tuple[int, int]]:
        """Of each node that is reached, its place in the tree of dominators and its last one's."""
        tree: dict[int, list[int]] = {}
        for node, above in nx.immediate_dominators(self.graph, 0).items():
            if node != 0:
                tree.setdefault(above, []).append(node)
        spans: dict[int, tuple[int, int]] = {}
        places: dict[int, int] = {}
        pending = [0]
        while pending:
            node = pending.pop()
            if node < 0:  # everything below it has its place
                spans[~node] = (places[~node], len(places))
                continue
            places[node] = len(places)
            pending += [~node, *tree.get(node, ())]
        return spans

    @cached_property
    def returns(self) -> dict[int, Node]:
        """The nodes that return, by offset."""
        return {node.at: node for node in reversed(self.nodes) if node.kind is Kind.RETURN}

    @cached_property
    def names(self) -> list[frozenset[str]]:
        """Of each node the names that it mentions or declares."""
        return [frozenset(_mentioned(node)) for node in self.nodes]

    def dominates(self, first: int, second: int) -> bool:
        """Every way from the entry to `second` passes `first`."""
        if first not in self._spans or second not in self._spans:
            return first == second
        start, end = self._spans[first]
        return start <= self._spans[second][0] < end

    def passes(self, several: Collection[int], target: int) -> bool:
        """Every way from the entry to `target` passes one of `several`."""
        if any(self.dominates(one, target) for one in several):
            return True
        return len(several) > 1 and self.passes_between(0, several, target)

    def passes_between(self, start: int, several: Collection[int], target: int) -> bool:
        """Every way from `start` to `target` passes one of `several` in between."""
        seen = {start, *several} - {target}
        pending = [start]
        while pending:
            for following in self.nodes[pending.pop()].then:
                if following == target:
                    return False
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        return start != target

    def reaching(self, target: int) -> frozenset[int]:
        """The nodes from which `target` can be reached, itself left out unless in a loop."""
        found = nx.ancestors(self.graph, target)
        if any(target in self.nodes[n].then for n in found | {target}) and nx.has_path(
            self.graph, target, target
        ):
            return frozenset(found)
        return frozenset(found - {target})

    def last_before(self, target: int, several: Collection[int]) -> frozenset[int]:
        """Those of `several` from which some way leads to `target` and passes no other of them."""
        found: set[int] = set()
        pending = [target]
        seen: set[int] = set()
        while pending:
            for above in self.graph.predecessors(pending.pop()):
                if above in several:
                    found.add(above)
                elif above not in seen:
                    seen.add(above)
                    pending.append(above)
        return frozenset(found)

    def containing(self, at: int) -> Node | None:
        """The node that evaluates the call or access at offset `at`."""
        index = self._by_offset.get(at)
        return self.nodes[index] if index is not None else None

    @cached_property
    def _by_offset(self) -> dict[int, int]:
        """The first node that evaluates something at an offset."""
        found: dict[int, int] = {}
        for node in self.nodes:
            for expr in node.expressions():
                for part in ir.walk(expr):
                    found.setdefault(part.at, node.index)
        return found


def cfg_of(body: ir.Body) -> Cfg:
    """The control flow of `body`."""
    return _Builder().built(body)


def flow_of(program: Program, function: Function) -> Cfg:
    """The control flow of `function`, built once."""
    known: Cfg | None = program.flows.get(function)
    if known is None:
        known = program.flows[function] = cfg_of(program.body(function))
    return known


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.labels: dict[str, int] = {}
        self.gotos: list[tuple[int, str]] = []
        self.breaks: list[list[int]] = []
        self.continues: list[int] = []
        self.cases: list[Node] = []
        self.defaulted: list[bool] = []

    def built(self, body: ir.Body) -> Cfg:
        entry, leave = self._new(Kind.ENTRY), self._new(Kind.EXIT)
        ends = self._block(body.statements, [(entry.index, 0)])
        self._join(ends, leave.index)
        for source, label in self.gotos:
            self.nodes[source].then.append(self.labels.get(label, leave.index))
        return Cfg(self.nodes)

    def _new(self, kind: Kind, expr: ir.Expr | None = None, stmt: ir.Stmt | None = None) -> Node:
        node = Node(len(self.nodes), kind, expr, stmt)
        self.nodes.append(node)
        return node

    def _join(self, ends: Ends, target: int) -> None:
        """Leads every open end, a node and the position of its successor, to `target`."""
        for source, position in ends:
            then = self.nodes[source].then
            while len(then) <= position:
                then.append(target)
            then[position] = target

    def _block(self, statements: tuple[ir.Stmt, ...], ends: Ends) -> Ends:
        for statement in statements:
            ends = self._statement(statement, ends)
        return ends

    def _step(self, kind: Kind, expr: ir.Expr | None, stmt: ir.Stmt, ends: Ends) -> Node:
        node = self._new(kind, expr, stmt)
        self._join(ends, node.index)
        return node

    def _statement(self, statement: ir.Stmt, ends: Ends) -> Ends:  # noqa: C901
        match statement:
            case ir.Declare(value=value):
                return [(self._step(Kind.DECLARE, value, statement, ends).index, 0)]
            case ir.Evaluate(value=value):
                return [(self._step(Kind.EVALUATE, value, statement, ends).index, 0)]
            case ir.Return(value=value):
                node = self._step(Kind.RETURN, value, statement, ends)
                node.then.append(1)
                return []
            case ir.If(test=test, then=then, other=other):
                yes, no = self._condition(test, statement, ends)
                return [*self._block(then, yes), *self._block(other, no)]
            case ir.While():
                return self._while(statement, ends)
            case ir.ForEach(body=body):
                return self._for_each(statement, body, ends)
            case ir.Guarded(body=body):
                node = self._step(Kind.GUARD, None, statement, ends)
                return self._block(body, [(node.index, 0)])
            case ir.Switch():
                return self._switch(statement, ends)
            case ir.Case():
                return self._case(statement, ends)
            case ir.Label(name=name):
                node = self._step(Kind.EVALUATE, None, statement, ends)
                self.labels[name] = node.index
                return [(node.index, 0)]
            case ir.Goto(name=name):
                node = self._step(Kind.EVALUATE, None, statement, ends)
                self.gotos.append((node.index, name))
                return []
            case ir.Break():
                if self.breaks:
                    node = self._step(Kind.EVALUATE, None, statement, ends)
                    self.breaks[-1].append(node.index)
                return []
            case ir.Continue():
                if self.continues:
                    self._join(ends, self.continues[-1])
                return []

    def _condition(self, test: ir.Expr, statement: ir.Stmt, ends: Ends) -> tuple[Ends, Ends]:
        match test:
            case ir.Unary(op="!", operand=inner):
                yes, no = self._condition(inner, statement, ends)
                return no, yes
            case ir.Binary(op="&&", left=left, right=right):
                yes, no = self._condition(left, statement, ends)
                then, other = self._condition(right, statement, yes)
                return then, [*no, *other]
            case ir.Binary(op="||", left=left, right=right):
                yes, no = self._condition(left, statement, ends)
                then, other = self._condition(right, statement, no)
                return [*yes, *then], other
            case ir.Call(callee=ir.Name(id="likely" | "unlikely"), args=(inner,)):
                return self._condition(inner, statement, ends)
        node = self._new(Kind.BRANCH, test, statement)
        self._join(ends, node.index)
        node.then = [1, 1]
        return [(node.index, 0)], [(node.index, 1)]

    def _while(self, loop: ir.While, ends: Ends) -> Ends:
        ends = self._block(loop.before, ends)
        head = self._step(Kind.EVALUATE, None, loop, [] if loop.body_first else ends)
        step = self._new(Kind.EVALUATE, loop.step, loop)
        first = self._new(Kind.EVALUATE, None, loop)
        yes: list[tuple[int, int]] = [(head.index, 0)]
        no: list[tuple[int, int]] = []
        if loop.test is not None:
            yes, no = self._condition(loop.test, loop, yes)
        self._join(yes, first.index)
        if loop.body_first:
            self._join(ends, first.index)
        self.breaks.append([])
        self.continues.append(step.index)
        self._join(self._block(loop.body, [(first.index, 0)]), step.index)
        self._join([(step.index, 0)], head.index)
        self.continues.pop()
        return [*no, *((n, 0) for n in self.breaks.pop())]

    def _for_each(self, loop: ir.ForEach, body: tuple[ir.Stmt, ...], ends: Ends) -> Ends:
        head = self._step(Kind.LOOP, None, loop, ends)
        head.then = [1, 1]
        self.breaks.append([])
        self.continues.append(head.index)
        self._join(self._block(body, [(head.index, 0)]), head.index)
        self.continues.pop()
        return [(head.index, 1), *((n, 0) for n in self.breaks.pop())]

    def _switch(self, switch: ir.Switch, ends: Ends) -> Ends:
        head = self._step(Kind.SWITCH, switch.value, switch, ends)
        self.cases.append(head)
        self.defaulted.append(False)
        self.breaks.append([])
        ends = self._block(switch.body, [])
        self.cases.pop()
        leave = [*ends, *((n, 0) for n in self.breaks.pop())]
        if not self.defaulted.pop():
            leave.append((head.index, len(head.then)))
        return leave

    def _case(self, case: ir.Case, ends: Ends) -> Ends:
        if not self.cases:
            return ends
        node = self._step(Kind.EVALUATE, None, case, ends)
        self.cases[-1].then.append(node.index)
        if case.value is None:
            self.defaulted[-1] = True
        return [(node.index, 0)]


def _mentioned(node: Node) -> Iterator[str]:
    """The names that `node` mentions or declares."""
    if isinstance(node.statement, ir.Declare):
        yield node.statement.name
    for expr in node.expressions():
        for part in ir.walk(expr):
            if isinstance(part, ir.Name):
                yield part.id
