# SPDX-License-Identifier: GPL-2.0-only
"""Pointers that a device owns, and that a path which runs again overwrites without looking.

The path is executed a second time in the world the first run leaves: what it stored in the
device is there. An allocation that is stored all the same loses the one before.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from kscan.execution.execute import Execution
from kscan.execution.values import ANY, SET, Value, What
from kscan.execution.world import World
from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.fates import MEMORY, End, Fate, Owned
from kscan.flow.lists import Lists
from kscan.flow.ownership import Lifetimes
from kscan.flow.paths import root_of
from kscan.flow.places import Place, field_named, place_of
from kscan.flow.releasing import releases_old
from kscan.flow.writes import Writes
from kscan.hazards.case import Case
from kscan.hits.architectures import architecture_of
from kscan.program.calls import Slot
from kscan.program.graph import Edge, Reach, reach
from kscan.program.program import Function
from kscan.program.tables import Entry
from kscan.program.types import scope_of


@dataclass(frozen=True)
class Overwrite:
    """An allocation that a second run stores over the first."""

    entry: Entry
    """The function of a followed slot that the path begins in."""
    way: tuple[Edge, ...]
    """From there to the function that acquires it."""
    owned: Owned
    end: End
    listed: bool
    """It joins a list that is not searched, rather than a member of the device."""
    kept_out: tuple[Function, int] | None = None
    """The offset that a second run does not come to until the core drops what the first left."""
    unregistered: str = ""
    """The architecture of the function that acquires it, where nothing that registers is built."""

    @property
    def at(self) -> int:
        """Offset, in the function that acquires it, of the store or of the call that makes it."""
        return self.end.frames[0].at if self.end.frames else self.end.at


def overwrites(case: Case) -> Iterator[Overwrite]:
    """The overwrites below the followed slots that run again, each store once."""
    catalogue = case.catalogue
    lifetimes = Lifetimes(
        case.program, catalogue.functions, lambda path: not catalogue.stops_in(path)
    )
    seen: set[tuple[Function, int]] = set()
    for name in case.contract.repeated.followed:
        if not case.window.reaches(name):
            continue
        for entry in case.window.visited(Slot.named(name)):
            for found in _Path(case, entry, lifetimes).overwrites(seen):
                seen.add((found.owned.function, found.owned.at))
                yield found


@dataclass
class _Path:
    """All that one function of a followed slot reaches."""

    case: Case
    entry: Entry
    lifetimes: Lifetimes
    """Objects in the functions that a walk may enter."""

    @cached_property
    def reach(self) -> Reach:
        """What the function reaches by calls alone."""
        return reach(self.case.program, self.case.catalogue, self.entry.function)

    @cached_property
    def device(self) -> str:
        """The struct tag of what the slot is called for."""
        params = self.entry.function.fact.params
        return next((p.type.tag for p in params if p.type.ptr), "")

    def overwrites(self, seen: Container[tuple[Function, int]]) -> Iterator[Overwrite]:
        """Stores of an allocation, not among `seen`, that happen in a second run as well."""
        found = sorted(self.reach.functions(), key=lambda f: (f.path, f.fact.start))
        for function in found:
            for owned in self.lifetimes.of(function):
                end = self._stored(owned)
                if end is None or (owned.function, owned.at) in seen:
                    continue
                listed = end.place is not None and end.place.kind == "membership"
                overwrite = Overwrite(self.entry, self.reach.way(function), owned, end, listed)
                if self._missed(overwrite) is None and not self._is_looked_for(overwrite):
                    yield replace(
                        overwrite,
                        kept_out=self._missed(overwrite, self._undropped),
                        unregistered=self._unregistered(function),
                    )

    def _unregistered(self, function: Function) -> str:
        """The architecture whose code `function` is, where no registration can be built."""
        architecture = architecture_of(function.path)
        if architecture and not self.case.registers_on(architecture):
            return architecture
        return ""

    def _stored(self, owned: Owned) -> End | None:
        """The store of an allocation in the device, or on a list that all devices share."""
        if owned.acquired.kind != MEMORY:
            return None
        stored = [e for e in owned.fates(Fate.STORED) if e.place is not None]
        stored.sort(key=lambda end: (end.function.path, end.at))
        return next((end for end in stored if self._is_owned(end)), None)

    def _is_owned(self, end: End) -> bool:
        scope = scope_of(self.case.program, end.function)
        root = root_of(end.target)
        if end.place is not None and end.place.kind == "membership":
            return bool(root) and not scope.is_local(root)
        params = end.function.fact.params
        return any(p.name == root and p.type.tag == self.device and p.type.ptr for p in params)

    @cached_property
    def _undropped(self) -> frozenset[Place]:
        """What a complete first run leaves in the object that the core may drop."""
        repeated = self.case.contract.repeated
        return frozenset(field_named(name) for name in (repeated.object, *repeated.left) if name)

    def _missed(
        self, overwrite: Overwrite, left: Iterable[Place] = ()
    ) -> tuple[Function, int] | None:
        """The first offset on the way to the store that a second run does not come to.

        It starts with what the first run stores, and with what it leaves in `left`.
        """
        function, owned = overwrite.owned.function, overwrite.owned
        places = [(edge.caller, edge.site.at) for edge in overwrite.way]
        places += [(function, owned.at), (function, overwrite.at)]
        entered = {place.path for place, _ in places}
        given = dict.fromkeys((*self._left(overwrite), *left), SET)
        functions = self.case.catalogue.functions
        world = World(functions, belongs=lambda path: path in entered, given=given)
        return next((place for place in places if not self._comes_to(world, *place)), None)

    def _comes_to(self, world: World, function: Function, at: int) -> bool:
        """`function`, executed by itself in `world`, comes to offset `at`."""
        execution = Execution(self.case.program, world)
        execution.run(function, _arguments(function))
        node = flow_of(self.lifetimes.program, function).containing(at)
        return node is not None and node.index in execution.visited[function]

    def _left(self, overwrite: Overwrite) -> Iterator[Place]:
        """What the first run leaves in the device, as far as the functions on the way tell."""
        for end in overwrite.owned.fates(Fate.STORED):
            yield from self._through(end)
        places = [(edge.caller, edge.site.at) for edge in overwrite.way]
        for function, at in (*places, (overwrite.owned.function, overwrite.at)):
            yield from self._written(function, at)

    def _written(self, function: Function, at: int) -> Iterator[Place]:
        """What a run of `function` that comes to offset `at` leaves in the device.

        What it sets before on some ways only, it does not leave.
        """
        flow = flow_of(self.lifetimes.program, function)
        target = flow.containing(at)
        nodes: dict[Place, set[int]] = {}
        for write in self._writes.of(function):
            node = flow.containing(write.spot)
            if write.place.owner == self.device and not (write.is_zero or write.partial) and node:
                nodes.setdefault(write.place, set()).add(node.index)
        for place, several in nodes.items():
            before = flow.reaching(target.index) if target is not None else frozenset()
            if not several & before or (target and flow.passes(several, target.index)):
                yield place

    @cached_property
    def _writes(self) -> Writes:
        return Writes(self.case.program, self.case.catalogue, lambda _path: False)

    def _through(self, end: End) -> Iterator[Place]:
        """The place of a store, and the pointers that lead there."""
        scope, node = scope_of(self.case.program, end.function), end.target
        while isinstance(node, ir.Member):
            place = place_of(scope, self.case.catalogue.functions, node)
            if place is not None:
                yield place
            node = node.object

    def _is_looked_for(self, overwrite: Overwrite) -> bool:
        """The list is searched first, or what stands in the device is released."""
        end, function = overwrite.end, overwrite.owned.function
        if overwrite.listed:
            scope = scope_of(self.case.program, end.function)
            functions = self.case.catalogue.functions
            head = place_of(scope, functions, end.target) if end.target else None
            lists = Lists(self.case.program, functions)
            return head is not None and lists.searches_before(function, overwrite.at, {head})
        functions = self.case.catalogue.functions
        return releases_old(self.case.program, functions, function, overwrite.at, end.place)


def _arguments(function: Function) -> tuple[Value, ...]:
    """Valid pointers, and numbers that may be anything."""
    own = Value(What.SET, None, "own")
    return tuple(own if p.type.ptr else ANY for p in function.fact.params)
