# SPDX-License-Identifier: GPL-2.0-only
"""Readers: what an in-window callback does with a place that is written too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from kscan.execution.calling import BOUND
from kscan.execution.execute import is_refusal
from kscan.execution.tying import RESOURCE
from kscan.execution.values import ZERO, Taint, Value, What
from kscan.execution.world import Event, Happening
from kscan.flow.failing import is_failing
from kscan.flow.places import DRVDATA, REGISTERS, Place
from kscan.flow.supplies import is_supply
from kscan.lateness.followers import Follower, reads
from kscan.lateness.runs import Run, Runs
from kscan.lateness.whose import ANYONES, Whose
from kscan.model import Confidence, Effect
from kscan.program.program import Function
from kscan.window.mentions import Mentions, lookup_words, tying_words
from kscan.window.window import Callback

_WORST = (
    Happening.CRASH,
    Happening.DECLINED,
    Happening.UNREADY,
    Happening.WRONG,
    Happening.WARNED,
)
_EFFECTS = {
    Happening.CRASH: Effect.CRASH,
    Happening.DECLINED: Effect.DECLINED,
    Happening.UNREADY: Effect.UNREADY,
    Happening.WRONG: Effect.WRONG_VALUE,
    Happening.WARNED: Effect.WARN,
}


@dataclass(frozen=True)
class Reader:
    """A read of a late place in a callback, and its effect."""

    callback: Callback
    taint: Taint
    event: Event
    """What comes of it, and where."""
    stored: Event | None = None
    """The store that hands the value on, when another callback suffers."""
    victim: Callback | None = None
    """That other callback."""
    refuses: bool = False
    """The one that suffers turns the object away, whatever the way."""
    waits: bool = False
    """It comes to that only once something else is set, which the probe does not do."""

    @property
    def sufferer(self) -> Callback:
        """The callback that suffers: that other one, where there is one."""
        return self.victim or self.callback

    @property
    def effect(self) -> Effect:
        """The effect, in the words of a report."""
        return _EFFECTS[self.event.what]

    @property
    def confidence(self) -> Confidence:
        """How sure the reading itself is."""
        if not self.taint.typed:
            return Confidence.LOW
        if not self.event.sure or self.event.what is Happening.WRONG:
            return Confidence.MEDIUM
        return self.callback.confidence


@dataclass
class Readers:
    """Finds those of the callbacks of one registration that suffer from what is late."""

    runs: Runs
    callbacks: tuple[Callback, ...]
    unset: Callable[[frozenset[Place], Place], frozenset[Place]] = lambda _places, _late: (
        frozenset()
    )
    """Those of some places that nothing sets while the probe goes on, or before a late one is."""

    def of(
        self,
        place: Place,
        lists: frozenset[Place],
        unset: Mapping[Place, Value],
        whose: Whose = ANYONES,
        comes_by: Callable[[Function], bool] = lambda _function: False,
    ) -> Iterator[Reader]:
        """The callbacks that suffer from `place` being late; what leads to `lists` is as well.

        Not those that come to it only where one of `unset`, which are late too, is not the zero
        given there, nor those that read it of another object than `whose` it is. A function that
        all late writes `comes_by` finds zero when it runs late, too: there it is no wrong number.
        """
        for callback, run in self._sweep(frozenset({place}) | lists, place, whose):
            events = (
                event
                for event in run.events_of(place)
                if event.what is not Happening.WRONG or not self._is_late_as_well(event, comes_by)
            )
            reader = self._worst(callback, tuple(events))
            guards = {p: value for p, value in unset.items() if p in run.execution.touched}
            if reader is not None and not self._is_guarded(reader, place, run, guards):
                waits = self._waits(reader, place, run)
                yield reader if reader.victim else replace(reader, refuses=run.refuses, waits=waits)

    def touches(self, place: Place) -> bool:
        """Some callback touches `place`: what none does cannot be met."""
        return any(self._touches(self.runs.at_rest(c), place) for c in self._in_order)

    def _is_late_as_well(self, event: Event, comes_by: Callable[[Function], bool]) -> bool:
        """What reads the place, or uses what was read, is a function that `comes_by` knows."""
        reading = self.runs.program.named(event.taint.path, event.taint.function)
        return any(map(comes_by, (event.function, *reading)))

    def following(self, follower: Follower) -> Iterator[Reader]:
        """The callbacks that suffer from what the driver of `follower` has not set yet."""
        refused: list[Callback] = []
        functions = self.runs.functions
        for callback in self._in_order:
            reached = self._mentions.reached(callback.function)
            sites = reads(self.runs.program, functions, reached, follower.tag)
            if sites and not any(self._kept_out(callback, by) for by in refused):
                run = self.runs.of(callback, frozenset(), sites)
                reader = self._worst(callback, run.events_of(DRVDATA))
                refused += [callback] if run.refuses else []
                yield from [reader] if reader is not None else ()

    def _is_guarded(
        self, reader: Reader, place: Place, found: Run, guards: Mapping[Place, Value]
    ) -> bool:
        """While `guards` are zero the callback does not come to what it suffers from.

        One that refuses instead hides what it would suffer from as soon as it does no longer.
        """
        run = self._guarding(reader, place, found, guards)
        if run is None or not self.runs.uncovering:
            return run is not None
        pointer = run.function.fact.result.ptr > 0
        return not all(is_refusal(value, pointer) for value, _, _ in run.outcome.returns)

    def _waits(self, reader: Reader, place: Place, found: Run) -> bool:
        """The callback comes to what it suffers from only once what nothing sets so far is set."""
        unset = self.unset(frozenset(found.execution.touched) - {place}, place)
        return self._guarding(reader, place, found, dict.fromkeys(unset, ZERO)) is not None

    def _guarding(
        self, reader: Reader, place: Place, found: Run, guards: Mapping[Place, Value]
    ) -> Run | None:
        """The run in which `guards` are zero, where it does not come to what `reader` tells of."""
        if not guards or reader.victim is not None:
            return None
        world = found.execution.world
        whose = Whose(world.of_instance, world.embedded)
        run = self.runs.of(reader.callback, world.late, zero=guards, whose=whose)
        spots = {(event.what, event.function, event.at) for event in run.events_of(place)}
        event = reader.event
        return None if (event.what, event.function, event.at) in spots else run

    def bound(self) -> Iterator[tuple[Callback, Event, Event | None]]:
        """Look-ups among bound devices, and what comes of their finding nothing."""
        for callback in filter(self._looks_up, self._in_order):
            events = self.runs.at_rest(callback).events_of(BOUND)
            for lookup in events:
                if lookup.what is Happening.LOOKED_UP:
                    yield callback, lookup, _worst_of(events, lookup.taint)

    def tied(self, unset: frozenset[Place]) -> Iterator[tuple[Callback, tuple[Event, ...]]]:
        """What callbacks put on the device they are called for, in which `unset` are zero."""
        words = tying_words(self.runs.functions)
        zero = dict.fromkeys(unset, ZERO)
        for callback in self._in_order:
            if self._mentions.mentions(callback.function, words):
                run = self.runs.of(callback, frozenset(), zero=zero, ties=True)
                if events := run.events_of(RESOURCE):
                    yield callback, tuple(sorted(events, key=lambda event: event.order))

    def finds_driver_data(self, callback: Callback, lookup: Event) -> bool:
        """`callback` goes on to the driver data of the device that `lookup` would find."""
        found = {(lookup.function.path, lookup.at): Value(What.ANY, None, "found")}
        return DRVDATA in self.runs.of(callback, frozenset(), found).execution.touched

    @cached_property
    def _in_order(self) -> tuple[Callback, ...]:
        """The callbacks, those first whose refusal keeps others from running."""
        first = [slot for order in self.runs.contract.order for slot in order.refusal]
        rank = {slot: number for number, slot in enumerate(first)}
        return tuple(sorted(self.callbacks, key=lambda c: rank.get(str(c.slot), len(first))))

    def _sweep(
        self,
        late: frozenset[Place],
        place: Place,
        whose: Whose = ANYONES,
    ) -> Iterator[tuple[Callback, Run]]:
        """The runs of the callbacks that touch `place` and are not kept from running."""
        refused: list[Callback] = []
        for callback in self._in_order:
            if any(self._kept_out(callback, by) for by in refused):
                continue
            rest = run = self.runs.at_rest(callback)
            if self._touches(rest, place):
                run = self.runs.of(callback, late, whose=whose)
                yield callback, run
            if run.refuses and (self._may_refuse(callback) or not rest.refuses):
                refused.append(callback)

    def _touches(self, run: Run, place: Place) -> bool:
        needed = REGISTERS if is_supply(place, self.runs.functions) else place
        return needed in run.execution.touched

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.runs.program, self.runs.belongs)

    def _looks_up(self, callback: Callback) -> bool:
        """`callback` may look among bound devices."""
        words = lookup_words(self.runs.functions)
        return self._mentions.mentions(callback.function, words)

    def _may_refuse(self, callback: Callback) -> bool:
        """`callback` may turn everything away, whatever is late.

        Of others that seem to, the arguments are not what the core hands over: valid pointers
        where it may have none.
        """
        offered = self.runs.contract.offered_to(str(callback.slot))
        return self._looks_up(callback) or offered is not None

    def _kept_out(self, callback: Callback, by: Callback) -> bool:
        slots = str(by.slot), str(callback.slot)
        skips = self.runs.contract.skipped_after
        return not self.runs.uncovering and skips(*slots, callback.entry.via)

    def _worst(self, callback: Callback, events: tuple[Event, ...]) -> Reader | None:
        for what in _WORST:
            for event in sorted(events, key=self._plainness):
                if event.what is what:
                    return Reader(callback, event.taint, event)
        for event in events:
            if event.stored is not None:
                reader = self._handed_on(callback, event, event.stored)
                if reader is not None:
                    return reader
        return None

    def _plainness(self, event: Event) -> tuple[bool, bool, int, tuple[int, ...]]:
        """To sort by: the first crash ends all; of warnings the one nearest to the callback tells.

        What happens on the way out with an error comes after what happens on any other.
        """
        places = [(frame.caller, frame.at) for frame in event.frames]
        lasting = event.what in (Happening.UNREADY, Happening.WARNED)
        failing = event.what is Happening.CRASH and any(
            is_failing(self.runs.program, self.runs.functions, function, at)
            for function, at in (*places, (event.function, event.at))
        )
        return not event.sure, failing, len(event.frames) if lasting else 0, event.order

    def _handed_on(self, callback: Callback, event: Event, place: Place) -> Reader | None:
        """A value stored by one callback and met by another: the first that suffers."""
        for other, run in self._sweep(frozenset({place}), place):
            if other == callback:
                continue
            for what in _WORST[:2]:
                for found in run.events_of(place):
                    if found.what is what:
                        return Reader(callback, event.taint, found, event, other, run.refuses)
        return None


def _worst_of(events: tuple[Event, ...], taint: Taint) -> Event | None:
    """The worst that comes of one late read; None where nothing does."""
    found = [event for event in events if event.taint == taint]
    return next((event for what in _WORST for event in found if event.what is what), None)
