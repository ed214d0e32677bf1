# SPDX-License-Identifier: GPL-2.0-only
"""Executes a function abstractly, in a world where some places are not written yet.

Values are as coarse as NULL, valid, error, bogus; branches that such a value decides are
taken one way only. What happens to a value read too early (dereferenced, tested and
refused, computed with, stored) comes out as events.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import cached_property

from kscan.execution import walking
from kscan.execution.comparing import excludes
from kscan.execution.evaluate import Evaluation
from kscan.execution.frame import Run, State
from kscan.execution.values import ANY, Taint, Value, What, joined, truth
from kscan.facts import ir
from kscan.flow.cfg import Kind, Node, flow_of
from kscan.flow.depth import DEPTH, TOO_DEEP, Call
from kscan.program.program import Function
from kscan.program.types import scope_of

_Way = tuple[int, Taint | None, frozenset[str]]
"""A node, the late read that decided a branch on the way there, and what holds such a value."""

Stored = tuple[tuple[str, Value], ...]
"""What places hold that the world is about, each by its key."""

MOST_STEPS = 6_000
"""Nodes one function's execution visits before it gives up; an audit of 6.12 needs 212."""

_TOO_LONG = f"executing it ends after {MOST_STEPS:,} statements"


@dataclass
class Outcome:
    """How one execution of a function ended."""

    returns: list[tuple[Value, Taint | None, int]] = field(default_factory=list)
    """Returned value, the late read that led there, and the offset of the return."""
    visited: set[int] = field(default_factory=set)
    shared: frozenset[str] = frozenset()
    """Keys of the places that its callers see as well."""
    stored: dict[str, Value] | None = None
    """What the function leaves in shared places, by key; None while it has not ended."""

    def end(self, state: State) -> None:
        """One way ends in `state`: a place that only some ways store may hold anything."""
        found = state.stored(self.shared)
        known = found if self.stored is None else self.stored
        self.stored = {
            key: joined(known.get(key, ANY), found.get(key, ANY)) for key in {**known, **found}
        }

    @property
    def value(self) -> Value:
        """What the caller gets."""
        result: Value | None = None
        for value, decided, _ in self.returns:
            if decided is not None and value.taint is None and value.what is not What.ANY:
                value = replace(value, taint=decided, chosen=True)  # noqa: PLW2901
            result = value if result is None else joined(result, value)
        return result or ANY


