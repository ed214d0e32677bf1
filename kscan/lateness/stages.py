# SPDX-License-Identifier: GPL-2.0-only
"""Init stages: functions marked ``__init`` beside the way to a registration.

What they write is there before the driver that registers is probed, unless their stage is known
to come after the one in which the driver is registered (include/linux/init.h).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.flow.places import Place
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.program.program import Function, Program
from kscan.window.callers import Callers, holders_in, registered_by

_ORDER = (
    "early", "pure", "core", "postcore", "arch", "subsys", "fs", "rootfs", "device", "late",
)  # fmt: skip
_STAGE = re.compile(rf"({'|'.join(_ORDER)})_initcall(?:_sync)?")
_AS_DEVICE = re.compile(r"module_init|__initcall|(?:module|builtin)_\w*driver\w*")


@dataclass
class InitStages:
    """The init functions of a driver that lie off the way to its registration."""

    program: Program
    callers: Callers
    writes: Writes
    registering: Function
    _stored: dict[str, dict[Place, list[tuple[Function, Write]]]] = field(default_factory=dict)
    _later: dict[Function, bool] = field(default_factory=dict)

    def set_earlier(self, place: Place, late: Write) -> bool:
        """One of them writes `place`, which `late` is the first late write of."""
        if place.is_of_device:
            return False
        way = {*self._way, late.function, *(frame.caller for frame in late.frames)}
        return any(
            function not in way
            and not (write.is_later or self._is_later(function))
            and way.isdisjoint(frame.caller for frame in write.frames)
            for path in {self.registering.path, late.function.path}
            for function, write in self._stored_in(path).get(place, ())
        )

    def globals_set_later(self) -> Iterator[Write]:
        """What functions of a later stage write, in files on the way to the registration."""
        for path in dict.fromkeys(function.path for function in self._way):
            for place, several in self._stored_in(path).items():
                if place.kind == "global":
                    yield from (write for function, write in several if self._is_later(function))

    def _is_later(self, function: Function) -> bool:
        """Its stage is known to come after that in which the driver is registered."""
        if function not in self._later:
            stages = self._stages(function.path, {function.name})
            later = bool(self._begun and stages) and min(stages) > min(self._begun)
            self._later[function] = later
        return self._later[function]

    @cached_property
    def _begun(self) -> list[int]:
        """The stages in which what leads to the registration begins."""
        functions, found = self.writes.catalogue.functions, []
        for function in self._way:
            drivers = holders_in(self.program, function.path, function)
            inits = (init.name for init, _ in registered_by(self.program, functions, function))
            found += self._stages(function.path, {function.name, *drivers, *inits})
        return found

    def _stages(self, path: str, names: set[str]) -> list[int]:
        """The stages that macros in `path` give the functions or drivers `names`, by number."""
        calls = [c for c in self.program.unit(path).toplevel if names.intersection(c.arguments)]
        found = [_ORDER.index(m[1]) for c in calls if (m := _STAGE.fullmatch(c.name))]
        as_device = (c for c in calls if _AS_DEVICE.fullmatch(c.name))
        return found + [_ORDER.index("device") for _ in as_device]

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
