# SPDX-License-Identifier: GPL-2.0-only
"""What the analysis of one state of the source gave, as plain values that can be kept.

A diff compares two of them; neither remembers the trees and programs it came from.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Iterator

import msgspec

from kscan.change.answers import Questions
from kscan.facts import ir
from kscan.hazards.case import Case
from kscan.model import Finding, KscanError, Skip, Stats
from kscan.program.calls import Slot
from kscan.program.program import Function
from kscan.window.registrations import Registration


class Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A function, by the file that defines it."""

    path: str
    function: str


class Runner(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A function that runs inside a registration."""

    place: Place
    is_gated: bool
    """Its instance has a gate that may be shut."""


class OpenSlot(msgspec.Struct, frozen=True, array_like=True):
    """A slot that the registration calls through."""

    slot: str
    way: tuple[Place, ...]
    """From the registration to the function that makes the call."""
    runners: tuple[Runner, ...]
    """The implementations that run; without those that a shut gate keeps out."""
    is_filled: bool
    """Some table fills it, whether or not its function runs."""
    is_on_the_way: bool = False
    """It is of no driver's own table: the walk goes on through its functions."""
    later: tuple[str, str] | None = None
    """The function that leaves the call to another thread, and what that runs."""
    array: str = ""
    """What names the tables that the walk goes on through; empty where that is every one."""
    tables: tuple[str, ...] = ()
    """Those it names."""


class OpenGate(msgspec.Struct, frozen=True, array_like=True):
    """The function that lets the callbacks of gated instances run."""

    needs: str
    why: str
    way: tuple[Place, ...]
    """From the registration to it; empty where it is out of reach: the gate is shut."""


class OpenWindow(msgspec.Struct, frozen=True, array_like=True):
    """What one registration function runs in one tree."""

    api: str
    slots: tuple[OpenSlot, ...]
    gate: OpenGate | None = None
    note: str = ""
    """Why nothing is known of it."""

    @property
    def places(self) -> Iterator[Place]:
        """What it runs, on the way to drivers' callbacks and as such."""
        for slot in self.slots:
            yield from (*slot.way, *(runner.place for runner in slot.runners))


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """Everything a diff wants to know of one tree."""

    findings: tuple[Finding, ...]
    """Of any confidence."""
    windows: tuple[OpenWindow, ...]
    scenario: str
    scenario_note: str
    skips: tuple[Skip, ...]
    stats: Stats
    questions: Questions
    failed: bool = False
    """A rule failed: the next run may do better."""
    assumable: tuple[str, ...] = ()
    """The files of what only a scenario would have a registration run that is not assumed."""


def stands_beside(
    windows: Iterable[OpenWindow], apis: Container[str], paths: Iterable[str]
) -> bool:
    """One of `paths` is in a directory of what the windows of `apis` run."""
    places = (place for window in windows if window.api in apis for place in window.places)
    beside = {posixpath.dirname(place.path) for place in places}
    return any(posixpath.dirname(path) in beside for path in paths)


def window_of(case: Case) -> OpenWindow:
    """What the registrations of `case` run, and by which ways."""
    api = case.contract.register
    try:
        slots = tuple(_slots(case))
    except KscanError as error:
        return OpenWindow(api, (), note=str(error))
    return OpenWindow(api, slots, _gate(case))


def _slots(case: Case) -> Iterator[OpenSlot]:
    window = case.window
    running: dict[Slot, set[Runner]] = {}
    for registration in case.registrations:
        gated = _is_gated(registration)
        for callback in window.callbacks(registration):
            place = _place(callback.function)
            running.setdefault(callback.slot, set()).add(Runner(place, gated))
    for slot in window.slots:
        filled = window.tables.implementers(slot)
        runners = running.get(slot, set())
        is_on_the_way = slot.tag not in case.contract.tables
        if is_on_the_way:
            runners = {Runner(_place(entry.function), False) for entry in window.visited(slot)}
        call = window.call_of(slot)
        way = _way(case, call.caller) if call is not None else ()
        is_filled = bool(filled or runners)
        told = tuple(sorted(runners)), is_filled, is_on_the_way
        later = _later(case, call.caller) if call is not None else None
        yield OpenSlot(str(slot), way, *told, later, *window.named_for(slot))


def _later(case: Case, caller: Function) -> tuple[str, str] | None:
    """Who leaves `caller` to another thread, and what that runs; None where nobody does."""
    edge = case.window.reach.handover(caller)
    return (edge.caller.name, edge.callee.name) if edge is not None else None


def _is_gated(registration: Registration) -> bool:
    """The gate's argument is not NULL, nor NULL on some condition."""
    return registration.gated and not isinstance(registration.at_gate, ir.Choice)


def _gate(case: Case) -> OpenGate | None:
    gate = case.contract.gate
    if gate is None:
        return None
    key = case.window.key
    return OpenGate(gate.needs, gate.why, _way(case, key) if key is not None else ())


def _way(case: Case, target: Function) -> tuple[Place, ...]:
    edges = case.window.reach.way(target)
    return tuple(map(_place, (case.window.root, *(edge.callee for edge in edges))))


def _place(function: Function) -> Place:
    return Place(function.path, function.name)
