# SPDX-License-Identifier: GPL-2.0-only
"""What runs inside a registration: the functions of its own tables that the gate lets through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from kscan.facts import ir
from kscan.kernel.contracts import Condition, slot_matches
from kscan.model import Confidence, weakest
from kscan.program.calls import Slot
from kscan.program.graph import SlotCall
from kscan.program.program import Function
from kscan.program.tables import Entry, table_entries
from kscan.window.leading import leading_fields
from kscan.window.mentions import Mentions
from kscan.window.published import Handed, Published, both
from kscan.window.registrations import Registration
from kscan.window.walk import Walk

_ADDRESS_STORED = re.compile(rb"=[\s(\\]*&")


@dataclass(frozen=True, slots=True)
class Callback:
    """A function of the registration's own table that runs in its window."""

    entry: Entry
    confidence: Confidence
    given: frozenset[Function] = frozenset()
    """The callers of the registering function that alone hand its table over."""

    @property
    def slot(self) -> Slot:
        """The slot it fills."""
        return self.entry.slot

    @property
    def function(self) -> Function:
        """The function."""
        return self.entry.function


@dataclass
class Window(Walk):
    """The window of one contract in one tree, under one scenario: what is reached, and runs."""

    _callbacks: dict[tuple[str, int], tuple[Callback, ...]] = field(default_factory=dict)
    _mentions: dict[str, Mentions] = field(default_factory=dict)
    """What functions of a file name there, by file."""
    _naming: dict[str, frozenset[Function]] = field(default_factory=dict)

    def gate_is_open(self, registration: Registration) -> bool:
        """Callbacks of this registration can run: it has no gate, or its key is reachable."""
        return self._is_open(registration) or self.opened_by(registration) is not None

    def _is_open(self, registration: Registration) -> bool:
        gate = self.contract.gate
        return gate is None or not registration.gated or self.key is not None

    @cached_property
    def key(self) -> Function | None:
        """What opens the gate, where the registration may come to it."""
        gate = self.contract.gate
        name = gate.needs if gate is not None else ""
        found = (one for one in self.reach.functions() if one.name == name)
        return next((one for one in found if self.reach.is_met(one, None)), None)

    def opened_by(self, registration: Registration) -> tuple[ir.Expr, bool] | None:
        """The test, with its outcome, that alone opens the gate: ``test ? NULL : dev``.

        None where the gate is open anyway, or stays shut.
        """
        if self._is_open(registration):
            return None
        match registration.at_gate:
            case ir.Choice(test=test, then=ir.Const(is_zero=True)):
                return test, True
            case ir.Choice(test=test, other=ir.Const(is_zero=True)):
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
        seen: dict[tuple[Slot, Function], Callback] = {}
        for handed in registration.functions:
            entry = self._entry(registration, handed)
            if handed.slot is None or self._runs(handed.slot):
                yield Callback(entry, weakest(sure, handed.confidence))
        for table in registration.tables:
            for entry in self._entries(table):
                if not self._runs(entry.slot):
                    continue
                parts = (sure, table.confidence, entry.confidence, self._when(entry.slot))
                one = Callback(entry, weakest(*parts), table.given)
                known = seen.setdefault((entry.slot, entry.function), one)
                given = both(known.given, one.given)
                seen[entry.slot, entry.function] = replace(known, given=given)
        yield from seen.values()

    def _entry(self, registration: Registration, handed: Handed) -> Entry:
        """A callback that stands in no table: its slot is the parameter it is handed over as."""
        function, name, path = handed.function, self.contract.register, registration.function.path
        if handed.slot is not None:
            return Entry(handed.slot, function, "", function.line, function.path)
        declared = [f.fact for f in self.program.resolve(name, path)[:1]]
        prototype = declared[0] if declared else self.program.prototype(name, path)
        params = prototype.params if prototype is not None else ()
        named = [p.name for p in params[self.contract.table : self.contract.table + 1] if p.name]
        line, _ = self.program.reader.position(path, registration.at)
        return Entry(Slot(name, named[0] if named else "callback"), function, "", line, path)

    def _entries(self, table: Published) -> Iterator[Entry]:
        """The entries of a table, of those its fields lead to, and of those its functions set."""
        through = leading_fields(self.program, self.contract, table.path)
        own = list(table_entries(self.program, table.path, table.variable, through))
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
        known = self._mentions.setdefault(path, Mentions(self.program, path.__eq__))
        naming = self._naming_tables(path)
        storing = [f for f in known.reached(function) if f in naming] if naming else []
        stating = [f for f in dict.fromkeys((function, *storing)) if self._stores_address(f)]
        bodies = map(self.program.body, stating)
        for name in dict.fromkeys(name for body in bodies for name in _stored(body)):
            seen = self.program.variable(name, path)
            if seen is not None and seen.type.tag in self.contract.tables:
                yield name

    def _stores_address(self, function: Function) -> bool:
        """A quick no before the body is lowered."""
        text = self.program.reader.text_of(function.path, function.fact)
        return _ADDRESS_STORED.search(text) is not None

    def _naming_tables(self, path: str) -> frozenset[Function]:
        """The functions of the file `path` that name a table of the contract declared there."""
        if path not in self._naming:
            own = self.program.unit(path).globals
            names = {one.name for one in own if one.type.tag in self.contract.tables}
            naming = (f for name in names for f in self.program.mentioning(path, name))
            self._naming[path] = frozenset(naming)
        return self._naming[path]

    def _when(self, slot: Slot) -> Confidence:
        """How sure it is that `slot` runs before its registration goes on."""
        waits = self.is_open or not self.runs_later(slot)
        return Confidence.HIGH if waits else Confidence.MEDIUM

    def _runs(self, slot: Slot) -> bool:
        """Something calls `slot`; of an open window, its contract says so of all its structs'."""
        is_own = not slot.tag or slot.tag in self.contract.tables
        return is_own if self.is_open else self.is_called(slot)

    def absent(self, slot: Slot) -> frozenset[int]:
        """The positions of the arguments that are NULL wherever the walk calls `slot`."""
        calls = filter(self.is_met, self.reach.calls.get(slot, ()))
        found = list(map(self._absent_at, calls))
        return frozenset.intersection(*found) if found else frozenset()

    def _absent_at(self, call: SlotCall) -> frozenset[int]:
        return frozenset(
            number
            for met in self.program.body(call.caller).calls_at(call.site.at)
            for number, argument in enumerate(met.args)
            if isinstance(argument, ir.Const) and argument.is_zero
        )

    def unmet(self, registration: Registration, slot: str) -> str:
        """Why `slot` does not run in the window for want of another; empty where it may."""
        return next((one.why for one in self._unmet(registration, slot)), "")

    def is_excluded(self, registration: Registration, callback: Callback) -> bool:
        """Nothing in the core comes to the slot of `callback`, for want of another."""
        return any(one.strict for one in self._unmet(registration, str(callback.slot)))

    def _unmet(self, registration: Registration, slot: str) -> Iterator[Condition]:
        for condition in self.contract.condition:
            if (
                slot_matches(condition.slots, slot)
                and (registration.gated or not condition.gated)
                and (not condition.where or condition.where in self.reach)
                and not self._fills(registration, condition.needs)
            ):
                yield condition

    def _fills(self, registration: Registration, slot: str) -> bool:
        """A table of `registration` fills `slot`."""
        return any(str(handed.slot) == slot for handed in registration.functions) or any(
            str(entry.slot) == slot
            for table in registration.tables
            for entry in table_entries(self.program, table.path, table.variable, ())
        )


def _stored(body: ir.Body) -> Iterator[str]:
    """The objects whose address `body` stores in a member."""
    for node in body.nodes:
        match node:
            case ir.Assign(target=ir.Member(), value=ir.Unary(op="&", operand=ir.Name(id=name))):
                yield name
