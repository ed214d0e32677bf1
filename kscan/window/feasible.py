# SPDX-License-Identifier: GPL-2.0-only
"""Feasible ways: those from a registration on whose conditions can hold together.

The shortest way may pass ``id ? with_id(id) : without()`` with an id that its caller spells NULL,
or a test of the bus that the device is not on, or of the driver that it does not have. What is
known on a way is which parameters are NULL there, and which of their members, and which bus's
table it went through; everything else may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from itertools import count

from kscan.facts import ir
from kscan.flow.assigned import changed_names
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import Condition, conditions_of, reduced
from kscan.kernel.contracts import Unset
from kscan.kernel.functions import Functions
from kscan.program import macros
from kscan.program.calls import CallSite, EdgeKind, Slot
from kscan.program.graph import Edge, Reach, length
from kscan.program.program import Function, Program
from kscan.program.tables import Entry
from kscan.program.types import scope_of
from kscan.window.nulls import Nulls

MOST_STATES = 2_000
"""Functions, each with what is known there, that one search visits."""


@dataclass(frozen=True)
class _Known:
    """What holds at one place of a way."""

    null: frozenset[str] = frozenset()
    """Parameters that are NULL."""
    valid: frozenset[str] = frozenset()
    """Parameters that point at something."""
    unset: frozenset[tuple[str, str]] = frozenset()
    """Members that are NULL, each with the parameter that leads to it."""
    tables: frozenset[str] = frozenset()
    """The tables that may be those of the device's bus; empty where any may."""


