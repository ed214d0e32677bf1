# SPDX-License-Identifier: GPL-2.0-only
"""One registration: what its driver sets too late, and which of its callbacks meet that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property

from kscan.execution.values import SET, UNSET_YET, ZERO, Value, What
from kscan.execution.world import Event
from kscan.flow.ownership import Lifetimes
from kscan.flow.places import DRVDATA, Place, place_of
from kscan.flow.writes import Writes
from kscan.hits.architectures import Architectures
from kscan.kernel.catalogue import Catalogue
from kscan.lateness.besides import Besides
from kscan.lateness.doubts import Doubts
from kscan.lateness.followers import Follower, Followers
from kscan.lateness.late import Late, Lateness
from kscan.lateness.masked import LateRead, masked
from kscan.lateness.probing import holding
from kscan.lateness.readers import Reader, Readers
from kscan.lateness.runs import Circumstances, Runs
from kscan.lateness.whose import counting, leads_to_others, whose
from kscan.model import Skip, weakest
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.callers import Callers
from kscan.window.drivers import bus_tag, probing_drivers
from kscan.window.registrations import Registration
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
class Shared:
    """What the registrations of one contract share."""

    program: Program
    catalogue: Catalogue
    window: Window
    callers: Callers
    """Who calls the registering functions."""
    registers: Callable[[Function], bool]
    """A function registers, or calls one that does."""
    uncovering: bool
    """What one thing that is wrong keeps another from doing is found as well."""
    _writes: dict[Ownership, Writes] = field(default_factory=dict)
    _lifetimes: dict[Ownership | OneFile, Lifetimes] = field(default_factory=dict)

    @cached_property
    def core(self) -> frozenset[str]:
        """The files of the functions that the registration itself runs."""
        return frozenset(f.path for f in self.window.reach.functions())

    @cached_property
    def architectures(self) -> Architectures:
        """The architectures of the tree."""
        return Architectures(self.program.reader.tree)

    @cached_property
    def returned(self) -> Returned:
        """What the core does with what callbacks return."""
        return Returned(self.program, self.catalogue.functions, self.window.reach)

    def writes(self, belongs: Ownership, registered: str) -> Writes:
        """The writes of a driver's functions, which drivers beside each other share."""
        if belongs not in self._writes:
            self._writes[belongs] = Writes(
                self.program, self.catalogue, belongs, registered, later=True
            )
        return self._writes[belongs]

    def lifetimes(self, belongs: Ownership | OneFile) -> Lifetimes:
        """The objects that functions acquire, followed into those that are `belongs`'s own."""
        if belongs not in self._lifetimes:
            functions = self.catalogue.functions
            self._lifetimes[belongs] = Lifetimes(self.program, functions, belongs)
        return self._lifetimes[belongs]

    def keep_only(self, drivers: Set[Ownership]) -> None:
        """Forgets what is known of others than `drivers`, beside which the next may stand."""
        self._writes = {own: one for own, one in self._writes.items() if own in drivers}
        self._lifetimes = {own: one for own, one in self._lifetimes.items() if own in drivers}