@dataclass
class Execution(Run):
    """Runs functions, and those that they call."""

    visited: dict[Function, set[int]] = field(default_factory=dict)
    """The nodes that were executed, of every function entered."""
    keeps_ways: bool = False
    taken: dict[Function, set[tuple[int, int]]] = field(default_factory=dict)
    """The ways from node to node that it went, where it `keeps_ways`: there are many."""
    undecided: set[tuple[Function, int]] = field(default_factory=set)
    """The branches that were taken both ways."""
    _memo: dict[tuple[object, ...], tuple[Value, Stored]] = field(default_factory=dict)

    @cached_property
    def shared(self) -> frozenset[str]:
        """Keys of the places that the world is about: what is stored there, all functions see.

        So they do of a late value, wherever it is stored.
        """
        return frozenset(p.key for p in {*self.world.late, *self.world.given})

    def run(
        self,
        function: Function,
        args: tuple[Value, ...] = (),
        frames: tuple[Call, ...] = (),
        start: int = 0,
        stored: Stored = (),
    ) -> Outcome:
        """Executes `function` from node `start` on; shared places hold what was `stored`."""
        cfg = flow_of(self.program, function)
        env = dict(stored) | {
            parameter.name: value
            for parameter, value in zip(function.fact.params, args, strict=False)
        }
        outcome = Outcome(shared=self.shared.union(key for key, _ in stored))
        states: dict[_Way, State] = {(start, None, frozenset()): State(env)}
        waiting = deque(states)
        visited = self.visited.setdefault(function, set())
        frame = Evaluation(self, function, scope_of(self.program, function), State({}), frames)
        steps = 0
        while waiting and steps < MOST_STEPS:
            steps += 1
            key = waiting.popleft()
            node, state = cfg.nodes[key[0]], states[key].copy()
            outcome.visited.add(node.index)
            visited.add(node.index)
            frame.state = state
            targets = self._step(node, frame, outcome)
            if state.is_over:
                continue
            late = frame.late
            if self.keeps_ways:
                taken = self.taken.setdefault(function, set())
                taken.update((node.index, target) for target in targets)
            for target in targets:
                following = (target, state.decided, late)
                if following not in states:
                    states[following] = state.copy() if len(targets) > 1 else state
                    waiting.append(following)
                elif states[following].absorb(state) and following not in waiting:
                    waiting.append(following)
        if waiting:
            self.program.cut(function, _TOO_LONG)
        return outcome

    def _step(self, node: Node, frame: Evaluation, outcome: Outcome) -> list[int]:
        """Evaluates `node`; the nodes that may come next, with the state changed in place."""
        match node.kind:
            case Kind.RETURN:
                value = frame.value(node.expr) if node.expr is not None else ANY
                if not frame.state.is_over:
                    outcome.returns.append((value, frame.state.decided, node.at))
                    outcome.end(frame.state)
                return []
            case Kind.EXIT:
                outcome.end(frame.state)
            case Kind.BRANCH:
                return self._branch(node, frame)
            case Kind.LOOP:
                return self._loop(node, frame)
            case Kind.SWITCH:
                return self._switch(node, frame)
            case Kind.DECLARE:
                self._declare(node, frame)
            case _ if self._leaves(node, frame):
                return []
        return node.then

    def _leaves(self, node: Node, frame: Evaluation) -> bool:
        """Evaluates a node without a way of its own; whether the function ends there."""
        if node.kind is Kind.GUARD:
            assert isinstance(node.statement, ir.Guarded)
            for expr in node.expressions():
                frame.value(expr)
            frame.holds(node.statement)
        elif node.expr is not None:
            frame.value(node.expr)
            return frame.leaves(node.expr)
        return False

    def _declare(self, node: Node, frame: Evaluation) -> None:
        assert isinstance(node.statement, ir.Declare)
        declared = node.statement
        value = frame.value(node.expr) if node.expr is not None else ANY
        if declared.type.array or (not declared.type.ptr and declared.type.tag):
            value = Value(What.SET, None, "fresh")
        if not declared.static:
            frame.state.env[declared.name] = value

    def _branch(self, node: Node, frame: Evaluation) -> list[int]:
        assert node.expr is not None
        value = frame.value(node.expr)
        known = truth(value)
        if known is None:
            self.undecided.add((frame.function, node.index))
            return list(dict.fromkeys(node.then))
        if value.taint is not None:
            frame.state.decided = value.taint
        return [node.then[0 if known else 1]]

    def _switch(self, node: Node, frame: Evaluation) -> list[int]:
        """The cases that the value may mean: zero means no other number."""
        assert node.expr is not None
        value = frame.switched(node.expr)
        nodes = flow_of(self.program, frame.function).nodes
        if value.origin == "offered":
            return [at for at in node.then if not self._is_never(value, nodes[at].statement)]
        if value.what is not What.ZERO:
            return node.then
        return [at for at in node.then if not _is_other_number(nodes[at].statement)] or node.then

    def _is_never(self, value: Value, statement: ir.Stmt | None) -> bool:
        """``case IOMMU_DOMAIN_UNMANAGED:`` of what the core never offers."""
        case = statement.value if isinstance(statement, ir.Case) else None
        return excludes(value, case, self.world.never)

    def _loop(self, node: Node, frame: Evaluation) -> list[int]:
        assert isinstance(node.statement, ir.ForEach)
        idle, taint = walking.walks(frame, node.statement)
        for argument in node.expressions():
            frame.value(argument)
        if idle:
            frame.state.decided = taint or frame.state.decided
            return [node.then[1]]
        for argument in node.statement.args[:2]:
            if isinstance(argument, ir.Name) and argument.id in frame.state.env:
                frame.state.env[argument.id] = ANY
        return list(dict.fromkeys(node.then))

    def enter(
        self, function: Function, args: tuple[Value, ...], frames: tuple[Call, ...], state: State
    ) -> Value | None:
        """As the run says; a call that was entered before yields what it did then."""
        if any(frame.callee == function for frame in frames[:-1]):
            return None
        if len(frames) > DEPTH:
            self.program.cut(frames[0].caller, TOO_DEEP)
            return None
        stored = tuple(state.stored(self.shared).items())
        key = (function, args, stored)
        if key not in self._memo:
            self._memo[key] = ANY, ()
            outcome = self.run(function, args, frames, stored=stored)
            self._memo[key] = outcome.value, tuple((outcome.stored or {}).items())
        value, left = self._memo[key]
        state.env.update(left)
        return value


def _is_other_number(statement: ir.Stmt | None) -> bool:
    """``case 2:``: not zero."""
    value = statement.value if isinstance(statement, ir.Case) else None
    return isinstance(value, ir.Const) and value.text[:1].isdigit() and value.text != "0"


def is_refusal(value: Value, pointer: bool) -> bool:
    """`value` turns an object away: an error, or NULL from a function that returns a pointer."""
    return value.what is What.ERROR or (pointer and value.what is What.ZERO)


@dataclass
class Refusal:
    """What comes of a late read after which the function can only refuse."""

    taint: Taint
    at: int
    """Offset of the first return that does."""
    again: bool = True
    """Every one says to come again."""


def declined(outcome: Outcome, pointer: bool) -> list[Refusal]:
    """The late reads after which the function can only refuse.

    `pointer` says that it returns a pointer, of which NULL is a refusal too.
    """
    found: dict[Taint, Refusal] = {}
    accepted: set[Taint] = set()
    for value, decided, at in outcome.returns:
        taint = value.taint or decided
        if taint is None:
            continue
        if is_refusal(value, pointer):
            refusal = found.setdefault(taint, Refusal(taint, at))
            refusal.again = refusal.again and value.origin == "again"
        elif decided is not None:
            accepted.add(decided)
    return [refusal for taint, refusal in found.items() if taint not in accepted]
