# SPDX-License-Identifier: GPL-2.0-only
"""Readers: what an in-window callback does with a place that is written too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from kscan.execution.calling import BOUND
from kscan.execution.execute import Execution, Outcome, declined, is_refusal
from kscan.execution.tying import RESOURCE
from kscan.execution.values import ANY, SET, ZERO, Taint, Value, What
from kscan.execution.world import Event, Happening, World
from kscan.flow.places import DRVDATA, REGISTERS, Place, field_named
from kscan.flow.supplies import is_supply
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.contracts import Contract, Offered
from kscan.lateness.followers import Follower, reads
from kscan.lateness.whose import ANYONES, Whose
from kscan.model import Confidence, Effect
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
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
class _Run:
    """One callback, executed."""

    execution: Execution
    outcome: Outcome
    function: Function
    user: Callable[[], str]
    """The core's function that dereferences the pointer which the callback yields."""

    @property
    def refuses(self) -> bool:
        """Whatever the way, the callback turns the object away."""
        pointer = self.function.fact.result.ptr > 0
        returns = self.outcome.returns
        return bool(returns) and all(is_refusal(value, pointer) for value, _, _ in returns)

    def events_of(self, place: Place) -> tuple[Event, ...]:
        """The events that `place` brings, refusals of the whole callback included."""
        found = [event for event in self.execution.events if event.taint.place == place]
        for one in declined(self.outcome, self.function.fact.result.ptr > 0):
            if one.taint.place == place:
                declines = Event(
                    Happening.DECLINED, one.taint, one.at, self.function, (), "refuses"
                )
                found.append(replace(declines, again=one.again))
        found += [event for event in self._returned() if event.taint.place == place]
        return tuple(found)

    def _returned(self) -> Iterator[Event]:
        """A late value that the core is handed: a pointer made of NULL, or a zero."""
        pointer = self.function.fact.result.ptr > 0
        for value, _, at in self.outcome.returns:
            if value.taint is None or value.chosen:
                continue
            if pointer and value.what is What.BOGUS:
                user = self.user()
                use = f", which {user}() dereferences" if user else ""
                note, sure = f"returns a pointer made of NULL{use}", bool(user)
                yield Event(Happening.CRASH, value.taint, at, self.function, (), note, sure=sure)
            elif not pointer and value.what is What.ZERO:
                yield Event(Happening.WRONG, value.taint, at, self.function, (), "returns it")


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


@dataclass(frozen=True)
class Circumstances:
    """What holds wherever the callbacks of a registration run."""

    drivers: frozenset[str] = frozenset()
    """The driver structs whose probe registers."""
    given: Mapping[Place, Value] = field(default_factory=dict)
    """What must hold for these callbacks to run at all."""
    negative: frozenset[Place] = frozenset()
    """Late places that are below zero until they are written."""


