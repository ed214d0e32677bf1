# SPDX-License-Identifier: GPL-2.0-only
"""What the function of a contract reaches: functions, and the slots of tables that they call."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from kscan.facts.unit import UNKNOWN, FunctionFact
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.contracts import Contract, Scenario, ScenarioEdge
from kscan.model import Confidence, KscanError
from kscan.program.calls import Slot
from kscan.program.filled import slot_facts
from kscan.program.graph import Assumed, Reach, SlotCall, reach
from kscan.program.program import Function, Program
from kscan.program.tables import Entry, Tables, home
from kscan.window.feasible import Feasible

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


@dataclass
class Walk:
    """The walk from the function of one contract in one tree, under one scenario."""

    program: Program
    catalogue: Catalogue
    contract: Contract
    tables: Tables
    """Tables of the files that the word search found."""
    scenario: Scenario | None = None
    _called: dict[Slot, bool] = field(default_factory=dict)
    _assumable: dict[str, tuple[tuple[Assumed, ...], Reach]] = field(default_factory=dict)
    """What scenarios add, by name."""

    @cached_property
    def root(self) -> Function:
        """The contract's function, or the one that a header makes of it; raises `KscanError`."""
        name = self.contract.register
        for called in chain([name], self._called_by_macros(name), self._called_inline(name)):
            for path in self.program.definitions.files(called):
                for found in self.program.resolve(called, path):
                    if found.path == path:
                        return found
        tree = self.program.reader.tree
        unread = next((f" ({skip.path}: {skip.reason})" for skip in tree.skips), "")
        raise KscanError(f"{tree.name}: {name}() is not defined here: {self._instead()}{unread}")

    def _instead(self) -> str:
        """What is to be done about a tree that lacks the contract's function."""
        for entry in self.contract.elsewhere:
            older = entry.partition(":")[0]
            if self.program.definitions.files(older):
                return f"{older}() of older kernels is, for a contract of one's own (--catalog)"
        return "is this a whole kernel tree, and not a subtree?"

    def _called_by_macros(self, name: str) -> Iterator[str]:
        """What the macros `name` call, as ``mdiobus_register()`` does (include/linux/phy.h)."""
        word = name.encode()
        for path in self.tables.paths:
            known = self.program.unit(path).macros if self.program.reader.names(path, word) else ()
            for macro in known:
                if macro.name == name and macro.params is not None:
                    yield from _CALLED.findall(macro.body)

    def _called_inline(self, name: str) -> Iterator[str]:
        """What the inline functions `name` of headers call, the outermost call first."""
        for path in self.tables.paths:
            for function in self.program.named(path, name) if path.endswith(".h") else ():
                yield from (call.name for call in self.program.body(function).calls if call.name)

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
        return self._assuming(scenario)[0]

    def newly(self, scenario: Scenario) -> frozenset[str]:
        """The C files of the functions that it reaches with the edges of `scenario` alone."""
        _, walked = self._assuming(scenario)
        reached = frozenset(self.as_it_stands.functions())
        found = (f.path for f in walked.functions() if f not in reached)
        return frozenset(path for path in found if path.endswith(".c"))

    def _assuming(self, scenario: Scenario) -> tuple[tuple[Assumed, ...], Reach]:
        """The edges of `scenario` that this tree lacks, and what is reached with them."""
        if scenario.name not in self._assumable:
            self._assumable[scenario.name] = self._completed(scenario)
        return self._assumable[scenario.name]

    def _completed(self, scenario: Scenario) -> tuple[tuple[Assumed, ...], Reach]:
        found: tuple[Assumed, ...] = ()
        walked = self.as_it_stands
        for edge in scenario.edge:
            missing = self._missing(edge, walked)
            if missing is not None:
                found = (*found, missing)
                walked = self._walked(found)
        return found, walked

    def _missing(self, edge: ScenarioEdge, walked: Reach) -> Assumed | None:
        """What `edge` adds to what was walked; None where the tree has it or cannot."""
        if Slot.named(edge.unless or edge.slot) in walked.slots:
            return None
        caller = walked.named(edge.caller)
        calls = (walked.slots.get(Slot.named(slot)) for slot in edge.or_caller_of)
        caller = caller or next((call.caller for call in calls if call is not None), None)
        if caller is None:
            return None
        slot = Slot.named(edge.slot) if edge.slot else None
        resolve = self.program.resolve
        known = self.tables.implementers(slot) if slot else resolve(edge.callee, caller.path)
        if edge.or_callee and not known and resolve(edge.or_callee, caller.path):
            return Assumed(caller.name, None, edge.or_callee)
        return Assumed(caller.name, slot, edge.callee)

    @cached_property
    def reach(self) -> Reach:
        """What the root reaches under the scenario."""
        return self._walked(self.assumed) if self.assumed else self.as_it_stands

    @property
    def is_open(self) -> bool:
        """Callbacks may run from the registration on, not only inside it."""
        return self.contract.window == "open"

    def runs_later(self, slot: Slot) -> bool:
        """What fills `slot` may run from the registration on: its end need not be waited for."""
        call = None if self.is_open else self.call_of(slot)
        return self.is_open or (call is not None and self.reach.runs_later(call.caller))

    @property
    def _needs_no_walk(self) -> bool:
        return self.is_open and self.contract.gate is None

    def _walked(self, assumed: tuple[Assumed, ...]) -> Reach:
        if self._needs_no_walk:
            return Reach(_nowhere(self.contract.register))
        last, own = self.contract.failure.functions, self._own_directory
        found = reach(self.program, self.catalogue, self.root, self._followed, assumed, last, own)
        functions, unset = self.catalogue.functions, self.contract.unset
        feasible = Feasible(self.program, found, last, self.visited, functions, unset)
        found.choose, found.is_met = feasible.way, feasible.is_met
        found.may_run = feasible.may_run
        return found

    @property
    def _own_directory(self) -> str:
        """Where the subsystem stands that the contract is for, if a stop covers it; else empty."""
        path = self.root.path
        return posixpath.dirname(path) if self.catalogue.stops_in(path) else ""

    def reaches(self, slot: str) -> bool:
        """`slot`, spelled ``struct.field``, is called inside the window."""
        return self.is_called(Slot.named(slot))

    def is_called(self, slot: Slot) -> bool:
        """Some call through `slot` may run: no argument that is NULL keeps all from it."""
        if slot not in self._called:
            self._called[slot] = any(map(self.is_met, self.reach.calls.get(slot, ())))
        return self._called[slot]

    def call_of(self, slot: Slot) -> SlotCall | None:
        """The nearest call through `slot`; of those that may run, where there are any."""
        calls = self.reach.calls.get(slot, ())
        return next(filter(self.is_met, calls), next(iter(calls), None))

    def is_met(self, call: SlotCall) -> bool:
        """`call` may run."""
        return self.reach.is_met(call.caller, call.site)

    def _followed(self, call: SlotCall) -> Iterable[tuple[Function, Confidence]]:
        """Implementers of slots that are no part of the contract's own tables."""
        slot = call.slot
        if slot.tag in self.contract.tables or str(slot) not in self._follow:
            return []
        return [(entry.function, entry.confidence) for entry in self.visited(slot)]

    @property
    def follows(self) -> bool:
        """The walk goes on through tables of others, wherever they are."""
        return bool(self._follow)

    @cached_property
    def _follow(self) -> frozenset[str]:
        walked = self.contract.walked
        edges = self.scenario.edge if self.scenario is not None else ()
        slots = (edge.slot for edge in edges if edge.slot)
        return frozenset([*((walked.slot,) if walked else ()), *slots])

    def visited(self, slot: Slot) -> tuple[Entry, ...]:
        """The implementers of `slot` that the walk meets: those of the walked tables, in order."""
        entries = self.tables.implementers(slot)
        _, order = self.named_for(slot)
        if not order:
            return entries
        known = [entry for entry in entries if entry.variable in order]
        return tuple(sorted(known, key=lambda e: order.index(e.variable)))

    def named_for(self, slot: Slot) -> tuple[str, tuple[str, ...]]:
        """The array that says which tables are visited through `slot`, and those; else nothing."""
        walked = self.contract.walked
        if walked is None or walked.slot != str(slot):
            return "", ()
        return walked.array, tuple(self._array(walked.array))

    def _array(self, name: str) -> list[str]:
        """The tables an array beside the root names; empty where there is no such array."""
        place = home(self.program, self.root.path, name)
        if place is None:
            return []
        return [
            value
            for fact in slot_facts(self.program, place)
            if fact.variable == name and not fact.fields
            for value in fact.values
        ]

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The slots called inside the window: the contract's own, and those followed."""
        kept = (*self.contract.tables, *(f.partition(".")[0] for f in self._follow))
        called = (s for s in self.reach.slots if s.tag in kept and self.is_called(s))
        return tuple(sorted(called, key=str))


def _nowhere(name: str) -> Function:
    """The function `name` of a contract that is not walked: it need not be defined here."""
    return Function("", name, FunctionFact(name, 0, 0, 0, (), UNKNOWN))
