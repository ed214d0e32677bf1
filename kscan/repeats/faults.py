# SPDX-License-Identifier: GPL-2.0-only
"""What a callback does wrong when it is called again: references, allocations, lists, drops."""

from __future__ import annotations

from collections.abc import Iterator

from kscan.execution.execute import Execution
from kscan.execution.world import Event, Happening
from kscan.facts import ir
from kscan.flow import cfg
from kscan.flow.fates import MEMORY, REFERENCE, RESOURCE, End, Fate, Owned
from kscan.flow.lists import Join
from kscan.flow.places import Place, place_of
from kscan.flow.releasing import releases_old
from kscan.program.program import Function
from kscan.program.types import scope_of
from kscan.repeats.again import Again, Hazard, Kind, When
from kscan.repeats.looks import is_looked_at
from kscan.repeats.resets import resets


def hazards(again: Again, *, uncovering: bool = False) -> tuple[Hazard, ...]:
    """What the second call does wrong; one defect is named once.

    `uncovering` tells what is named no more than by what comes before it, too.
    """
    missing = tuple(_missing(again))
    insertions = () if missing and not uncovering else tuple(_insertions(again))
    worse = missing or any(hazard.kind is Kind.MOVED for hazard in insertions)
    allocations = () if worse and not uncovering else tuple(_allocations(again))
    others = (*_acquisitions(again), *resets(again), *_refusals(again))
    return (*_references(again), *missing, *insertions, *allocations, *others)


def _references(again: Again) -> Iterator[Hazard]:
    """References that some way out does not put, or that overwrite the one before."""
    for owned in again.of(REFERENCE):
        acquired = owned.acquired
        left = tuple(sorted(owned.fates(Fate.LEFT), key=lambda end: bool(_errno(again, end))))
        kept = _kept(owned)
        overwritten = kept and not _is_nested(again, kept)
        when = _when(again, owned, again.happens(owned.function, owned.at))
        lost = overwritten and when in (When.EVERY, When.UNCLEAR)
        starved = bool(left) and all(_errno(again, one) == "ENOMEM" for one in left) and not lost
        if left or lost:
            end = (left or kept)[0]
            frames = (*again.entered[owned.function], *acquired.frames)
            yield Hazard(
                Kind.REFERENCE, acquired.function, acquired.at, frames, acquired.name,
                place=end.place, end=end, sure=bool(left),
                partly=bool(owned.fates(Fate.RELEASED)), starved=starved, when=when,
            )  # fmt: skip


def _errno(again: Again, end: End) -> str:
    """The error, as it is spelled, that the way out `end` returns; empty where it returns none."""
    program, functions = again.program, again.catalogue.functions
    node = cfg.flow_of(program, end.function).returns.get(end.at)
    value = node.expr if node is not None else None
    while isinstance(value, ir.Call) and value.args:
        value = value.args[0] if value.name in functions.errors else None
    match value:
        case ir.Unary(op="-", operand=ir.Name(id=name)):
            return name
    return ""


def _when(again: Again, owned: Owned, happens: bool) -> When:
    """Which later calls come to where `owned` is acquired."""
    if happens:
        unclear = is_looked_at(again, owned.function, owned.at)
        return When.UNCLEAR if unclear else When.EVERY
    return When.DROPPED if again.happens(owned.function, owned.at, True) else When.ONCE


def _kept(owned: Owned) -> tuple[End, ...]:
    """The stores, in places that have a name, with which the object outlives the call."""
    return tuple(end for end in owned.fates(Fate.STORED) if end.place is not None)


def _is_nested(again: Again, kept: tuple[End, ...]) -> bool:
    """It belongs to an object allocated here, whose own fate decides."""
    return any(again.memory_behind(end.function, end.target) for end in kept)


def _allocations(again: Again) -> Iterator[Hazard]:
    """Allocations that overwrite the one before, or that follow a drop of it."""
    for owned in again.of(MEMORY):
        kept = _kept(owned)
        if not kept or _is_nested(again, kept):
            continue
        acquired = owned.acquired
        end, kind = _overwritten(again, owned, kept), Kind.ALLOCATION
        when = _when_overwritten(again, owned, end) if end is not None else When.EVERY
        if end is None:
            end, kind, when = _lost(again, owned, kept), Kind.LOST, When.DROPPED
        if end is not None:
            frames = (*again.entered[owned.function], *acquired.frames)
            yield Hazard(
                kind, acquired.function, acquired.at, frames, acquired.name,
                place=end.place, end=end, when=when, managed=_is_managed(again, owned),
                listed=next((e.place for e in kept if _is_listed(e)), None),
            )  # fmt: skip


def _acquisitions(again: Again) -> Iterator[Hazard]:
    """Other resources that overwrite the one before."""
    for owned in again.of(RESOURCE):
        kept = _kept(owned)
        end = None if not kept or _is_nested(again, kept) else _overwritten(again, owned, kept)
        if end is not None:
            acquired = owned.acquired
            yield Hazard(
                Kind.ACQUISITION, acquired.function, acquired.at,
                (*again.entered[owned.function], *acquired.frames), acquired.name,
                place=end.place, end=end, when=_when_overwritten(again, owned, end),
            )  # fmt: skip


def _when_overwritten(again: Again, owned: Owned, end: End) -> When:
    """Which later calls acquire such an object, and come to the store at its `end`."""
    places = (owned.function, owned.at), (end.function, end.at)
    looked_at = any(is_looked_at(again, function, at) for function, at in places)
    return When.UNCLEAR if looked_at else When.EVERY


