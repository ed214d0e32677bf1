# SPDX-License-Identifier: GPL-2.0-only
"""What a change makes of what the catalogue rests on: removed, or named anew.

Under a new name a function, struct or slot is what it was: the later state is read with the
catalogue that calls it so.  Of a function that is gone nothing is known any more, and findings
fade with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kscan.change.functions import Alterations, Bodies
from kscan.change.members import renamed_members, renamed_structs
from kscan.change.renames import Renames
from kscan.program.program import Program
from kscan.reachability import Implementation


@dataclass(frozen=True)
class Fates:
    """Answers for one change."""

    alterations: Alterations
    renames: Renames
    names: frozenset[str]
    """What the catalogue rests on."""
    head: Program

    @cached_property
    def _gone(self) -> tuple[Implementation, ...]:
        """Those that nothing defines any more; a driver's own of that name was none."""
        found = self.alterations.gone(self.names)
        defined = {i.function for i in found if self.head.definitions.files(i.function)}
        return tuple(i for i in found if i.function not in defined)

    @cached_property
    def spelled(self) -> Mapping[str, str]:
        """Those that have a new name, and take what they took."""
        found: dict[str, set[str]] = {}
        for old in self._gone:
            path, called = self.renames.function(old.path, old.function)
            if called != old.function and self._takes_the_same(old, Implementation(called, path)):
                found.setdefault(old.function, set()).add(called)
        functions = {name: called.pop() for name, called in found.items() if len(called) == 1}
        members = renamed_members(self.alterations, self.renames, self.names)
        return {**functions, **members, **self._structs}

    @cached_property
    def _structs(self) -> Mapping[str, str]:
        return renamed_structs(self.alterations, self.names)

    @property
    def told(self) -> tuple[str, ...]:
        """What a report says of new names: ``foo() is bar() in the head``, and so on."""
        how = "in the head, which was read as if the catalogue called it so"
        pairs = sorted(self.spelled.items())
        return tuple(f"{self._shown(was)} is {self._shown(now)} {how}" for was, now in pairs)

    def _shown(self, name: str) -> str:
        if name in self._structs or name in self._structs.values():
            return f"struct {name}"
        return name if "." in name else f"{name}()"

    @cached_property
    def removed(self) -> Mapping[str, str]:
        """Those that have none, and the file each stood in."""
        return {i.function: i.path for i in self._gone if i.function not in self.spelled}

    def _takes_the_same(self, old: Implementation, new: Implementation) -> bool:
        before = _parameters(self.alterations.old, old)
        return before is not None and before == _parameters(self.alterations.new, new)


def fates(alterations: Alterations, names: frozenset[str]) -> Fates:
    """The fates of `names` under a change."""
    renames = Renames(alterations.old, alterations.new, alterations.changed)
    return Fates(alterations, renames, names, Program(alterations.new.reader))


def _parameters(bodies: Bodies, place: Implementation) -> int | None:
    """How many parameters the function or macro at `place` has."""
    unit = bodies.reader.unit(place.path)
    for function in unit.functions:
        if function.name == place.function:
            return len(function.params)
    for macro in unit.macros:
        if macro.name == place.function and macro.params is not None:
            return len(macro.params)
    return None
