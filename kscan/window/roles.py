# SPDX-License-Identifier: GPL-2.0-only
"""What its own file makes of a function: a slot of a table, or what a call hands over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.flow.paths import spelled
from kscan.kernel.devices import Devices, Handed
from kscan.program.calls import Slot
from kscan.program.filled import holding
from kscan.program.program import Function, Program
from kscan.program.tables import slot_of
from kscan.program.types import scope_of
from kscan.window.callers import calls_of


@dataclass
class Roles:
    """The roles of the functions of one tree."""

    program: Program
    devices: Devices
    _slots: dict[Function, tuple[Slot, ...]] = field(default_factory=dict)

    def filled(self, function: Function) -> tuple[Slot, ...]:
        """The slots that tables of its own file put `function` into."""
        if function not in self._slots:
            facts = holding(self.program, function.path, function.name)
            self._slots[function] = tuple(
                slot_of(self.program, function.path, fact) for fact in facts if fact.fields
            )
        return self._slots[function]

    def handed_by(self, function: Function) -> Iterator[tuple[Handed, str]]:
        """What makes `function` a callback by handing it over, in its own file."""
        reader, path = self.program.reader, function.path
        for handed in self.devices.handed:
            for entry in handed.by:
                name, _, place = entry.partition(":")
                if reader.names(path, name.encode()) and self._hands(name, int(place), function):
                    yield handed, name

    def _hands(self, name: str, place: int, function: Function) -> bool:
        """A call of `name`, at file scope or in a function, has `function` at `place`."""
        path = function.path
        at_file_scope = any(
            call.name == name and call.arguments[place : place + 1] == (function.name,)
            for call in self.program.unit(path).toplevel
        )
        return at_file_scope or any(
            spelled(argument) == function.name
            for caller in self.program.functions_in(path)
            for call in calls_of(self.program, caller, name)
            for argument in call.args[place : place + 1]
        )

    def calls_through(self, target: Function, slot: Slot) -> Iterator[tuple[Function, ir.Call]]:
        """Calls through `slot` in the file of `target`."""
        for caller in self.program.functions_in(target.path):
            if not self.program.mentions(caller, slot.field):
                continue
            scope = scope_of(self.program, caller)
            for node in self.program.body(caller).nodes:
                match node:
                    case ir.Call(callee=ir.Member(object=table, field=name)) if name == slot.field:
                        if scope.tag_of(table) in ("", slot.tag):
                            yield caller, node
