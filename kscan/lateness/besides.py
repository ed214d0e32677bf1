# SPDX-License-Identifier: GPL-2.0-only
"""What a driver writes besides its probe: in interrupt handlers, work and other callbacks.

    static irqreturn_t foo_irq(int irq, void *data)
    {
        foo->attached = true;
    }

A member that such a function keeps up to date is the state that a device is in; and what is
set in such functions alone is not set yet while the probe goes on. Nor is a flag that whoever
sets it comes to only where something else is there that is late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property

from kscan.execution.execute import Execution
from kscan.execution.world import World
from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.places import Place
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.program.calls import CallSite, EdgeKind, call_sites
from kscan.program.filled import holding
from kscan.program.hooks import declaring, hooked
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.callers import Callers, is_private
from kscan.window.mentions import Mentions
from kscan.window.registrations import Registration
from kscan.window.scope import Ownership
from kscan.window.window import Callback

_LEVELS = 3
"""Callers of callers of a function that writes a place, up to one that is handed over."""


@dataclass(frozen=True)
class Besides:
    """The writes of one driver that its probe has no part in."""

    program: Program
    registration: Registration
    writes: Writes
    belongs: Ownership
    callers: Callers
    callbacks: tuple[Callback, ...]
    _writers: dict[Place, frozenset[Function]] = field(default_factory=dict)
    _ways: dict[tuple[Function, Place], Set[int]] = field(default_factory=dict)

    def is_kept_up(self, place: Place) -> bool:
        """A function that is handed over, as an interrupt handler is, writes `place`."""
        return self._is_own(place) and any(
            above not in self._above and self._is_handed_over(above)
            for writer in self._writing(place)
            for above in self.callers.above(writer, _LEVELS)
        )

    def unset(self, places: frozenset[Place], late: Place) -> frozenset[Place]:
        """Those of `places` that are numbers which nothing sets while the probe goes on.

        Functions do that it does not call, and that are no callbacks of what it registers; or
        they do not come to that before `late` is set.
        """
        return frozenset(place for place in places if self._is_unset(place, late))

    def _is_unset(self, place: Place, late: Place) -> bool:
        if not self._is_own(place) or not self._is_number(place):
            return False
        writing = self._writing(place)
        if not writing or writing.isdisjoint(self._probing | self._called_back):
            return bool(writing)
        in_order = sorted(writing, key=lambda function: (function.path, function.name))
        sets = ((f, write.at) for f in in_order for write in self._sets(f, place))
        return not any(self._comes_to(f, at, late, _LEVELS) for f, at in sets)

    def _comes_to(self, function: Function, at: int, late: Place, levels: int) -> bool:
        """Before `late` is set `function` comes to offset `at`, and some caller to `function`."""
        node = flow_of(self.program, function).containing(at)
        if node is not None and node.index not in self._visited(function, late):
            return False
        calls = self._only_called(function) if levels else []
        return not calls or any(
            self._comes_to(caller, call.at, late, levels - 1) for caller, call in calls
        )

    def _visited(self, function: Function, late: Place) -> Set[int]:
        """The nodes that `function` comes to before `late` is set."""
        key = function, late
        if key not in self._ways:
            world = World(self.writes.catalogue.functions, frozenset({late}), self.belongs)
            self._ways[key] = Execution(self.program, world).run(function).visited
        return self._ways[key]

    def _only_called(self, function: Function) -> list[tuple[Function, ir.Call]]:
        """The calls of a static `function`; none where it may be run in another way as well."""
        calls = list(self.callers.of(function)) if is_private(function) else []
        naming = self.program.mentioning(function.path, function.name)
        by_name = {function, *(caller for caller, _ in calls)}
        is_stored = holding(self.program, function.path, function.name) or not by_name.issuperset(
            naming
        )
        return [] if is_stored or self._is_handed_over(function) else calls

    def _is_own(self, place: Place) -> bool:
        """`place` is a member of a struct of the driver: who sets others is not known."""
        if place.kind != "field" or not place.owner:
            return False
        home = self._declaring(place, self.registration.function.path)
        return home is not None and self.belongs(home)

    def _declaring(self, place: Place, path: str) -> str | None:
        return declaring(self.program, place.owner, path)

    def _is_number(self, place: Place) -> bool:
        """The member `place` is neither a pointer nor a struct."""
        path = self.registration.function.path
        kind = self.program.field_type(place.owner, place.name, path)
        return kind is not None and not (kind.ptr or kind.array or kind.tag)

    @cached_property
    def _above(self) -> frozenset[Function]:
        """What registers, and its callers."""
        return frozenset(self.callers.above(self.registration.function))

    @cached_property
    def _probing(self) -> frozenset[Function]:
        """Those, and what they call, here and now."""
        found, waiting = set(self._above), [*self._above]
        while waiting:
            called = set(self._called(waiting.pop())) - found
            found |= called
            waiting += called
        return frozenset(found)

    def _called(self, function: Function) -> Iterator[Function]:
        for site in call_sites(self.program, function):
            if site.slot is not None:
                target = hooked(self.program, site.slot, function.path, self.belongs)
                yield from [target] if target is not None else ()
            elif site.kind is EdgeKind.DIRECT or _is_walk(site):
                yield from self.program.resolve_within(site.name, function.path, self.belongs)

    @cached_property
    def _called_back(self) -> frozenset[Function]:
        """What runs in the window, or stands in the object beside its table, and their callees."""
        reached = Mentions(self.program, self.belongs).reached
        back = {one.function for one in self.callbacks}.union(*map(self._stored, self._above))
        return frozenset(below for one in back for below in reached(one))

    def _stored(self, function: Function) -> Iterator[Function]:
        """The functions that `function` stores in members of what is registered."""
        scope = scope_of(self.program, function)
        for node in self.program.body(function).assignments:
            match node:
                case ir.Assign(target=ir.Member(object=inner), value=ir.Name(id=name)):
                    if self.writes.registered and scope.tag_of(inner) == self.writes.registered:
                        yield from self.program.resolve(name, function.path)[:1]

    def _writing(self, place: Place) -> frozenset[Function]:
        """The driver's functions that themselves set `place` to what may not be zero."""
        if place not in self._writers:
            self._writers[place] = frozenset(self._found(place))
        return self._writers[place]

    def _found(self, place: Place) -> Iterator[Function]:
        own, word = self.registration.function.path, place.name.encode()
        declared = self._declaring(place, own)
        for path in (own, *filter(self.belongs, self.program.siblings(own))):
            if self.program.reader.names(path, word) and self._declaring(place, path) == declared:
                for function in self.program.mentioning(path, place.name):
                    if any(self._sets(function, place)):
                        yield function

    def _sets(self, function: Function, place: Place) -> Iterator[Write]:
        for statement in self.program.body(function).statements:
            for expr in ir.expressions(statement):
                for write in self.writes.directly(function, expr):
                    if write.place == place and not write.is_zero:
                        yield write

    def _is_handed_over(self, function: Function) -> bool:
        """A call in the file of `function` has it for an argument, to be called at another time."""
        name, path = function.name, function.path
        return any(
            site.kind is EdgeKind.ARGUMENT and site.name == name and not _is_walk(site)
            for user in self.program.mentioning(path, name)
            for site in call_sites(self.program, user)
        ) or any(self.program.mentioning(path, macro) for macro in self._macros_with(function))

    def _macros_with(self, function: Function) -> Iterator[str]:
        """The macros of the file of `function` that hand it over, as far as text tells."""
        given = re.compile(rf"[(,]\s*{function.name}\s*[,)]")
        for macro in self.program.unit(function.path).macros:
            if given.search(macro.body) and "for_each" not in macro.body:
                yield macro.name


def _is_walk(site: CallSite) -> bool:
    """A function is handed to what calls it for each of several objects, as its name says."""
    return any("for_each" in name for name in site.through)