def _overwritten(again: Again, owned: Owned, kept: tuple[End, ...]) -> End | None:
    """The store that a later call makes over that of an earlier one: a list tells of it best."""
    if not again.acquires(owned) or _is_searched_for(again, kept, False):
        return None
    stores = [end for end in kept if again.stores(end) and not _is_released(again, end)]
    stores.sort(key=lambda end: (not _is_listed(end), end.place not in again.dropped))
    return stores[0] if stores else None


def _is_listed(end: End) -> bool:
    return end.place is not None and end.place.kind == "membership"


def _is_released(again: Again, end: End) -> bool:
    """What the store overwrites is freed first, or right after."""
    functions = again.catalogue.functions
    return releases_old(again.program, functions, end.function, end.at, end.place)


def _lost(again: Again, owned: Owned, kept: tuple[End, ...]) -> End | None:
    """The store that only what is dropped remembers, where nothing else frees the object."""
    if _is_managed(again, owned) or not again.acquires(owned, True):
        return None
    if _is_searched_for(again, kept, True):
        return None
    dropped = (e for e in kept if e.place in again.dropped and again.stores(e, True))
    return next(dropped, None)


def _is_managed(again: Again, owned: Owned) -> bool:
    """Some device frees it when it is unbound."""
    managed = owned.acquired.name in again.catalogue.functions.managed
    return managed or bool(owned.fates(Fate.ADOPTED))


def _is_searched_for(again: Again, kept: tuple[End, ...], dropped: bool) -> bool:
    """It joins a list that the second call searches before; after a drop, where asked."""
    for end in kept:
        if end.place is None or end.place.kind != "membership" or end.target is None:
            continue
        scope = scope_of(again.program, end.function)
        head = place_of(scope, again.catalogue.functions, end.target)
        if head is not None and _looked(again, end.function, end.at, {head}, dropped):
            return True
    return False


def _looked(
    again: Again, function: Function, at: int, wanted: set[Place], dropped: bool = False
) -> bool:
    """The second call searches before offset `at` of `function`, or the calls that lead there."""
    taken = again.run(dropped).taken
    return any(
        again.lists.searches_before(f, place, wanted, taken.get(f))
        for f, place in again.upwards(function, at)
    )


def _insertions(again: Again) -> Iterator[Hazard]:
    """Entries that outlive the call and join a list they may be on."""
    for function in again.entered:
        for join in again.lists.joins(function):
            if _is_fresh(again, join):
                continue
            memory = again.memory_behind(function, join.head)
            lost = memory is not None and any(e.place in again.dropped for e in _kept(memory))
            if lost and again.happens(function, join.at, True) and not _is_looked_up(again, join):
                yield _insertion(again, Kind.MOVED, join, When.DROPPED)
            elif again.happens(function, join.at) and not _looked(
                again, function, join.at, again.lists.searched_for(join)
            ):
                unclear = is_looked_at(again, function, join.at)
                when = When.UNCLEAR if unclear else When.EVERY
                yield _insertion(again, Kind.INSERTION, join, when)


def _is_looked_up(again: Again, join: Join) -> bool:
    """The entry is asked whether it is on a list, when the one it was on is lost."""
    node = place_of(scope_of(again.program, join.function), again.catalogue.functions, join.node)
    return node is not None and _looked(again, join.function, join.at, {node}, True)


def _insertion(again: Again, kind: Kind, join: Join, when: When) -> Hazard:
    scope = scope_of(again.program, join.function)
    node = place_of(scope, again.catalogue.functions, join.node)
    name = node.spelled if node is not None else "the entry"
    frames = again.entered[join.function]
    return Hazard(kind, join.function, join.at, frames, name, place=join.place, when=when)


def _is_fresh(again: Again, join: Join) -> bool:
    """The entry is part of an object allocated here."""
    return any(
        (end.at, end.function) == (join.at, join.function)
        for owned in again.of(MEMORY)
        for end in owned.fates(Fate.STORED)
    )


def _missing(again: Again) -> Iterator[Hazard]:
    """The first use of something that the core may have dropped, without a test."""
    for event in sorted(_crashes(again, again.run(True)), key=_first)[:1]:
        place, at = event.taint.place, (event.function, event.at)
        another = any((e.function, e.at) == at for e in _crashes(again, again.for_another))
        yield Hazard(
            Kind.MISSING, event.function, event.at, event.frames, place.spelled,
            place=place, sure=event.sure, another=another,
        )  # fmt: skip


def _refusals(again: Again) -> Iterator[Hazard]:
    """A device that is turned away for good once the core has dropped what tells of it."""
    if again.refusing is None:
        return
    place, at = again.refusing
    for write in again.writes.of(again.callback):
        if write.place == place:
            kept = End(Fate.STORED, write.function, write.at, place, write.target)
            yield Hazard(
                Kind.REFUSED, again.callback, at, (), place.spelled, place=place, end=kept,
                when=When.DROPPED,
            )  # fmt: skip
            return


def _crashes(again: Again, run: Execution) -> Iterator[Event]:
    """The uses, in `run`, of what the core may have dropped."""
    crashes = (event for event in run.events if event.what is Happening.CRASH)
    return (event for event in crashes if event.taint.place in again.dropped)


def _first(event: Event) -> tuple[bool, tuple[int, ...]]:
    return not event.sure, event.order