@dataclass
class Instance:
    """What one registration publishes, and the driver around it."""

    shared: Shared
    registration: Registration
    skips: list[Skip]
    """To be added to where too many places are late."""

    @property
    def _program(self) -> Program:
        return self.shared.program

    @cached_property
    def belongs(self) -> Ownership:
        """Which files are the driver's."""
        registration = self.registration
        paths = [registration.function.path, *(table.path for table in registration.tables)]
        paths += [handed.function.path for handed in registration.functions]
        return ownership(paths, self.shared.core)

    @cached_property
    def writes(self) -> Writes:
        """The writes of the driver's functions."""
        return self.shared.writes(self.belongs, self._registered)

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """The objects that the driver's functions acquire."""
        return self.shared.lifetimes(self.belongs)

    @cached_property
    def _registered(self) -> str:
        """The struct of what is published, as ``iommu_device``."""
        scope, at = scope_of(self._program, self.registration.function), self.registration
        given = at.call.args[at.contract.object : at.contract.object + 1]
        return next(map(scope.tag_of, given), "")

    @cached_property
    def callbacks(self) -> tuple[Callback, ...]:
        """What runs in the window: what its table is given too late does not."""
        found = self.shared.window.callbacks(self.registration)
        return tuple(one for one in found if not self._is_given_late(one))

    def _is_given_late(self, callback: Callback) -> bool:
        """The slot of `callback` is still empty when it could run: ``foo_ops.of_xlate = …``."""
        slot = callback.slot
        if self.shared.window.runs_later(slot):
            return False
        place = Place("field", slot.tag, slot.field)
        late = next((one for one in self.late if one.place == place and one.is_sure), None)
        return late is not None and late.stores(callback.function.name, self.registration.published)

    @cached_property
    def late(self) -> tuple[Late, ...]:
        """The places that the registration comes too early for."""
        lateness = Lateness(self._program, self.shared.catalogue, self.shared.callers)
        return lateness.late(self.registration, self.writes, self.belongs)

    @cached_property
    def readers(self) -> Readers:
        """The callbacks, ready to be executed."""
        runs = Runs(
            self._program, self.shared.catalogue.functions, self.registration.contract,
            self.belongs, self.shared.returned.dereferenced_by, self.shared.window.absent,
            self._circumstances, self.registration.gated, self._registered,
            self.shared.uncovering,
        )  # fmt: skip
        return Readers(runs, self.callbacks, self._besides.unset)

    @cached_property
    def _besides(self) -> Besides:
        return Besides(
            self._program, self.registration, self.writes, self.belongs, self.shared.callers,
            self.callbacks,
        )  # fmt: skip

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            probing_drivers(self.shared.callers, self.registration),
            self._given(),
            frozenset(late.place for late in self.late if late.negative),
        )

    @property
    def doubts(self) -> Doubts:
        """What lowers the confidence around the registration."""
        return Doubts(
            self._program, self.shared.window, self.registration, self.writes, self.belongs,
            self.shared.architectures, self._besides,
        )  # fmt: skip

    @cached_property
    def late_reads(self) -> tuple[LateRead, ...]:
        """The late writes that callbacks meet, one for a callback that looks at a late place."""
        found: dict[tuple[Place, str, Callback], LateRead] = {}
        for read in self._late_reads():
            late = read.late
            found.setdefault((late.place, late.spelled, read.reader.callback), read)
        return tuple(masked(tuple(found.values()), self.registration.contract))

    def _late_reads(self) -> Iterator[LateRead]:
        if not self.callbacks:
            return
        late = self.late
        lists = frozenset(one.place for one in late if leads_to_others(self._program, one))
        doubted = self.doubts
        later = all(self.shared.window.runs_later(one.slot) for one in self.callbacks)
        for number in self._met():
            one = late[number]
            others = late[number + 1 :] if later else late
            unset = {o.place: ZERO for o in others if o.is_sure}
            unset |= {o.place: UNSET_YET for o in late[number + 1 :] if o.is_sure}
            unset.pop(one.place, None)
            known = self.shared.catalogue.functions
            unset |= dict.fromkeys(counting(self._program, known, one), ZERO)
            own = whose(self._program, self.belongs, one)
            # where what leads there is late as well, nothing there is met: a repair uncovers it
            for leading in (lists, frozenset[Place]())[: 1 + self.shared.uncovering]:
                for reader in self.readers.of(one.place, leading, unset, own, one.comes_by):
                    yield from self._read(one, reader, doubted)
        if not any(one.place == DRVDATA for one in late):
            for follower in self._followers():
                for reader in self.readers.following(follower):
                    yield from self._read(follower.late, reader, doubted)

    def _met(self) -> Iterable[int]:
        """The numbers of the late places that callbacks touch; the first `MOST_LATE` of them.

        For each of them all callbacks that touch it are executed anew.
        """
        met = [n for n, one in enumerate(self.late) if self.readers.touches(one.place)]
        if len(met) > MOST_LATE:
            function = self.registration.function
            why = f"{function.name}() is late with {len(met):,} places that callbacks touch"
            told = f"{why}: only the first {MOST_LATE} are looked at"
            self.skips.append(Skip(function.path, told))
        return met[:MOST_LATE]

    def _read(self, late: Late, reader: Reader, doubted: Doubts) -> Iterator[LateRead]:
        """What `reader` meets, unless it is another device's, or another driver's."""
        given = reader.callback.given
        is_apart = given and late.within and given.isdisjoint(late.within)
        is_apart = is_apart or doubted.excludes(late, reader)
        if not is_apart and not self._is_of_another_bus(late, reader):
            doubts = tuple(doubted.about(late, reader))
            sure = weakest(late.confidence, reader.confidence, *(least for least, _ in doubts))
            why = tuple(why for _, why in doubts)
            yield LateRead(self.registration, late, reader, sure, why)

    def _followers(self) -> Iterator[Follower]:
        """Drivers that are registered once that has returned whose probe registers.

        Not those that register an instance as well: a chip has the one or the other.
        """
        above = tuple(self.shared.callers.above(self.registration.function))
        functions = self.shared.catalogue.functions
        for follower in Followers(self._program, functions, self.writes).of(above):
            if not self.shared.registers(follower.probe):
                yield follower

    def _is_of_another_bus(self, late: Late, reader: Reader) -> bool:
        """Driver data is set for a device of one bus, and read from one of another.

        Or from one of any, where it is late on one bus alone.
        """
        if late.place != DRVDATA:
            return False
        read = reader.taint
        among = self._program.named(read.path, read.function)
        tags = {bus_tag(self._program, function, read.at) for function in among} - {""}
        written = {bus_tag(self._program, late.write.function, late.write.at)} - {""}
        return len(tags | written) > 1 or (late.on_one_bus and not tags)

    def bound_reads(self) -> Iterator[BoundRead]:
        """Every look-up of the instance itself, by a callback, before it is bound."""
        for callback, lookup, outcome in self.readers.bound():
            late = self._late_found(callback, lookup)
            yield BoundRead(self.registration, callback, lookup, outcome, late)

    def _late_found(self, callback: Callback, lookup: Event) -> Late | None:
        """Late driver data that `callback` would meet were its instance bound."""
        late = next((one for one in self.late if one.place == DRVDATA), None)
        return late if late and self.readers.finds_driver_data(callback, lookup) else None

    def _given(self) -> dict[Place, Value]:
        """What holds wherever the callbacks run at all."""
        late = {one.place for one in self.late if one.place.kind == "global"}
        held = [place for place in self._holding() if place not in late]
        given = dict.fromkeys(held, Value(What.SET, None, "found"))
        opened = self.shared.window.opened_by(self.registration)
        if opened is None:
            return given
        test, holds = opened
        scope = scope_of(self._program, self.registration.function)
        place = place_of(scope, self.shared.catalogue.functions, test)
        return given if place is None else {**given, place: SET if holds else ZERO}

    def _holding(self) -> Iterator[Place]:
        """The members that lead to the device being probed, as its callers set them, too."""
        for function in self.shared.callers.above(self.registration.function):
            yield from holding(self._program, self.writes.of(function))
