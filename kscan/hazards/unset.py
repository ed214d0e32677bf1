# SPDX-License-Identifier: GPL-2.0-only
"""What functions in the window do with a field that a device without a driver does not have set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.execution.execute import Execution
from kscan.execution.values import Value, What
from kscan.execution.world import Event, Happening, World
from kscan.flow.places import field_named
from kscan.hazards.case import Case
from kscan.kernel.contracts import Unset
from kscan.model import Confidence
from kscan.program.calls import Slot
from kscan.program.program import Function
from kscan.program.tables import Entry


@dataclass(frozen=True)
class UnsetRead:
    """A function that the window reaches and that uses what is not set for a driverless device."""

    entry: Entry
    unset: Unset
    event: Event
    confidence: Confidence


def unset_reads(case: Case) -> Iterator[UnsetRead]:
    """Functions of followed slots that use a field not set for what the window offers."""
    for unset in case.contract.unset:
        slot = Slot.named(unset.slot)
        if slot in case.window.reach.slots:
            for entry in case.window.visited(slot):
                crash = _crash(case, entry.function, unset)
                if crash is not None:
                    yield UnsetRead(entry, unset, crash, _confidence(case, crash))


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


def _without(case: Case, function: Function, unset: Unset) -> list[Event]:
    """What `function` does while the field is not set."""
    world = World(
        case.catalogue.functions,
        frozenset({field_named(unset.field)}),
        lambda path: path == function.path,
    )
    execution = Execution(case.program, world)
    execution.run(function, tuple(Value(What.SET, None, "own") for _ in function.fact.params))
    return execution.events
