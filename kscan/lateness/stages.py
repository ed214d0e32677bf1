# SPDX-License-Identifier: GPL-2.0-only
"""Earlier init stages: functions marked ``__init`` beside the way to a registration.

What they write is there before the driver that registers is probed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from kscan.flow.values import Place
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.program.program import Function, Program
from kscan.window.callers import Callers


@dataclass
class InitStages:
    """The init functions of a driver that lie off the way to its registration."""

    program: Program
    callers: Callers
    writes: Writes
    registering: Function
    _stored: dict[str, dict[Place, list[tuple[Function, Write]]]] = field(default_factory=dict)

    def set_earlier(self, place: Place, late: Write) -> bool:
        """One of them writes `place`, which `late` is the first late write of."""
        if place.is_of_device:
            return False
        way = {*self._way, late.function, *(frame.caller for frame in late.frames)}
        return any(
            function not in way and way.isdisjoint(frame.caller for frame in write.frames)
            for path in {self.registering.path, late.function.path}
            for function, write in self._stored_in(path).get(place, ())
        )

    @cached_property
    def _way(self) -> frozenset[Function]:
        """The registering function and its callers."""
        return frozenset(self.callers.above(self.registering))

    def _stored_in(self, path: str) -> dict[Place, list[tuple[Function, Write]]]:
        """What init functions of the file `path` write, and which of them do."""
        if path not in self._stored:
            found = self._stored[path] = {}
            for function in self.program.functions_in(path):
                for write in self.writes.of(function) if function.fact.init else ():
                    if not write.is_zero:
                        found.setdefault(write.place, []).append((function, write))
        return self._stored[path]