@dataclass
class Readers:
    """Runs the callbacks of one registration in worlds where places are late."""

    program: Program
    catalogue: Catalogue
    contract: Contract
    belongs: Callable[[str], bool]
    callbacks: tuple[Callback, ...]
    user: Callable[[Slot], str] = lambda _slot: ""
    """The core's function that dereferences what a slot yields; empty where none is seen to."""
    absent: Callable[[Slot], frozenset[int]] = lambda _slot: frozenset()
    """The positions of the arguments that the core has nothing to hand over for."""
    circumstances: Callable[[], Circumstances] = Circumstances
    """Asked when a callback is executed, which most never are."""
    alone: bool = False
    """What the callbacks are handed belongs to this very instance."""
    registered: str = ""
    """The struct of what is registered."""
    unset: Callable[[frozenset[Place]], frozenset[Place]] = lambda _places: frozenset()
    """Those of some places that nothing sets while the probe goes on."""
    uncovering: bool = False
    """Each late place is met as if whatever else is wrong kept nobody from it."""
    _idle: dict[Callback, _Run] = field(default_factory=dict)

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
        return any(self._touches(self._at_rest(c), place) for c in self._in_order)

    def _is_late_as_well(self, event: Event, comes_by: Callable[[Function], bool]) -> bool:
        """What reads the place, or uses what was read, is a function that `comes_by` knows."""
        reading = self.program.named(event.taint.path, event.taint.function)
        return any(map(comes_by, (event.function, *reading)))

    def following(self, follower: Follower) -> Iterator[Reader]:
        """The callbacks that suffer from what the driver of `follower` has not set yet."""
        refused: list[Callback] = []
        functions = self.catalogue.functions
        for callback in self._in_order:
            reached = self._mentions.reached(callback.function)
            sites = reads(self.program, functions, reached, follower.tag)
            if sites and not any(self._kept_out(callback, by) for by in refused):
                run = self._run(callback, frozenset(), sites)
                reader = self._worst(callback, run.events_of(DRVDATA))
                refused += [callback] if run.refuses else []
                yield from [reader] if reader is not None else ()

    def _is_guarded(
        self, reader: Reader, place: Place, found: _Run, guards: Mapping[Place, Value]
    ) -> bool:
        """While `guards` are zero the callback does not come to what it suffers from.

        One that refuses instead hides what it would suffer from as soon as it does no longer.
        """
        run = self._guarding(reader, place, found, guards)
        if run is None or not self.uncovering:
            return run is not None
        pointer = run.function.fact.result.ptr > 0
        return not all(is_refusal(value, pointer) for value, _, _ in run.outcome.returns)

    def _waits(self, reader: Reader, place: Place, found: _Run) -> bool:
        """The callback comes to what it suffers from only once what nothing sets so far is set."""
        unset = self.unset(frozenset(found.execution.touched)) - {place}
        return self._guarding(reader, place, found, dict.fromkeys(unset, ZERO)) is not None

    def _guarding(
        self, reader: Reader, place: Place, found: _Run, guards: Mapping[Place, Value]
    ) -> _Run | None:
        """The run in which `guards` are zero, where it does not come to what `reader` tells of."""
        if not guards or reader.victim is not None:
            return None
        world = found.execution.world
        whose = Whose(world.of_instance, world.embedded)
        run = self._run(reader.callback, world.late, zero=guards, whose=whose)
        spots = {(event.what, event.function, event.at) for event in run.events_of(place)}
        event = reader.event
        return None if (event.what, event.function, event.at) in spots else run

    def bound(self) -> Iterator[tuple[Callback, Event, Event | None]]:
        """Look-ups among bound devices, and what comes of their finding nothing."""
        for callback in filter(self._looks_up, self._in_order):
            events = self._at_rest(callback).events_of(BOUND)
            for lookup in events:
                if lookup.what is Happening.LOOKED_UP:
                    yield callback, lookup, _worst_of(events, lookup.taint)

    def tied(self, unset: frozenset[Place]) -> Iterator[tuple[Callback, tuple[Event, ...]]]:
        """What callbacks put on the device they are called for, in which `unset` are zero."""
        words = tying_words(self.catalogue.functions)
        zero = dict.fromkeys(unset, ZERO)
        for callback in self._in_order:
            if self._mentions.mentions(callback.function, words):
                run = self._run(callback, frozenset(), zero=zero, ties=True)
                if events := run.events_of(RESOURCE):
                    yield callback, tuple(sorted(events, key=lambda event: event.order))

    def finds_driver_data(self, callback: Callback, lookup: Event) -> bool:
        """`callback` goes on to the driver data of the device that `lookup` would find."""
        found = {(lookup.function.path, lookup.at): Value(What.ANY, None, "found")}
        return DRVDATA in self._run(callback, frozenset(), found).execution.touched

    @cached_property
    def _in_order(self) -> tuple[Callback, ...]:
        """The callbacks, those first whose refusal keeps others from running."""
        first = [slot for order in self.contract.order for slot in order.refusal]
        rank = {slot: number for number, slot in enumerate(first)}
        return tuple(sorted(self.callbacks, key=lambda c: rank.get(str(c.slot), len(first))))

    def _at_rest(self, callback: Callback) -> _Run:
        """A run in which nothing is late: it tells what the callback touches."""
        if callback not in self._idle:
            self._idle[callback] = self._run(callback, frozenset())
        return self._idle[callback]

    def _sweep(
        self,
        late: frozenset[Place],
        place: Place,
        whose: Whose = ANYONES,
    ) -> Iterator[tuple[Callback, _Run]]:
        """The runs of the callbacks that touch `place` and are not kept from running."""
        refused: list[Callback] = []
        for callback in self._in_order:
            if any(self._kept_out(callback, by) for by in refused):
                continue
            rest = run = self._at_rest(callback)
            if self._touches(rest, place):
                run = self._run(callback, late, whose=whose)
                yield callback, run
            if run.refuses and (self._may_refuse(callback) or not rest.refuses):
                refused.append(callback)

    def _touches(self, run: _Run, place: Place) -> bool:
        needed = REGISTERS if is_supply(place, self.catalogue.functions) else place
        return needed in run.execution.touched

    @cached_property
    def _circumstances(self) -> Circumstances:
        return self.circumstances()

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.program, self.belongs)

    def _looks_up(self, callback: Callback) -> bool:
        """`callback` may look among bound devices."""
        words = lookup_words(self.catalogue.functions)
        return self._mentions.mentions(callback.function, words)

    def _may_refuse(self, callback: Callback) -> bool:
        """`callback` may turn everything away, whatever is late.

        Of others that seem to, the arguments are not what the core hands over: valid pointers
        where it may have none.
        """
        return self._looks_up(callback) or self.contract.offered_to(str(callback.slot)) is not None

    def _kept_out(self, callback: Callback, by: Callback) -> bool:
        slots = str(by.slot), str(callback.slot)
        return not self.uncovering and self.contract.skipped_after(*slots, callback.entry.via)

    def _run(
        self,
        callback: Callback,
        late: frozenset[Place],
        results: Mapping[tuple[str, int], Value] | None = None,
        zero: Mapping[Place, Value] | None = None,
        *,
        whose: Whose = ANYONES,
        ties: bool = False,
    ) -> _Run:
        offered = self.contract.offered_to(str(callback.slot))
        around = self._circumstances
        there = [field_named(one.field) for one in self.contract.present if ties]
        world = World(
            self.catalogue.functions, late, self.belongs, results or {},
            drivers=around.drivers,
            given={**(zero or {}), **dict.fromkeys(there, SET), **around.given},
            negative=around.negative, alone=self.alone, of_instance=whose.of_instance, ties=ties,
            embedded=whose.embedded,
            never=frozenset(offered.never if offered is not None else ()),
            as_bound=self.uncovering, registered=self.registered,
        )  # fmt: skip
        execution = Execution(self.program, world)
        function = callback.function
        outcome = execution.run(function, self._arguments(callback, offered))
        return _Run(execution, outcome, function, partial(self.user, callback.slot))

    def _arguments(self, callback: Callback, offered: Offered | None) -> tuple[Value, ...]:
        """What a callback is handed: its client's device, the instance; valid pointers, or NULL."""
        clients = {one.field.partition(".")[0] for one in self.contract.unset}
        absent = self.absent(callback.slot)
        values = []
        for number, parameter in enumerate(callback.function.fact.params):
            origin = "client" if parameter.type.tag in clients else "own"
            origin = "instance" if number == self.contract.instance else origin
            given = ZERO if number in absent else Value(What.SET, None, origin)
            values.append(given if parameter.type.ptr else ANY)
        if offered is not None and offered.argument < len(values):
            values[offered.argument] = Value(What.SET, None, "offered")
        return tuple(values)

    def _worst(self, callback: Callback, events: tuple[Event, ...]) -> Reader | None:
        for what in _WORST:
            for event in sorted(events, key=_nearest):
                if event.what is what:
                    return Reader(callback, event.taint, event)
        for event in events:
            if event.stored is not None:
                reader = self._handed_on(callback, event, event.stored)
                if reader is not None:
                    return reader
        return None

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


def _nearest(event: Event) -> tuple[bool, int, tuple[int, ...]]:
    """To sort by: the first crash ends all; of warnings the one nearest to the callback is told."""
    lasting = event.what in (Happening.UNREADY, Happening.WARNED)
    return not event.sure, len(event.frames) if lasting else 0, event.order


def _worst_of(events: tuple[Event, ...], taint: Taint) -> Event | None:
    """The worst that comes of one late read; None where nothing does."""
    found = [event for event in events if event.taint == taint]
    return next((event for what in _WORST for event in found if event.what is what), None)
