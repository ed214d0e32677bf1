# SPDX-License-Identifier: GPL-2.0-only
"""One contract in one tree: everything the rules ask of a registration window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

from kscan.execution.values import SET, ZERO, Value, What
from kscan.execution.world import Event
from kscan.flow.ownership import Lifetimes
from kscan.flow.places import DRVDATA, Place, place_of
from kscan.flow.writes import Writes
from kscan.hazards.replays import Replays
from kscan.hits.architectures import Architectures
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.contracts import Contract
from kscan.lateness.besides import Besides
from kscan.lateness.doubts import Doubts
from kscan.lateness.followers import Follower, Followers
from kscan.lateness.late import Late, Lateness
from kscan.lateness.masked import LateRead, masked
from kscan.lateness.probing import holding
from kscan.lateness.readers import Circumstances, Reader, Readers
from kscan.lateness.whose import counting, leads_to_others, whose
from kscan.model import Skip, weakest
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.buses import Buses
from kscan.window.callers import LEVELS, Callers, calls_of
from kscan.window.configured import Configured
from kscan.window.drivers import bus_tag, probing_drivers
from kscan.window.inside import Inside
from kscan.window.origins import Origins
from kscan.window.registrations import Registration, Registrations
from kscan.window.returned import Returned
from kscan.window.scope import OneFile, Ownership, ownership
from kscan.window.window import Callback, Window

MOST_LATE = 100
"""Late places of one registration that are looked at; no driver of 6.12 has more than 19."""


@dataclass(frozen=True)
class BoundRead:
    """A callback that looks its own instance up among bound devices."""

    registration: Registration
    callback: Callback
    lookup: Event
    outcome: Event | None
    """The worst that comes of finding nothing; None where nothing is seen to."""
    late: Late | None
    """Driver data that is late as well, where the look-up leads to it."""


@dataclass
class Case:
    """The registrations of one contract, and what their windows meet."""

    program: Program
    catalogue: Catalogue
    window: Window
    searched: tuple[str, ...]
    """Files that matter, which are read together."""
    registering: tuple[str, ...]
    """Files that name the contract's function."""
    callers: Callers
    """Who calls the registering functions."""
    uncovering: bool = False
    """What one thing that is wrong keeps another from doing is found as well."""
    not_looked_at: dict[tuple[str, int], Skip] = field(default_factory=dict)
    """Registrations with too many late places, as far as they were asked for."""
    _looked_at: tuple[Registration, ...] | None = None
    _readers: dict[tuple[str, int], Readers] = field(default_factory=dict)
    _reads: dict[tuple[str, int], tuple[LateRead, ...]] = field(default_factory=dict)
    _late: dict[tuple[str, int], tuple[Late, ...]] = field(default_factory=dict)
    _others: dict[tuple[str, int], Besides] = field(default_factory=dict)
    _writes: dict[Ownership, Writes] = field(default_factory=dict)
    _lifetimes: dict[Ownership | OneFile, Lifetimes] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        """The contract."""
        return self.window.contract

    @property
    def stores_afterwards(self) -> bool:
        """Some function goes on to store something once it has registered: a quick no."""
        return any(
            node.at > call.at
            for path in self.registering
            for function in self.program.functions_in(path)
            for call in calls_of(self.program, function, self.contract.register)
            for node in self.program.body(function).assignments
        )

    def settle(self) -> None:
        """Waits for searches that were started."""
        self.callers.settle()
        _ = self.program.definitions

    @cached_property
    def registrations(self) -> tuple[Registration, ...]:
        """Every registration of the contract."""
        self.program.reader.load(self.searched)
        functions = self.catalogue.functions
        found = Registrations(
            self.program, functions, self.contract, self.registering, self.callers
        ).all
        self.callers.prepare_upwards([r.function for r in found], LEVELS)
        return found

    @cached_property
    def core(self) -> frozenset[str]:
        """The files of the functions that the registration itself runs."""
        return frozenset(f.path for f in self.window.reach.functions())

    @cached_property
    def _architectures(self) -> Architectures:
        return Architectures(self.program.reader.tree)

    def registers_on(self, architecture: str) -> bool:
        """Some registration may be part of a kernel for `architecture`."""
        may_build = self._architectures.may_build
        return any(may_build(one.function.path, architecture) for one in self.registrations)

    def belongs(self, registration: Registration) -> Ownership:
        """Which files are the driver's."""
        paths = [registration.function.path, *(table.path for table in registration.tables)]
        paths += [handed.function.path for handed in registration.functions]
        return ownership(paths, self.core)

    def writes(self, registration: Registration) -> Writes:
        """The writes of the driver's functions, which drivers beside each other share."""
        belongs = self.belongs(registration)
        if belongs not in self._writes:
            registered = self._registered(registration)
            self._writes[belongs] = Writes(self.program, self.catalogue, belongs, registered)
        return self._writes[belongs]

    def _registered(self, registration: Registration) -> str:
        """The struct of what `registration` publishes, as ``iommu_device``."""
        scope, at = scope_of(self.program, registration.function), self.contract.object
        return next(map(scope.tag_of, registration.call.args[at : at + 1]), "")

    def lifetimes(self, belongs: Ownership | OneFile) -> Lifetimes:
        """The objects that functions acquire, followed into those that are `belongs`'s own."""
        if belongs not in self._lifetimes:
            functions = self.catalogue.functions
            self._lifetimes[belongs] = Lifetimes(self.program, functions, belongs)
        return self._lifetimes[belongs]

    @cached_property
    def _returned(self) -> Returned:
        return Returned(self.program, self.catalogue.functions, self.window.reach)

    def late(self, registration: Registration) -> tuple[Late, ...]:
        """The places `registration` comes too early for."""
        key = _key(registration)
        if key not in self._late:
            lateness = Lateness(self.program, self.catalogue, self.callers)
            self._late[key] = lateness.late(
                registration, self.writes(registration), self.belongs(registration)
            )
        return self._late[key]

    def readers(self, registration: Registration) -> Readers:
        """The callbacks of `registration`, ready to be executed."""
        key = _key(registration)
        if key not in self._readers:
            self._readers[key] = Readers(
                self.program, self.catalogue, self.contract, self.belongs(registration),
                self.window.callbacks(registration), self._returned.dereferenced_by,
                self.window.absent,
                partial(self._circumstances, registration), registration.gated,
                self._registered(registration), self._besides(registration).unset,
                self.uncovering,
            )  # fmt: skip
        return self._readers[key]

    def _besides(self, registration: Registration) -> Besides:
        key = _key(registration)
        if key not in self._others:
            self._others[key] = Besides(
                self.program, registration, self.writes(registration), self.belongs(registration),
                self.callers, self.window.callbacks(registration),
            )  # fmt: skip
        return self._others[key]

    def _circumstances(self, registration: Registration) -> Circumstances:
        return Circumstances(
            probing_drivers(self.callers, registration),
            self._given(registration),
            frozenset(late.place for late in self.late(registration) if late.negative),
        )

    def doubts(self, registration: Registration) -> Doubts:
        """What lowers the confidence around `registration`."""
        return Doubts(
            self.program, self.window, registration, self.writes(registration),
            self.belongs(registration), self._architectures, self._besides(registration),
        )  # fmt: skip

    @contextmanager
    def looking_at(self, registrations: tuple[Registration, ...] | None) -> Iterator[None]:
        """Meanwhile `late_reads` and `bound_reads` are those of `registrations`; None means all."""
        self._looked_at = registrations
        try:
            yield
        finally:
            self._looked_at = None

    @property
    def _regarded(self) -> tuple[Registration, ...]:
        return self.registrations if self._looked_at is None else self._looked_at

    @property
    def late_reads(self) -> tuple[LateRead, ...]:
        """Every late write that an in-window callback meets."""
        return tuple(read for one in self._regarded for read in self.late_reads_of(one))

    def late_reads_at(self, path: str, line: int, column: int) -> Iterator[LateRead]:
        """Those of the registrations that stand there."""
        for registration in self._by_position.get((path, line, column), ()):
            yield from self.late_reads_of(registration)

    @cached_property
    def _by_position(self) -> dict[tuple[str, int, int], list[Registration]]:
        found: dict[tuple[str, int, int], list[Registration]] = {}
        for one in self.registrations:
            path = one.function.path
            line, column = self.program.reader.position(path, one.at)
            found.setdefault((path, line, column), []).append(one)
        return found

    def late_reads_of(self, registration: Registration) -> tuple[LateRead, ...]:
        """Those of one registration, one for a callback that looks at a late place."""
        key = _key(registration)
        if key not in self._reads:
            found: dict[tuple[Place, Callback], LateRead] = {}
            for read in self._late_reads(registration):
                found.setdefault((read.late.place, read.reader.callback), read)
            self._reads[key] = tuple(masked(tuple(found.values()), self.contract))
        return self._reads[key]

    def _late_reads(self, registration: Registration) -> Iterator[LateRead]:
        callbacks = self.window.callbacks(registration)
        if not callbacks:
            return
        late = self.late(registration)
        lists = frozenset(one.place for one in late if leads_to_others(self.program, one))
        doubted = self.doubts(registration)
        later = all(self.window.runs_later(one.slot) for one in callbacks)
        for number in self._met_in_window(registration):
            one = late[number]
            others = late[number + 1 :] if later else late
            unset = frozenset(o.place for o in others if o.is_sure) - {one.place}
            unset |= counting(self.program, self.catalogue.functions, one)
            of = self.readers(registration).of
            own = whose(self.program, self.belongs(registration), one)
            for reader in of(one.place, lists, unset, own, one.comes_by):
                yield from self._met(one, reader, doubted)
        if not any(one.place == DRVDATA for one in late):
            for follower in self._followers(registration):
                for reader in self.readers(registration).following(follower):
                    yield from self._met(follower.late, reader, doubted)

    def _met_in_window(self, registration: Registration) -> Iterable[int]:
        """The numbers of the late places that callbacks touch; the first `MOST_LATE` of them.

        For each of them all callbacks that touch it are executed anew.
        """
        touches = self.readers(registration).touches
        met = [n for n, one in enumerate(self.late(registration)) if touches(one.place)]
        if len(met) > MOST_LATE:
            function = registration.function
            why = f"{function.name}() is late with {len(met):,} places that callbacks touch"
            told = Skip(function.path, f"{why}: only the first {MOST_LATE} are looked at")
            self.not_looked_at[_key(registration)] = told
        return met[:MOST_LATE]

    def _met(self, late: Late, reader: Reader, doubted: Doubts) -> Iterator[LateRead]:
        """What `reader` meets, unless it is another device's, or another driver's."""
        given = reader.callback.given
        is_apart = given and late.within and given.isdisjoint(late.within)
        is_apart = is_apart or doubted.excludes(late, reader)
        if not is_apart and not self._is_of_another_bus(late, reader):
            doubts = tuple(doubted.about(late, reader))
            sure = weakest(late.confidence, reader.confidence, *(least for least, _ in doubts))
            why = tuple(why for _, why in doubts)
            yield LateRead(doubted.registration, late, reader, sure, why)

    def _followers(self, registration: Registration) -> Iterator[Follower]:
        """Drivers that are registered once that has returned whose probe registers.

        Not those that register an instance as well: a chip has the one or the other.
        """
        functions, writes = self.catalogue.functions, self.writes(registration)
        above = tuple(self.callers.above(registration.function))
        for follower in Followers(self.program, functions, writes).of(above):
            if follower.probe not in self._registering:
                yield follower

    @cached_property
    def _registering(self) -> frozenset[Function]:
        """The functions that register, and those that call them."""
        found = (self.callers.above(one.function) for one in self.registrations)
        return frozenset(function for above in found for function in above)

    def _is_of_another_bus(self, late: Late, reader: Reader) -> bool:
        """Driver data is set for a device of one bus, and read from one of another."""
        if late.place != DRVDATA:
            return False
        read = reader.taint
        among = self.program.named(read.path, read.function)
        tags = {bus_tag(self.program, late.write.function, late.write.at)}
        tags.update(bus_tag(self.program, function, read.at) for function in among)
        return len(tags - {""}) > 1

    @property
    def bound_reads(self) -> tuple[BoundRead, ...]:
        """Every look-up of its own instance, by a callback, before the instance is bound."""
        return tuple(
            BoundRead(registration, callback, lookup, outcome, late)
            for registration in self._regarded
            for callback, lookup, outcome in self.readers(registration).bound()
            for late in [self._late_found(registration, callback, lookup)]
        )

    def _late_found(
        self, registration: Registration, callback: Callback, lookup: Event
    ) -> Late | None:
        """Late driver data that `callback` would meet were its instance bound."""
        found = (one for one in self.late(registration) if one.place == DRVDATA)
        late = next(found, None)
        if late and self.readers(registration).finds_driver_data(callback, lookup):
            return late
        return None

    @cached_property
    def inside(self) -> Inside:
        """The functions that run inside the registrations."""
        own = tuple((found, self.belongs(found)) for found in self.registrations)
        return Inside(self.program, self.catalogue, self.window, own)

    @cached_property
    def origins(self) -> Origins:
        """Where devices come from."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        bus = configuration.slot if configuration is not None else ""
        return Origins(self.program, self.catalogue, self.callers, bus)

    @cached_property
    def configured(self) -> Configured | None:
        """Calls that configure a device's DMA; None where the contract has no such functions."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        if configuration is None:
            return None
        buses = Buses(self.window.tables, Slot.named(configuration.slot))
        return Configured(self.program, self.origins, configuration, buses)

    @cached_property
    def replays(self) -> Replays | None:
        """Firmware code that makes a fwspec; None where the contract has no such code."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        if configuration is None:
            return None
        tables = self.contract.tables
        return Replays(self.program, self.inside, self.origins, configuration, tables)

    def _given(self, registration: Registration) -> dict[Place, Value]:
        """What holds wherever callbacks of `registration` run at all."""
        late = {one.place for one in self.late(registration) if one.place.kind == "global"}
        held = [place for place in self._holding(registration) if place not in late]
        given = dict.fromkeys(held, Value(What.SET, None, "found"))
        opened = self.window.opened_by(registration)
        if opened is None:
            return given
        test, holds = opened
        scope = scope_of(self.program, registration.function)
        place = place_of(scope, self.catalogue.functions, test)
        return given if place is None else {**given, place: SET if holds else ZERO}

    def _holding(self, registration: Registration) -> Iterator[Place]:
        """The members that lead to the device being probed, as its callers set them, too."""
        writes = self.writes(registration)
        for function in self.callers.above(registration.function):
            yield from holding(self.program, writes.of(function))


def _key(registration: Registration) -> tuple[str, int]:
    return registration.function.path, registration.at