@dataclass(frozen=True)
class Feasible:
    """Finds, for a shortest way of `reach`, the shortest one that can run."""

    program: Program
    reach: Reach
    last: tuple[str, ...]
    """Functions that a way passes only where there is no other."""
    visited: Callable[[Slot], Iterable[Entry]]
    """The table entries that the walk meets behind a slot."""
    functions: Functions
    unset: tuple[Unset, ...] = ()
    """The members that are NULL of what the walk hands to a slot."""
    _on: dict[tuple[Edge, _Known], _Known | None] = field(default_factory=dict)
    _conditions: dict[tuple[Function, int], tuple[Condition, ...]] = field(default_factory=dict)

    def way(self, shortest: tuple[Edge, ...]) -> tuple[Edge, ...]:
        """`shortest`, or the shortest way to the same function that does not contradict itself."""
        if self.may_run(shortest):
            return shortest
        return self._found(shortest[-1].callee) or shortest

    def may_run(self, way: tuple[Edge, ...]) -> bool:
        """`way` does not contradict itself."""
        return self._known_at(way) is not None

    def is_met(self, target: Function, site: CallSite | None = None) -> bool:
        """`target` may run, and come to `site`: a way there does not contradict itself.

        Or there are too many to be looked at.
        """
        known = self._known_at(self.reach.way(target))
        if known is not None and not (site and self._is_shut(target, site, known)):
            return True
        return self._found(target, site) is not None

    def _known_at(self, way: tuple[Edge, ...]) -> _Known | None:
        """What is known at the end of `way`; None where that cannot run."""
        known: _Known | None = _Known()
        for edge in way:
            known = self._beyond(edge, known) if known is not None else None
        return known

    def _beyond(self, edge: Edge, known: _Known) -> _Known | None:
        """What is known behind `edge`; None where it is not taken if `known` holds."""
        if (edge, known) not in self._on:
            is_shut = self._is_shut(edge.caller, edge.site, known)
            self._on[edge, known] = None if is_shut else self._passed(edge, known)
        return self._on[edge, known]

    def _found(self, target: Function, site: CallSite | None = None) -> tuple[Edge, ...] | None:
        """The shortest way to `target`, and on to its `site`, that can run; None for none.

        An empty one where there are too many to be looked at.
        """
        turn = count()
        leading = self._leading(target)
        waiting: list[tuple[int, int, int, Function, _Known, tuple[Edge, ...]]] = []
        heappush(waiting, (0, 0, next(turn), self.reach.root, _Known(), ()))
        seen: set[tuple[Function, _Known]] = set()
        while waiting and len(seen) < MOST_STATES:
            cost, rank, _, caller, known, way = heappop(waiting)
            if caller == target and not (site and self._is_shut(caller, site, known)):
                return way
            if (caller, known) in seen:
                continue
            seen.add((caller, known))
            for edge in self.reach.edges.get(caller, ()):
                then = self._beyond(edge, known) if edge.callee in leading else None
                if then is not None:
                    further, now = length(edge, self.last), next(turn)
                    order = (cost + further, now if further else rank, now)
                    heappush(waiting, (*order, edge.callee, then, (*way, edge)))
        return () if waiting else None

    def _leading(self, target: Function) -> frozenset[Function]:
        """`target`, and every function that leads to it."""
        found, waiting = {target}, [target]
        while waiting:
            for caller in self._callers.get(waiting.pop(), ()):
                if caller not in found:
                    found.add(caller)
                    waiting.append(caller)
        return frozenset(found)

    @cached_property
    def _callers(self) -> dict[Function, list[Function]]:
        callers: dict[Function, list[Function]] = {}
        for edges in self.reach.edges.values():
            for edge in edges:
                callers.setdefault(edge.callee, []).append(edge.caller)
        return callers

    def _is_shut(self, caller: Function, site: CallSite, known: _Known) -> bool:
        """`caller` does not come to `site` where `known` holds."""
        if known == _Known() or site.kind is EdgeKind.ASSUMED:
            return False
        place = (caller, site.at)
        if place not in self._conditions:
            self._conditions[place] = conditions_of(flow_of(self.program, caller), site.at)
        return any(self._excludes(known, one, caller) for one in self._conditions[place])

    def _excludes(self, known: _Known, condition: Condition, function: Function) -> bool:
        """`condition` does not hold where `known` does."""
        if self._nulls(function, known).has(condition.test):
            return condition.holds
        match condition.test:
            case ir.Name(id=name):
                return not condition.holds and name in known.valid
            case ir.Call(callee=ir.Name()) as call if known.tables:
                body = macros.expanded(self.program, function.path, call)
                inner = reduced(body, condition.holds) if body is not None else None
                return inner is not None and _excludes_bus(known.tables, inner)
        return _excludes_bus(known.tables, condition)

    def _passed(self, edge: Edge, known: _Known) -> _Known:
        """What is known of the callee's parameters, and of the device's bus."""
        tables, unset = self._tables(edge, known.tables), self._begun(edge)
        if edge.site.kind in (EdgeKind.ARGUMENT, EdgeKind.QUEUED, EdgeKind.ASSUMED):
            return _Known(tables=tables, unset=unset)
        changed = changed_names(self.program, edge.callee)
        given, nulls = self._arguments(edge.caller, edge.site), self._nulls(edge.caller, known)
        named = zip(edge.callee.parameters, given, strict=False)
        pairs = [(name, argument) for name, argument in named if name not in changed]
        return _Known(
            frozenset(name for name, argument in pairs if nulls.has(argument)),
            frozenset(name for name, argument in pairs if _is_valid(argument, known.valid)),
            unset | self._handed(edge.callee, pairs, known.unset),
            tables,
        )

    def _begun(self, edge: Edge) -> frozenset[tuple[str, str]]:
        """The members that are NULL of what the slot of `edge` is handed."""
        callee, found = edge.callee, set[tuple[str, str]]()
        for one in self.unset if edge.site.slot is not None else ():
            tag, _, field = one.field.partition(".")
            if str(edge.site.slot) == one.slot and not self._sets(callee, field):
                scope, changed = scope_of(self.program, callee), changed_names(self.program, callee)
                params = [p.name for p in callee.fact.params if scope.tag(p.type) == tag]
                found.update((name, field) for name in params[:1] if name not in changed)
        return frozenset(found)

    def _handed(
        self,
        callee: Function,
        pairs: Iterable[tuple[str, ir.Expr]],
        unset: frozenset[tuple[str, str]],
    ) -> frozenset[tuple[str, str]]:
        """The members `unset` of what is handed on, by the parameters of `callee`."""
        return frozenset(
            (name, field)
            for name, argument in (pairs if unset else ())
            for one, field in unset
            if isinstance(argument, ir.Name)
            and argument.id == one
            and not self._sets(callee, field)
        )

    def _sets(self, function: Function, field: str) -> bool:
        """`function` assigns a member called `field`."""
        targets = (node.target for node in self.program.body(function).assignments)
        return any(isinstance(one, ir.Member) and one.field == field for one in targets)

    def _nulls(self, function: Function, known: _Known) -> Nulls:
        return Nulls(self.program, self.functions, function, known.null, known.unset)

    def _arguments(self, caller: Function, site: CallSite) -> tuple[ir.Expr, ...]:
        return next((call.args for call in self.program.body(caller).calls_at(site.at)), ())

    def _tables(self, edge: Edge, tables: frozenset[str]) -> frozenset[str]:
        if edge.site.slot is None:
            return tables
        entries = self.visited(edge.site.slot)
        return frozenset(one.variable for one in entries if one.function == edge.callee)


def _is_valid(argument: ir.Expr, valid: frozenset[str]) -> bool:
    match argument:
        case ir.Unary(op="&", operand=ir.Name()):
            return True
        case ir.Name(id=name):
            return name in valid
    return False


def _excludes_bus(tables: frozenset[str], condition: Condition) -> bool:
    """``dev->bus == &pci_bus_type`` of a device whose bus is one of `tables`, none meaning any."""
    match condition.test:
        case ir.Binary(
            op="==" | "!=" as op,
            left=ir.Member(field="bus"),
            right=ir.Unary(op="&", operand=ir.Name(id=name)),
        ) if tables:
            wanted = condition.holds == (op == "==")
            return name not in tables if wanted else tables == {name}
    return False
