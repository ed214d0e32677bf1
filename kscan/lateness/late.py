# SPDX-License-Identifier: GPL-2.0-only
"""Late writes: places a driver writes only after its registration has run its callbacks.

The probing function, its callees and its callers are one program order: what is written on
the way to the registration is early, what the success side leads to is late.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from kscan.execution.execute import Execution
from kscan.execution.values import SET, ZERO, Value, What, truth
from kscan.execution.world import World
from kscan.facts import ir
from kscan.facts.unit import GlobalFact
from kscan.flow.cfg import flow_of
from kscan.flow.embedded import Holders, holders
from kscan.flow.paths import embedding, is_whole
from kscan.flow.places import DRVDATA, Place
from kscan.flow.postponed import bringing_up
from kscan.flow.supplies import is_supply
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.kernel.catalogue import Catalogue
from kscan.lateness.around import Around
from kscan.lateness.early import written_before
from kscan.lateness.order import Behind, Order
from kscan.lateness.shut import Below, is_shut
from kscan.lateness.siblings import Siblings
from kscan.lateness.stages import InitStages
from kscan.lateness.unborn import Unborn
from kscan.model import Confidence
from kscan.program.deferred import queueing
from kscan.program.program import Function, Program
from kscan.program.tables import home
from kscan.program.types import scope_of
from kscan.window.callers import (
    LEVELS,
    MOST_ABOVE,
    MOST_CALLERS,
    Callers,
    is_private,
    registered_by,
    walked_by,
)
from kscan.window.registrations import Registration

Seen = dict[Function, Order]
"""What was found around the first call in each function that leads to a registration."""

PULSE = "pulse"
"""What a supply is for a reader where what makes it ready switches it off first: a reset."""


@dataclass(frozen=True)
class Late:
    """A place that is written after the registration, and nowhere before it for sure."""

    place: Place
    write: Write
    """The first such write in program order."""
    confidence: Confidence = Confidence.HIGH
    early: Write | None = None
    """A write that precedes the registration on some paths."""
    further: tuple[Write, ...] = ()
    """More late writes of the same place."""
    in_caller: bool = False
    """The write stands in a caller of the registering function, after its return."""
    negative: bool = False
    """Until then it is a number below zero."""
    behind: Behind = Behind.CALL
    """What the first late write stands behind."""
    kind: str = ""
    """What the place is for a reader: ``global`` for a member of a global struct, too."""
    spelled: str = ""
    """As a reader writes it: ``foo_iommu.feat.streams``."""
    embedded: frozenset[Holders] = frozenset()
    """The members that the objects written to lie in; none where one is not known to lie in any."""
    within: frozenset[Function] = frozenset()
    """The callers of the registering function that alone are late; none where all are."""
    on_one_bus: bool = False
    """It is driver data that is set in time for devices of another bus."""

    @property
    def others(self) -> int:
        """How many more late writes of the same place there are."""
        return len(self.further)

    @property
    def is_sure(self) -> bool:
        """Nothing writes the place before the registration."""
        return self.early is None and not self.write.element

    def is_apart_from(self, other: Late) -> bool:
        """Never is one registration too early for both: different callers of it are."""
        return bool(self.within and other.within) and self.within.isdisjoint(other.within)

    def stores(self, name: str, objects: Container[str]) -> bool:
        """One of the late writes stores `name`, in one of `objects` if in a variable at all."""
        return any(
            isinstance(write.value, ir.Name)
            and write.value.id == name
            and (not isinstance(write.base, ir.Name) or write.base.id in objects)
            for write in (self.write, *self.further)
        )

    def comes_by(self, function: Function) -> bool:
        """Every late write stands in `function`, or in what that calls."""
        return all(
            write.function == function or write.passes(function)
            for write in (self.write, *self.further)
        )

    def spots_in(self, function: Function) -> Iterator[int]:
        """Offsets in `function` of the late writes, or of the calls that lead to them."""
        for write in (self.write, *self.further):
            yield from write.spots_in(function)


@dataclass
class Lateness:
    """Finds the late places of registrations."""

    program: Program
    catalogue: Catalogue
    callers: Callers

    def late(
        self, registration: Registration, writes: Writes, belongs: Callable[[str], bool]
    ) -> tuple[Late, ...]:
        """The late places of `registration`, in program order of their first late write."""
        order = Order()
        world = World(self.catalogue.functions, belongs=belongs)
        self._level(registration.function, registration.call, ZERO, order, writes, world, (), {})
        order.leave_out(Siblings(self.program, registration).have)
        order.leave_out(Unborn(self.program, world.functions, registration, order).has)
        stages = InitStages(self.program, self.callers, writes, registration.function)
        for write in stages.globals_set_later():
            if not write.partial and write.place not in order.late:
                order.add(write, Behind.DRIVER)
        counted = (p for p in order.late if self._counts(p, order, writes.registered))
        found = [self._late(place, order) for place in counted]
        return tuple(late for late in found if not stages.set_earlier(late.place, late.write))

    def _late(self, place: Place, order: Order) -> Late:
        several = order.late[place]
        first = several[0]
        early = order.maybe_early(first.place)
        doubtful = early is not None or first.element
        sure = Confidence.MEDIUM if doubtful else Confidence.HIGH
        outside = place in order.outside
        kind, spelled = self._spelled(first)
        return Late(
            first.place,
            first,
            sure,
            early,
            further=tuple(several[1:]),
            in_caller=outside,
            negative=self._is_negative(first),
            behind=order.behind[place],
            kind=kind,
            spelled=spelled,
            embedded=self._embedded(several),
            within=order.within.get(place, frozenset()),
            on_one_bus=first.place == DRVDATA and DRVDATA in order.must,
        )

    def _embedded(self, several: Iterable[Write]) -> frozenset[Holders]:
        """What the objects lie in that `several` writes set, where that is known of each."""
        found = frozenset(self._holders(write) for write in several)
        return found if () not in found else frozenset()

    def _holders(self, write: Write) -> Holders:
        first = write.frames[0].caller if write.frames else write.function
        return () if write.base is None else holders(scope_of(self.program, first), write.base)

    def _is_negative(self, write: Write) -> bool:
        """The object that `write` sets is below zero from the start."""
        if write.place.kind != "global":
            return False
        known = self._object(write)
        return known is not None and known.negative

    def _object(self, write: Write) -> GlobalFact | None:
        """The global that `write` sets, where it is defined, which may be another file."""
        name, path = write.place.name, write.function.path
        known = self.program.variable(name, path)
        defining = home(self.program, path, name) if known is not None and known.extern else None
        return known if defining is None else self.program.variable(name, defining)

    def _spelled(self, write: Write) -> tuple[str, str]:
        """Kind and name of what `write` writes: outermost object first."""
        kind, spelled = self._embedding(write)
        return (PULSE if self._pulses(write) else kind), spelled

    def _pulses(self, write: Write) -> bool:
        """`write` switches a supply off before it switches it on."""
        calls = self.program.body(write.function).calls_at(write.at)
        return any(self.catalogue.functions.pulses(call.name) for call in calls)

    def _embedding(self, write: Write) -> tuple[str, str]:
        place = write.place
        outer, path = embedding(write.target)
        if not path or outer is None or place.is_of_device:
            return place.kind, place.spelled
        scope = scope_of(self.program, write.function)
        if isinstance(outer, ir.Name) and scope.is_struct(outer):
            if not scope.is_local(outer.id):
                return ("global" if place.kind == "field" else place.kind), f"{outer.id}.{path}"
            return place.kind, place.spelled
        tag = scope.tag_of(outer)
        return place.kind, f"{tag}.{path}" if tag else place.spelled

    def _counts(self, place: Place, order: Order, registered: str) -> bool:
        write = order.late[place][0]
        apart = is_supply(write.place, self.catalogue.functions)
        if apart and (write.place.owner == registered != "" or order.yields(write.place)):
            return False  # what is registered does not need itself
        if write.element and order.fills_before(place):
            return False
        if order.is_early(place, apart=apart):
            return False
        if place.kind == "global" or is_whole(write.target):
            known = self._object(write)
            return known is None or not known.initialised or known.negative
        return True

    def _level(
        self, function: Function, call: ir.Call, result: Value, order: Order,
        writes: Writes, world: World, below: Below, seen: Seen,
    ) -> None:  # fmt: skip
        """The writes around `call` in `function`, then around the calls of `function`."""
        seen[function] = order
        execution = Execution(
            self.program,
            World(
                world.functions, belongs=world.belongs, results={(function.path, call.at): result}
            ),
        )
        cfg = flow_of(execution.program, function)
        node = cfg.containing(call.at)
        if node is None:
            return
        outcome = execution.run(function, start=node.index)
        around = Around(self.program, writes, function, call)
        results = list(around.of_result(node))
        order.results.update(write.place for write in results)
        found = [] if result.what is What.ZERO else results
        found += around.beside(node, truth(result))
        found += around.after(cfg, node, outcome.visited)
        told = around.told_before(cfg, node)
        for behind, written in ((Behind.CALL, found), (Behind.NOTHING, told)):
            for write in filter(around.counts_late, written):
                if not _is_by_what_registers(write, below):
                    order.add(write, behind, around.bus_of(write))
        scope = scope_of(self.program, function)
        for place, several, sure in written_before(scope, world.functions, node, around.early):
            (order.must if sure else order.may).setdefault(place, several[0])
            order.buses.update(map(around.bus_of, several) if place == DRVDATA else ())
        if len(below) < LEVELS and len(seen) < MOST_ABOVE:
            around_it = (*below, (function, call))
            self._callers(function, outcome.value, order, writes, world, around_it, seen)

    def _callers(
        self, function: Function, result: Value, order: Order,
        writes: Writes, world: World, below: Below, seen: Seen,
    ) -> None:  # fmt: skip
        value = result
        if value.what is What.ANY and function.fact.result.ptr:
            value = SET
        orders: list[Order] = []
        known, first = self.catalogue.functions, self.callers.first_of(function)
        calls = [(f, call) for f, call in first if not is_shut(self.program, below, call)]
        drivers = registered_by(self.program, known, function, self.callers.holding(function))
        queues = islice(queueing(self.program, known, function), MOST_CALLERS)
        walks = walked_by(self.program, known, function)
        for behind, found, yielded in (
            (Behind.CALL, (*calls, *walks), value), (Behind.DRIVER, drivers, ZERO),
            (Behind.QUEUE, (*queues, *bringing_up(self.program, known, function)), value),
        ):  # fmt: skip
            for caller, call in found:
                one, found_before = Order(), seen.get(caller)
                if found_before is not None:
                    one.take_in([found_before], is_split_off=True)
                else:
                    self._level(caller, call, yielded, one, writes, world, below, seen)
                one.put(behind)
                orders.append(one)
        is_split_off = is_private(function) and len(calls) == len(orders) == 1
        if len(below) == 1:
            order.within = order.apart([caller for caller, _ in calls], orders)
        order.take_in(orders, is_split_off=is_split_off)


def _is_by_what_registers(write: Write, below: Below) -> bool:
    """What is run later and makes `write` registers itself: nothing tells which comes first."""
    return write.is_later and any(write.passes(function) for function, _ in below)
