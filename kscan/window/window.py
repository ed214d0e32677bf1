# SPDX-License-Identifier: GPL-2.0-only
"""What runs inside a registration: the slots its contract's function reaches, under the gate."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.facts.unit import UNKNOWN, FunctionFact
from kscan.kernel.catalogue import Catalogue, Contract, Scenario, ScenarioEdge
from kscan.model import Confidence, KscanError, weakest
from kscan.program.calls import Slot
from kscan.program.graph import Assumed, Reach, SlotCall, reach
from kscan.program.program import Function, Program
from kscan.program.tables import Entry, Tables, home, table_entries
from kscan.window.mentions import Mentions
from kscan.window.published import Published
from kscan.window.registrations import Registration

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Callback:
    """A function of the registration's own table that runs in its window."""

    entry: Entry
    confidence: Confidence

    @property
    def slot(self) -> Slot:
        """The slot it fills."""
        return self.entry.slot

    @property
    def function(self) -> Function:
        """The function."""
        return self.entry.function


@dataclass
class Window:
    """The window of one contract in one tree, under one scenario."""

    program: Program
    catalogue: Catalogue
    contract: Contract
    tables: Tables
    """Tables of the files that the word search found."""
    scenario: Scenario | None = None
    _callbacks: dict[tuple[str, int], tuple[Callback, ...]] = field(default_factory=dict)
    _mentions: dict[str, Mentions] = field(default_factory=dict)
    """What functions of a file name there, by file."""

    @cached_property
    def root(self) -> Function:
        """The contract's function, or the one that its macro calls; raises `KscanError`."""
        name = self.contract.register
        for called in (name, *self._called_by_macros(name)):
            for path in self.program.definitions.files(called):
                for found in self.program.resolve(called, path):
                    if found.path == path:
                        return found
        raise KscanError(
            f"{self.program.reader.tree.name}: {name}() is not defined here: is this a whole "
            "kernel tree, and not a subtree?"
        )

    def _called_by_macros(self, name: str) -> Iterator[str]:
        """What the macros `name` call, as ``mdiobus_register()`` does (include/linux/phy.h)."""
        for path in self.tables.paths:
            for macro in self.program.unit(path).macros:
                if macro.name == name and macro.params is not None:
                    yield from _CALLED.findall(macro.body)

    @property
    def is_walkable(self) -> bool:
        """The tree has what a walk would begin with, or there is none to do."""
        try:
            return bool(self._needs_no_walk or self.root)
        except KscanError:
            return False

    @cached_property
    def as_it_stands(self) -> Reach:
        """What the root reaches with no edge assumed."""
        return self._walked(())

    @cached_property
    def assumed(self) -> tuple[Assumed, ...]:
        """The scenario's edges that this tree lacks."""
        return self.lacking(self.scenario) if self.scenario is not None else ()

    def lacking(self, scenario: Scenario) -> tuple[Assumed, ...]:
        """The edges of `scenario` that this tree lacks."""
        found: tuple[Assumed, ...] = ()
        walked = self.as_it_stands
        for edge in scenario.edge:
            missing = _missing(edge, walked)
            if missing is not None:
                found = (*found, missing)
                walked = self._walked(found)
        return found

    @cached_property
    def reach(self) -> Reach:
        """What the root reaches under the scenario."""
        return self._walked(self.assumed) if self.assumed else self.as_it_stands

    @property
    def is_open(self) -> bool:
        """Callbacks may run from the registration on, not only inside it."""
        return self.contract.window == "open"

    @property
    def _needs_no_walk(self) -> bool:
        return self.is_open and self.contract.gate is None

    def _walked(self, assumed: tuple[Assumed, ...]) -> Reach:
        if self._needs_no_walk:
            return Reach(_nowhere(self.contract.register))
        last, own = self.contract.failure.functions, self._own_directory
        return reach(self.program, self.catalogue, self.root, self._followed, assumed, last, own)

    @property
    def _own_directory(self) -> str:
        """Where the subsystem stands that the contract is for, if a stop covers it; else empty."""
        path = self.root.path
        return posixpath.dirname(path) if self.catalogue.stops_in(path) else ""

    def reaches(self, slot: str) -> bool:
        """`slot`, spelled ``struct.field``, is called inside the window."""
        return Slot.named(slot) in self.reach.slots

    def _followed(self, call: SlotCall) -> Iterable[tuple[Function, Confidence]]:
        """Implementers of slots that are no part of the contract's own tables."""
        slot = call.slot
        if slot.tag in self.contract.tables or str(slot) not in self._follow:
            return []
        return [(entry.function, entry.confidence) for entry in self.visited(slot)]

    @cached_property
    def _follow(self) -> frozenset[str]:
        walked = self.contract.walked
        edges = self.scenario.edge if self.scenario is not None else ()
        slots = (edge.slot for edge in edges if edge.slot)
        return frozenset([*((walked.slot,) if walked else ()), *slots])

    def visited(self, slot: Slot) -> tuple[Entry, ...]:
        """The implementers of `slot` that the walk meets: those of the walked tables, in order."""
        entries = self.tables.implementers(slot)
        walked = self.contract.walked
        if walked is None or walked.slot != str(slot):
            return entries
        order = self._array(walked.array)
        if not order:
            return entries
        known = [entry for entry in entries if entry.variable in order]
        return tuple(sorted(known, key=lambda e: order.index(e.variable)))

    def _array(self, name: str) -> list[str]:
        """The tables an array beside the root names; empty where there is no such array."""
        place = home(self.program, self.root.path, name)
        if place is None:
            return []
        return [
            value
            for fact in self.program.unit(place).slots
            if fact.variable == name and not fact.fields
            for value in fact.values
        ]

    def gate_is_open(self, registration: Registration) -> bool:
        """Callbacks of this registration can run: it has no gate, or its key is reachable."""
        return self._is_open(registration) or self.opened_by(registration) is not None

    def _is_open(self, registration: Registration) -> bool:
        gate = self.contract.gate
        return gate is None or not registration.gated or gate.needs in self.reach

    def opened_by(self, registration: Registration) -> tuple[ir.Expr, bool] | None:
        """The test, with its outcome, that alone opens the gate: ``test ? NULL : dev``.

        None where the gate is open anyway, or stays shut.
        """
        gate = self.contract.gate
        if gate is None or self._is_open(registration):
            return None
        match registration.call.args[gate.argument]:
            case ir.Choice(test=test, then=ir.Const(text="NULL" | "0")):
                return test, True
            case ir.Choice(test=test, other=ir.Const(text="NULL" | "0")):
                return test, False
        return None

    def callbacks(self, registration: Registration) -> tuple[Callback, ...]:
        """The in-window callbacks: of its own table, reachable, and let through by the gate."""
        key = (registration.function.path, registration.at)
        if key not in self._callbacks:
            self._callbacks[key] = tuple(self._in_window(registration))
        return self._callbacks[key]

    def _in_window(self, registration: Registration) -> Iterator[Callback]:
        if not self.gate_is_open(registration):
            return
        sure = Confidence.HIGH if self._is_open(registration) else Confidence.MEDIUM
        seen: set[tuple[Slot, Function]] = set()
        for handed in registration.functions:
            entry = self._entry(registration, handed.function)
            yield Callback(entry, weakest(sure, handed.confidence))
        for table in registration.tables:
            for entry in self._entries(table):
                key = (entry.slot, entry.function)
                if key in seen or not self._runs(entry.slot):
                    continue
                seen.add(key)
                yield Callback(entry, weakest(sure, table.confidence, entry.confidence))

    def _entry(self, registration: Registration, function: Function) -> Entry:
        """A callback that stands in no table: its slot is the parameter it is handed over as."""
        name, path = self.contract.register, registration.function.path
        declared = [f.fact for f in self.program.resolve(name, path)[:1]]
        prototype = declared[0] if declared else self.program.prototype(name, path)
        params = prototype.params if prototype is not None else ()
        named = [p.name for p in params[self.contract.table : self.contract.table + 1] if p.name]
        line, _ = self.program.reader.position(path, registration.at)
        return Entry(Slot(name, named[0] if named else "callback"), function, "", line, path)

    def _entries(self, table: Published) -> Iterator[Entry]:
        """The entries of a table, of those its fields lead to, and of those its functions set."""
        own = list(
            table_entries(self.program, table.path, table.variable, self.contract.through.fields)
        )
        yield from own
        for entry in own:
            if self._runs(entry.slot):
                for name in self._stored_by(entry.function):
                    yield from table_entries(self.program, entry.function.path, name, ())

    def _stored_by(self, function: Function) -> Iterator[str]:
        """Tables of the contract that `function` stores: ``domain->ops = &foo_ops``.

        In its own file also those that a function it calls stores.
        """
        path = function.path
        own = [
            g.name for g in self.program.unit(path).globals if g.type.tag in self.contract.tables
        ]
        known = self._mentions.setdefault(path, Mentions(self.program, path.__eq__))
        callees = known.reached(function) if own else ()
        storing = [f for f in callees if any(self.program.mentions(f, name) for name in own)]
        bodies = map(self.program.body, dict.fromkeys((function, *storing)))
        for name in dict.fromkeys(name for body in bodies for name in _stored(body)):
            seen = self.program.variable(name, path)
            if seen is not None and seen.type.tag in self.contract.tables:
                yield name

    def _runs(self, slot: Slot) -> bool:
        return self.is_open or slot in self.reach.slots

    def unmet(self, registration: Registration, slot: str) -> str:
        """The slot that the table lacks although `slot` needs it to run in the window."""
        for condition in self.contract.condition:
            if slot in condition.slots and not self._fills(registration, condition.needs):
                return condition.needs
        return ""

    def _fills(self, registration: Registration, slot: str) -> bool:
        """A table of `registration` fills `slot`."""
        return any(
            str(entry.slot) == slot
            for table in registration.tables
            for entry in table_entries(self.program, table.path, table.variable, ())
        )

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The slots called inside the window: the contract's own, and those followed."""
        kept = (*self.contract.tables, *(f.partition(".")[0] for f in self._follow))
        return tuple(sorted((s for s in self.reach.slots if s.tag in kept), key=str))


def _missing(edge: ScenarioEdge, walked: Reach) -> Assumed | None:
    """The edge a scenario adds to what was walked; None where the tree has it or cannot."""
    if Slot.named(edge.unless or edge.slot) in walked.slots:
        return None
    caller = walked.named(edge.caller)
    if caller is None and edge.or_caller_of:
        call = walked.slots.get(Slot.named(edge.or_caller_of))
        caller = call.caller if call is not None else None
    if caller is None:
        return None
    return Assumed(caller.name, Slot.named(edge.slot) if edge.slot else None, edge.callee)


def _stored(body: ir.Body) -> Iterator[str]:
    """The objects whose address `body` stores in a member."""
    for node in ir.walk_body(body):
        match node:
            case ir.Assign(target=ir.Member(), value=ir.Unary(op="&", operand=ir.Name(id=name))):
                yield name


def _nowhere(name: str) -> Function:
    """The function `name` of a contract that is not walked: it need not be defined here."""
    return Function("", FunctionFact(name, 0, 0, 0, (), UNKNOWN), name)
