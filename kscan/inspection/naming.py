# SPDX-License-Identifier: GPL-2.0-only
"""Who names some functions: calls by name and through macros, tables they stand in, calls through
the slots they fill.

One search of the tree serves all of them; only files that contain a name are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts.unit import SlotFact
from kscan.inspection.inspection import Inspection
from kscan.program.calls import CallSite, Slot, sites_of
from kscan.program.filled import slot_facts
from kscan.program.program import Function
from kscan.program.tables import slot_of
from kscan.source.tree import is_below

_LARGEST_MACRO = 2_000


@dataclass(frozen=True, slots=True)
class Call:
    """One place where control may pass to a function asked about."""

    caller: Function
    site: CallSite
    through: str = ""
    """The macro whose expansion makes the call."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A table entry that holds a function asked about."""

    slot: Slot
    function: Function
    fact: SlotFact
    path: str


@dataclass
class Naming:
    """Everything that names `targets`."""

    inspection: Inspection
    targets: tuple[Function, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names asked about."""
        return frozenset(target.name for target in self.targets)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Files below `under` with a name; for a static function of a C file, its own alone."""
        hidden = {t for t in self.targets if t.fact.static and t.path.endswith(".c")}
        words = [t.name for t in self.targets if t not in hidden]
        under = self.inspection.under
        homes = [target.path for target in self.targets if is_below(target.path, under)]
        return tuple(self.inspection.loaded([*homes, *self.inspection.files_with(words)], homes))

    @cached_property
    def macros(self) -> frozenset[str]:
        """Macros whose body contains a name."""
        word = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(self.names)))
        return frozenset(
            macro.name
            for path in self.files
            for macro in self.inspection.program.unit(path).macros
            if len(macro.body) < _LARGEST_MACRO and word.search(macro.body)
        )

    @cached_property
    def expanding(self) -> tuple[str, ...]:
        """Other files that use such a macro."""
        found = self.inspection.files_with(self.macros)
        return tuple(self.inspection.loaded([path for path in found if path not in self.files]))

    def meant(self, name: str, path: str) -> Function | None:
        """The function asked about that `name` means in `path`."""
        if name not in self.names:
            return None
        found = self.inspection.program.resolve(name, path)
        return next((target for target in self.targets if target in found), None)

    def calls(self) -> Iterator[Call]:
        """Calls by name, through macros, and functions handed over."""
        for path in (*self.files, *self.expanding):
            yield from self._calls_in(path)

    def _calls_in(self, path: str) -> Iterator[Call]:
        program = self.inspection.program
        wanted = self.names | self.macros
        for caller in program.functions_in(path):
            if not any(program.mentions(caller, name) for name in wanted):
                continue
            for site, spelled in sites_of(program, caller, wanted):
                if site.slot is None and self.meant(site.name, path) is not None:
                    yield Call(caller, site, "" if spelled == site.name else spelled)

    def filled(self) -> Iterator[Filled]:
        """The table entries that hold one of the functions."""
        program = self.inspection.program
        for path in (*self.files, *self.expanding):
            for fact in slot_facts(program, path):
                for name in fact.values:
                    function = self.meant(name, path) if fact.fields else None
                    if function is not None:
                        yield Filled(slot_of(program, path, fact), function, fact, path)


def calls_through(inspection: Inspection, slots: Iterable[Slot]) -> Iterator[Call]:
    """Calls through `slots`; by the field's name alone where a type stays unknown."""
    wanted = {slot.field: slot for slot in slots}
    several = tuple(slots)
    if not wanted:
        return
    fields = b"|".join(re.escape(name.encode()) for name in sorted(wanted))
    spelled = re.compile(rb"(?:->|\.)\s*+(?:" + fields + rb")\s*+\)?\s*+\(")
    files = [p for p in inspection.files_with(wanted) if spelled.search(inspection.text(p))]
    program = inspection.program
    for path in inspection.loaded(files):
        for caller in program.functions_in(path):
            if not any(program.mentions(caller, name) for name in wanted):
                continue
            for site, _ in sites_of(program, caller, frozenset(wanted)):
                if site.slot is not None and any(fits(site.slot, slot) for slot in several):
                    yield Call(caller, site)


def fits(called: Slot, filled: Slot) -> bool:
    """A call through `called` may run what fills `filled`."""
    return called.field == filled.field and (
        called.tag == filled.tag or not (called.tag and filled.tag)
    )
