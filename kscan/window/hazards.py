# SPDX-License-Identifier: GPL-2.0-only
"""What a callback does wrong when it is called again: references, allocations, lists, drops."""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.cfg import flow_of
from kscan.flow.fates import MEMORY, REFERENCE, End, Fate, Owned
from kscan.flow.lists import Join
from kscan.flow.places import place_of
from kscan.flow.values import Place
from kscan.flow.world import Event, Happening
from kscan.program.program import Function
from kscan.program.types import scope_of
from kscan.window.again import Again, Hazard, Kind
from kscan.window.resets import resets


def hazards(again: Again) -> tuple[Hazard, ...]:
    """What the second call does wrong; one defect is named once."""
    missing = tuple(_missing(again))
    insertions = () if missing else tuple(_insertions(again))
    moved = any(hazard.kind is Kind.MOVED for hazard in insertions)
    allocations = () if missing or moved else tuple(_allocations(again))
    return (*_references(again), *missing, *insertions, *allocations, *resets(again))


def _references(again: Again) -> Iterator[Hazard]:
    """References that some way out does not put, or that overwrite the one before."""
    for owned in again.of(REFERENCE):
        acquired = owned.acquired
        left = owned.fates(Fate.LEFT)
        kept = _kept(owned)
        overwritten = kept and not _is_nested(again, kept)
        every = again.happens(owned.function, owned.at)
        if left or (overwritten and every):
            end = (left or kept)[0]
            frames = (*again.entered[owned.function], *acquired.frames)
            yield Hazard(
                Kind.REFERENCE, acquired.function, acquired.at, frames, acquired.name,
                end.place, end, bool(left), bool(owned.fates(Fate.RELEASED)), every,
            )  # fmt: skip


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
        if not kept or _is_nested(again, kept) or _is_searched_for(again, kept):
            continue
        acquired = owned.acquired
        end = next((e for e in kept if e.place in again.dropped), kept[0])
        if again.happens(owned.function, owned.at):
            kind = Kind.ALLOCATION
        elif _is_lost(again, owned, end):
            kind = Kind.LOST
        else:
            continue
        frames = (*again.entered[owned.function], *acquired.frames)
        yield Hazard(
            kind, acquired.function, acquired.at, frames, acquired.name, end.place, end,
            managed=_is_managed(again, owned),
        )  # fmt: skip


def _is_lost(again: Again, owned: Owned, end: End) -> bool:
    """Only what is dropped remembers the object, and nothing else frees it."""
    dropped = end.place in again.dropped and not _is_managed(again, owned)
    return dropped and again.happens(owned.function, owned.at, True)


def _is_managed(again: Again, owned: Owned) -> bool:
    """Some device frees it when it is unbound."""
    managed = owned.acquired.name in again.catalogue.functions.managed
    return managed or bool(owned.fates(Fate.ADOPTED))


def _is_searched_for(again: Again, kept: tuple[End, ...]) -> bool:
    """It joins a list that was searched before."""
    for end in kept:
        if end.place is None or end.place.kind != "membership" or end.target is None:
            continue
        scope = scope_of(again.lifetimes.program, end.function)
        head = place_of(scope, again.catalogue.functions, end.target)
        if head is not None and _looked(again, end.function, end.at, {head}):
            return True
    return False


def _looked(again: Again, function: Function, at: int, wanted: set[Place]) -> bool:
    """A search stands before offset `at` of `function`, or before the calls that lead there."""
    return any(
        again.lists.searches_before(flow_of(again.lifetimes.program, f), f, place, wanted)
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
            if lost and again.happens(function, join.at, True):
                yield _insertion(again, Kind.MOVED, join)
            elif again.happens(function, join.at) and not _looked(
                again, function, join.at, again.lists.searched_for(join)
            ):
                yield _insertion(again, Kind.INSERTION, join)


def _insertion(again: Again, kind: Kind, join: Join) -> Hazard:
    scope = scope_of(again.lifetimes.program, join.function)
    node = place_of(scope, again.catalogue.functions, join.node)
    name = node.spelled if node is not None else "the entry"
    return Hazard(kind, join.function, join.at, again.entered[join.function], name, join.place)


def _is_fresh(again: Again, join: Join) -> bool:
    """The entry is part of an object allocated here."""
    return any(
        (end.at, end.function) == (join.at, join.function)
        for owned in again.of(MEMORY)
        for end in owned.fates(Fate.STORED)
    )


def _missing(again: Again) -> Iterator[Hazard]:
    """The first use of something that the core may have dropped, without a test."""
    events = [event for event in again.run(True).events if event.what is Happening.CRASH]
    found = sorted((e for e in events if e.taint.place in again.dropped), key=_first)
    for event in found[:1]:
        place = event.taint.place
        yield Hazard(
            Kind.MISSING, event.function, event.at, event.frames, place.spelled, place,
            sure=event.sure,
        )  # fmt: skip


def _first(event: Event) -> tuple[bool, tuple[int, ...]]:
    return not event.sure, event.order
