# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks that the window runs again for one object, and where the core drops what they keep."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.flow.fates import End
from kscan.flow.places import field_named, place_of
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.model import Confidence, Step, StepKind, weakest
from kscan.program.calls import EdgeKind, Slot, call_sites
from kscan.program.program import Function
from kscan.program.tables import Entry
from kscan.program.types import scope_of
from kscan.repeats.again import Again, Hazard, Kind, When
from kscan.repeats.faults import hazards
from kscan.window.registrations import Registration

_AGAIN = {
    Kind.REFERENCE: "takes another one",
    Kind.ACQUISITION: "acquires another one",
    Kind.INSERTION: "adds it again, and the list is corrupt",
    Kind.RESET: "changes it again, under those who rely on it",
    Kind.MOVED: "adds it to a new list: the old head still points to it, and its owner is leaked",
    Kind.MISSING: "dereferences NULL",
    Kind.REFUSED: "refuses",
}


@dataclass(frozen=True)
class RepeatedCall:
    """A callback that is called again, and what that does."""

    entry: Entry
    registration: Registration | None
    """The registration whose window runs it; None where the table is reached another way."""
    hazards: tuple[Hazard, ...]


@dataclass(frozen=True)
class Drop:
    """A place where the core drops, between two calls, what a callback keeps."""

    function: Function
    at: int
    on_the_way: bool
    """It stands in a function that leads to the callback: the next call follows for sure."""

    @property
    def confidence(self) -> Confidence:
        """High where the drop and the next call belong to one path of the core."""
        return Confidence.HIGH if self.on_the_way else Confidence.MEDIUM


def repeated_calls(case: Case) -> Iterator[RepeatedCall]:
    """Every callback that runs again inside some window, each function once."""
    repeated = case.contract.repeated
    publishing = _Publishing(case)
    seen: set[Function] = set()
    for name in repeated.slots:
        if not case.window.reaches(name):
            continue
        for entry in case.window.tables.implementers(Slot.named(name)):
            if entry.function in seen or not publishing.is_open(entry):
                continue
            seen.add(entry.function)
            registration = publishing.registration(entry)
            belongs = _belongs(case, entry, registration)
            again = Again(case.program, case.catalogue, repeated, entry.function, belongs)
            yield RepeatedCall(entry, registration, hazards(again, uncovering=case.uncovering))


@dataclass
class _Publishing:
    """Which registrations publish an entry of an ops table."""

    case: Case

    def is_open(self, entry: Entry) -> bool:
        """No registration of the entry's table keeps it out of the window."""
        publishing = self._by_table.get((entry.variable, entry.path))
        return not publishing or any(map(self.case.window.gate_is_open, publishing))

    def registration(self, entry: Entry) -> Registration | None:
        """The registration that publishes the entry, or the only one of its file."""
        beside = self._by_file.get(entry.path, ())
        alone = beside[0] if len(beside) == 1 else None
        return self._by_callback.get(entry.function, alone)

    @cached_property
    def _by_table(self) -> dict[tuple[str, str], list[Registration]]:
        found: dict[tuple[str, str], list[Registration]] = {}
        for registration in self.case.registrations:
            for table in registration.tables:
                found.setdefault((table.variable, table.path), []).append(registration)
        return found

    @cached_property
    def _by_file(self) -> dict[str, list[Registration]]:
        found: dict[str, list[Registration]] = {}
        for registration in self.case.registrations:
            found.setdefault(registration.function.path, []).append(registration)
        return found

    @cached_property
    def _by_callback(self) -> dict[Function, Registration]:
        """The first registration in whose window a function runs."""
        found: dict[Function, Registration] = {}
        for registration in self.case.registrations:
            for callback in self.case.window.callbacks(registration):
                found.setdefault(callback.function, registration)
        return found


