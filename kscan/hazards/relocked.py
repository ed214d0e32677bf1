# SPDX-License-Identifier: GPL-2.0-only
"""Locks that are held while a window runs, and that what runs in it takes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from kscan.flow.depth import Call
from kscan.flow.held import Locking, Take, locking_of
from kscan.flow.places import Place
from kscan.kernel.catalogue import Catalogue
from kscan.model import Confidence, weakest
from kscan.program.calls import CallSite, EdgeKind, Slot
from kscan.program.graph import Edge, SlotCall
from kscan.program.program import Function, Program
from kscan.window.callers import Callers
from kscan.window.inside import Entered, Inside
from kscan.window.registrations import Registration
from kscan.window.window import Window

LEVELS = 2
"""Callers above one that registers which may hold a lock meanwhile."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the walk, or the code that registers."""

    function: Function
    take: Take
    registration: Registration | None = None
    """What is registered meanwhile; None for the walk."""


@dataclass(frozen=True)
class Relocked:
    """A lock that is taken although it is held on the way there."""

    holder: Holder
    entered: Entered
    take: Take
    way: tuple[Edge, ...]
    """From the registration through the walk."""
    call: SlotCall | None
    """What the walk calls the callback by, with the lock held; None where it takes it itself."""
    confidence: Confidence


@dataclass(frozen=True)
class _Held:
    """A lock is held where the walk comes to something, by a way."""

    holder: Holder
    way: tuple[Edge, ...]
    call: SlotCall | None = None


@dataclass
class _Spread:
    """What the walk comes to with a lock held."""

    functions: dict[Function, _Held] = field(default_factory=dict)
    slots: dict[Slot, _Held] = field(default_factory=dict)


