# SPDX-License-Identifier: GPL-2.0-only
"""Resources that an in-window callback puts on a device which no driver is bound to yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.execution.world import Event
from kscan.flow.fates import Fate
from kscan.flow.places import field_named
from kscan.hazards.case import Case
from kscan.hazards.instance import Instance
from kscan.model import Confidence, weakest
from kscan.program.program import Function
from kscan.window.registrations import Registration
from kscan.window.window import Callback


@dataclass(frozen=True)
class Tied:
    """A callback that leaves resources on its client."""

    registration: Registration
    callback: Callback
    events: tuple[Event, ...]
    """The calls that do, as they stand."""
    doubts: tuple[tuple[Confidence, str], ...] = ()

    @property
    def confidence(self) -> Confidence:
        """That of the callback, as far as the doubts leave it."""
        return weakest(self.callback.confidence, *(sure for sure, _ in self.doubts))


def tied(case: Case) -> Iterator[Tied]:
    """The callbacks that tie something to a client, each call told once."""
    unset = frozenset(field_named(one.field) for one in case.contract.unset)
    if not unset or case.window.is_open:
        return
    told: set[tuple[Function, int]] = set()
    for registration in case.registrations:
        instance = case.of(registration)
        for callback, events in instance.readers.tied(unset):
            left = tuple(
                event
                for event in events
                if (event.function, event.at) not in told and not _is_freed_again(instance, event)
            )
            told.update((event.function, event.at) for event in left)
            if left:
                doubts = (*instance.doubts.of_callback(callback), *_taken_off(case, left[0]))
                yield Tied(registration, callback, left, doubts)


def _is_freed_again(instance: Instance, event: Event) -> bool:
    """Every way on from an allocation frees it: it was never more than scratch memory."""
    made = (o for o in instance.lifetimes.of(event.function) if o.acquired.at == event.at)
    return any(o.ends and all(e.fate is Fate.RELEASED for e in o.ends) for o in made)


def _taken_off(case: Case, event: Event) -> Iterator[tuple[Confidence, str]]:
    """The same function takes something off the list again."""
    for call in case.program.body(event.function).calls:
        if call.name in case.catalogue.functions.unties and call.at > event.at:
            yield Confidence.MEDIUM, f"{call.name}() may take it off again"
            return