def _belongs(case: Case, entry: Entry, registration: Registration | None) -> Callable[[str], bool]:
    if registration is not None:
        return case.of(registration).belongs
    directory = posixpath.dirname(entry.path)
    return lambda path: posixpath.dirname(path) == directory and path not in case.core


def drops(case: Case) -> tuple[Drop, ...]:
    """Where the window drops the object that repeated callbacks keep things in, surest first.

    The function through which the callbacks are configured comes before those that they run in:
    a window is the time inside the former, and the latter drop what a bind made.
    """
    place = field_named(case.contract.repeated.object)
    dropping = [
        (function, node.at)
        for function in case.window.reach.functions()
        if case.program.mentions(function, place.name)
        for node in case.program.body(function).assignments
        if isinstance(node.value, ir.Const)
        and place_of(scope_of(case.program, function), case.catalogue.functions, node.target)
        == place
    ]
    names = {function.name for function, _ in dropping}
    dropped = {
        function: [
            Drop(function, site.at, True)
            for site in call_sites(case.program, function)
            if site.kind is EdgeKind.DIRECT and site.name in names
        ]
        for function in (*_configuring(case), *_leading(case))
    }
    on_way = [drop for function in _leading(case) for drop in dropped[function]]
    if on_way:
        on_way = [drop for f in _configuring(case) for drop in dropped[f]] + on_way
    return (*on_way, *(Drop(function, at, False) for function, at in dropping))


def _configuring(case: Case) -> Iterator[Function]:
    """The callers, inside the window, of the slots that run the repeated callbacks."""
    for name in case.contract.repeated.followed:
        call = case.window.reach.slots.get(Slot.named(name))
        if call is not None:
            yield call.caller


def _leading(case: Case) -> Iterator[Function]:
    """The functions that lead to a repeated callback, after the last slot on the way."""
    for name in case.contract.repeated.slots:
        call = case.window.reach.slots.get(Slot.named(name))
        if call is None:
            continue
        chain = [call.caller]
        for edge in reversed(case.window.reach.way(call.caller)):
            if edge.site.slot is not None:
                break
            chain.append(edge.caller)
        yield from chain


def recurrence(
    evidence: Evidence, call: RepeatedCall, hazard: Hazard, drop: Drop | None
) -> Iterator[Step]:
    """The first call, what is dropped after it, and the second call."""
    function = call.entry.function
    if call.registration is not None:
        yield evidence.registered(call.registration)
    yield from evidence.way(call.entry.slot)
    note = "runs inside the registration, and runs again"
    yield evidence.step(function, function.fact.start, StepKind.CALLBACK, note, 1)
    yield from evidence.inside(hazard.frames, 1)
    depth = len(hazard.frames)
    if hazard.kind not in (Kind.MISSING, Kind.REFUSED):
        note = f"the first call: {hazard.name}"
        yield evidence.step(hazard.function, hazard.at, StepKind.WRITE, note, 1, depth)
    if hazard.end is not None:
        yield _ended(evidence, hazard.end)
    if drop is not None:
        note = "a later step fails: what the callback keeps is dropped, and no callback told"
        yield evidence.step(drop.function, drop.at, StepKind.WRITE, note, 1, 0, drop.confidence)
    caller = "the call for a second device" if hazard.another else "the second call"
    note = f"{caller} {_AGAIN.get(hazard.kind, 'allocates another one')}"
    clear = hazard.sure and hazard.when is not When.UNCLEAR
    sure = weakest(call.entry.confidence, Confidence.HIGH if clear else Confidence.MEDIUM)
    yield evidence.step(hazard.function, hazard.at, StepKind.WRITE, note, 1, depth, sure)


def _ended(evidence: Evidence, end: End) -> Step:
    """The store that keeps an object, or the way out that leaves it."""
    if end.place is None:
        return evidence.step(end.function, end.at, StepKind.GUARD, "leaves without a put", 1)
    note = f"keeps it in {end.place.spelled}"
    return evidence.step(end.function, end.at, StepKind.WRITE, note, 1)