@dataclass
class Relocks:
    """Searches the windows of some registrations."""

    program: Program
    catalogue: Catalogue
    window: Window
    inside: Inside
    callers: Callers
    _known: dict[Function, Locking] = field(default_factory=dict)

    def all(self) -> Iterator[Relocked]:
        """Every lock that is taken while it is held, and not by a function that calls itself."""
        for holder in self._registering:
            yield from self._taken(holder.take.place, holder)
        for place in {take.place: None for f in self._locking_walk for take in self._takes_of(f)}:
            yield from self._taken(place, None)

    def _taken(self, place: Place, registering: Holder | None) -> Iterator[Relocked]:
        takers = self._taking.get(place, ())
        if registering is None and len(takers) < 2:
            return
        spread = self._spread(place, registering)
        for entered in takers:
            held = self._held_at(spread, entered, registering)
            if held is None or held.holder.function == entered.function:
                continue
            for take in self._takes_of(entered.function):
                is_shared = take.is_shared and held.holder.take.is_shared
                if take.place == place and not is_shared and self._is_kept(entered, take):
                    yield self._judged(entered, held, take)
                    break

    def _held_at(
        self, spread: _Spread, entered: Entered, registering: Holder | None
    ) -> _Held | None:
        """How the lock is held where `entered` is come to; None where it is not."""
        if entered.callback is None:
            return spread.functions.get(entered.function)
        if registering is not None and registering.registration != entered.registration:
            return None
        return spread.slots.get(entered.callback.slot)

    def _is_kept(self, entered: Entered, take: Take) -> bool:
        """Nothing drops the lock between the entry and `take`."""
        places = [(frame.caller, frame.at) for frame in entered.frames]
        return all(
            self._locking(function).keeps(take.place, at)
            for function, at in (*places, (entered.function, take.at))
        )

    def _judged(self, entered: Entered, held: _Held, take: Take) -> Relocked:
        callback = entered.callback
        sure = weakest(
            *(edge.site.confidence for edge in held.way),
            callback.confidence if callback is not None else Confidence.HIGH,
            Confidence.MEDIUM if take.place.kind == "field" else Confidence.HIGH,
            Confidence.HIGH if all(map(self._calls, entered.frames)) else Confidence.LOW,
        )
        return Relocked(held.holder, entered, take, held.way, held.call, sure)

    def _calls(self, frame: Call) -> bool:
        """The caller calls it by name there, and does not hand it over to be called some time."""
        calls = self.program.body(frame.caller).calls_at(frame.at)
        return any(call.name == frame.callee.name for call in calls)

    def _spread(self, place: Place, registering: Holder | None) -> _Spread:
        """What is come to while `place` is held: by `registering`, or else by the walk."""
        reach, found = self.window.reach, _Spread()
        waiting = deque[tuple[Function, _Held | None]]()
        if registering is not None:
            found.functions[reach.root] = _Held(registering, ())
            waiting.append((reach.root, found.functions[reach.root]))
        else:
            waiting += [(f, None) for f in self._locking_walk if self._takes(f, place)]
        while waiting:
            caller, held = waiting.popleft()
            for call in self._slot_calls.get(caller, ()):
                then = self._at(place, caller, call.site, held)
                if then is not None and self.window.is_met(call):
                    found.slots.setdefault(call.slot, replace(then, call=call))
            for edge in reach.edges.get(caller, ()):
                then = self._at(place, caller, edge.site, held)
                if then is None or edge.callee in found.functions:
                    continue
                then = replace(then, way=(*then.way, edge))
                if reach.may_run(then.way):
                    found.functions[edge.callee] = then
                    waiting.append((edge.callee, then))
        return found

    def _at(
        self, place: Place, caller: Function, site: CallSite, held: _Held | None
    ) -> _Held | None:
        """How the lock is held at `site` of `caller`, which is come to as `held` says.

        Behind an edge that a scenario assumes nothing is known of the locks of the walk.
        """
        if site.kind is EdgeKind.QUEUED:
            return None
        locking = self._locking(caller)
        own = locking.held(place, site.at)
        if own is not None:
            return _Held(Holder(caller, own), self.window.reach.way(caller))
        if held is None or not locking.keeps(place, site.at):
            return None
        is_known = site.kind is not EdgeKind.ASSUMED or held.holder.registration is not None
        return held if is_known else None

    @cached_property
    def _slot_calls(self) -> dict[Function, list[SlotCall]]:
        found: dict[Function, list[SlotCall]] = {}
        for slot in self.window.slots:
            for call in self.window.reach.calls.get(slot, ()):
                found.setdefault(call.caller, []).append(call)
        return found

    @cached_property
    def _registering(self) -> tuple[Holder, ...]:
        """Who holds a lock while something is registered."""
        found: dict[tuple[Place, Registration], Holder] = {}
        for registration, _ in self.inside.registrations:
            for holder in self._around(registration, registration.function, registration.at, 0):
                found.setdefault((holder.take.place, registration), holder)
        return tuple(found.values())

    def _around(
        self, registration: Registration, function: Function, at: int, level: int
    ) -> Iterator[Holder]:
        """The locks held at `at` of `function`, and those its callers hold meanwhile."""
        locking = self._locking(function)
        for place in dict.fromkeys(take.place for take in locking.takes):
            take = locking.held(place, at)
            if take is not None:
                yield Holder(function, take, registration)
        for caller, call in self.callers.first_of(function) if level < LEVELS else ():
            for holder in self._around(registration, caller, call.at, level + 1):
                if locking.keeps(holder.take.place, at):
                    yield holder

    @cached_property
    def _taking(self) -> dict[Place, list[Entered]]:
        """The functions inside that take each lock."""
        found: dict[Place, list[Entered]] = {}
        holding = {f.path for f in (*self._locking_walk, *(h.function for h in self._registering))}
        beyond = self.inside.beyond_in(holding.__contains__)
        for entered in (*self.inside.functions.values(), *beyond.values()):
            for place in dict.fromkeys(take.place for take in self._takes_of(entered.function)):
                found.setdefault(place, []).append(entered)
        return found

    @cached_property
    def _locking_walk(self) -> tuple[Function, ...]:
        return tuple(f for f in self.inside.walked if self._takes_of(f))

    def _takes(self, function: Function, place: Place) -> bool:
        return any(take.place == place for take in self._takes_of(function))

    def _takes_of(self, function: Function) -> list[Take]:
        return self._locking(function).takes

    def _locking(self, function: Function) -> Locking:
        if function not in self._known:
            spells = any(self.inside.spelling([Entered(function)], self._words))
            known = locking_of(self.program, self.catalogue, function) if spells else Locking()
            self._known[function] = known
        return self._known[function]

    @cached_property
    def _words(self) -> re.Pattern[bytes]:
        """What is in the text of a function that takes or drops a lock."""
        pairs = self.catalogue.locks.lock
        names = (name.strip("*") for pair in pairs for name in (*pair.take, *pair.release))
        return re.compile("|".join([r"guard\(", *map(re.escape, names)]).encode())
