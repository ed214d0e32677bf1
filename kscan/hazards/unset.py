# SPDX-License-Identifier: GPL-2.0-only
"""What functions in the window do with a field that a device without a driver does not have set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.execution.execute import Execution
from kscan.execution.values import Value, What
from kscan.execution.world import Event, Happening, World
from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import conditions_of
from kscan.flow.places import field_named
from kscan.hazards.case import Case
from kscan.kernel.contracts import Unset
from kscan.model import Confidence
from kscan.program.calls import EdgeKind, Slot
from kscan.program.graph import SlotCall
from kscan.program.program import Function
from kscan.program.tables import Entry
from kscan.program.types import scope_of
from kscan.window.nulls import Nulls


@dataclass(frozen=True)
class UnsetRead:
    """A function that the window reaches and that uses what is not set for a driverless device."""

    entry: Entry
    unset: Unset
    event: Event
    confidence: Confidence


def unset_reads(case: Case) -> Iterator[UnsetRead]:
    """Functions of followed slots that use a field not set for what the window offers."""
    for unset, entry in _visited(case):
        crash = _crash(case, entry.function, unset)
        if crash is not None:
            yield UnsetRead(entry, unset, crash, _confidence(case, crash))


def unset_ties(case: Case) -> Iterator[UnsetRead]:
    """Those functions that put something on the device while the field is not set."""
    for unset, entry in _visited(case):
        events = _without(case, entry.function, unset, "client")
        first = next((event for event in events if event.what is Happening.TIED), None)
        if first is not None:
            yield UnsetRead(entry, unset, first, _untied(case, first))


def _visited(case: Case) -> Iterator[tuple[Unset, Entry]]:
    """The functions of followed slots that the window reaches."""
    for unset in case.contract.unset:
        slot = Slot.named(unset.slot)
        calls = case.window.reach.calls.get(slot, ())
        guarded = bool(calls) and all(_is_guarded(case, call, unset) for call in calls)
        if slot in case.window.reach.slots and not guarded:
            yield from ((unset, entry) for entry in case.window.visited(slot))


def _is_guarded(case: Case, call: SlotCall, unset: Unset) -> bool:
    """Who calls the slot does so only for an object that has the field set.

    Itself: what only some of its own callers test, others do not.
    """
    if call.site.kind is EdgeKind.ASSUMED:
        return False
    tag, _, name = unset.field.partition(".")
    program, caller = case.program, call.caller
    scope = scope_of(program, caller)
    handed = (a for met in program.body(caller).calls_at(call.site.at) for a in met.args)
    objects = {a.id for a in handed if isinstance(a, ir.Name) and scope.tag_of(a) == tag}
    members = frozenset((variable, name) for variable in objects)
    nulls = Nulls(program, case.catalogue.functions, caller, frozenset(), members)
    return any(
        condition.holds and nulls.has(condition.test)
        for condition in conditions_of(flow_of(program, caller), call.site.at)
    )


def _untied(case: Case, event: Event) -> Confidence:
    """How sure it is that what is put on the device stays there."""
    calls = case.program.body(event.function).calls
    off = case.catalogue.functions.unties
    is_off = any(call.name in off for call in calls if call.at > event.at)
    return Confidence.LOW if is_off else Confidence.HIGH


def _confidence(case: Case, event: Event) -> Confidence:
    """How sure it is that the pointer is followed: a ``to_*`` that nobody defines only converts."""
    if event.sure:
        return Confidence.HIGH
    function = event.function
    for call in case.program.body(function).calls_at(event.at):
        if call.name.startswith("to_") and not case.program.resolve(call.name, function.path):
            return Confidence.LOW
    return Confidence.MEDIUM


def _crash(case: Case, function: Function, unset: Unset) -> Event | None:
    """The plainest use of the field as a pointer, while it is not set."""
    crashes = (e for e in _without(case, function, unset) if e.what is Happening.CRASH)
    return min(crashes, key=lambda e: (not e.sure, len(e.frames), e.at), default=None)


def _without(case: Case, function: Function, unset: Unset, origin: str = "own") -> list[Event]:
    """What `function` does while the field is not set."""
    world = World(
        case.catalogue.functions,
        frozenset({field_named(unset.field)}),
        lambda path: path == function.path,
        ties=origin == "client",
    )
    execution = Execution(case.program, world)
    execution.run(function, tuple(Value(What.SET, None, origin) for _ in function.fact.params))
    return execution.events
