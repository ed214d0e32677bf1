# SPDX-License-Identifier: GPL-2.0-only
"""Returned pointers: what the core does with one that a callback made of NULL."""

from __future__ import annotations

from dataclasses import dataclass, field

from kscan.execution.execute import Execution
from kscan.execution.values import Taint, Value, What
from kscan.execution.world import Happening, World
from kscan.flow.places import Place
from kscan.kernel.functions import Functions
from kscan.program.calls import Slot
from kscan.program.graph import Reach
from kscan.program.program import Program

_MADE_OF_NULL = Place("returned", "", "")


@dataclass
class Returned:
    """Runs the core's callers of slots with a bogus pointer in place of what they yield."""

    program: Program
    functions: Functions
    reach: Reach
    _known: dict[Slot, str] = field(default_factory=dict)

    def dereferenced_by(self, slot: Slot) -> str:
        """The core's function that dereferences what `slot` yields; empty where none is seen to."""
        if slot not in self._known:
            self._known[slot] = self._run(slot)
        return self._known[slot]

    def _run(self, slot: Slot) -> str:
        call = self.reach.slots.get(slot)
        if call is None:
            return ""
        caller, at = call.caller, call.site.at
        taint = Taint(_MADE_OF_NULL, at, caller.path, caller.name)
        results = {(caller.path, at): Value(What.BOGUS, taint)}
        world = World(self.functions, belongs=lambda _path: False, results=results)
        execution = Execution(self.program, world)
        execution.run(caller)
        crashes = (e for e in execution.events if e.what is Happening.CRASH and e.sure)
        return next((event.function.name for event in crashes), "")
