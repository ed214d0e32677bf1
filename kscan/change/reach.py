# SPDX-License-Identifier: GPL-2.0-only
"""The reachability delta: slots that a change makes run, or no longer run, inside a registration.

A slot counts as added as well when its callbacks could be reached before but the gate kept
them out, and the change opens the gate (`kscan.kernel.catalogue.Gate`).  Of a slot on the way
to drivers' own, as a bus's ``dma_configure`` is, each function counts that is called now.
What runs in both states may shift: another thread runs it later, or no longer does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from kscan.change.outcome import OpenGate, OpenSlot, OpenWindow, Place, Runner
from kscan.change.renames import Renames
from kscan.kernel.names import anew
from kscan.reachability import Implementation, Reach, Shift

IsAltered = Callable[[str, str], bool]
"""The function of a file, by path and name, is one that the change alters."""
IsAmong = Callable[[Place, frozenset[Place]], bool]
"""The function is one of those of the other state, by its name there."""


def delta(
    here: Iterable[OpenWindow],
    there: Iterable[OpenWindow],
    is_altered: IsAltered,
    is_among: IsAmong = lambda place, places: place in places,
) -> tuple[Reach, ...]:
    """What runs inside the registrations of `here` and does not inside those of `there`.

    With base and head in this order that is what a change takes away, the other way round
    what it adds; `is_altered` and `is_among` are asked about functions of `here`.
    """
    others = {window.api: window for window in there}
    found = [
        reach
        for window in here
        if not window.note
        for reach in _delta(window, others.get(window.api), is_altered, is_among)
    ]
    return tuple(sorted(found, key=lambda r: (r.api, bool(r.reason), len(r.via), r.slot)))


def shifts(after: Iterable[OpenWindow], before: Iterable[OpenWindow]) -> tuple[Shift, ...]:
    """What both states run, and only one of them has the registration wait for."""
    earlier = {window.api: {slot.slot: slot for slot in window.slots} for window in before}
    found: dict[tuple[str, tuple[str, str], bool], list[str]] = {}
    for window in after:
        known = earlier.get(window.api, {})
        for slot in window.slots:
            was = known.get(slot.slot)
            if was is None or not (was.runners and slot.runners):
                continue
            later = slot.later or was.later
            if later is not None and bool(was.later) != bool(slot.later):
                key = window.api, later, slot.later is not None
                found.setdefault(key, []).append(slot.slot)
    return tuple(
        Shift(api, tuple(sorted(slots)), caller, runner, is_later)
        for (api, (caller, runner), is_later), slots in sorted(found.items())
    )


def still(renames: Renames) -> IsAmong:
    """Whether a function of the earlier state is one of the later, under whatever name."""
    return lambda place, after: _now(renames, place) in after


def already(renames: Renames) -> IsAmong:
    """Whether a function of the later state was one of the earlier."""
    return lambda place, before: any(_now(renames, one) == place for one in before)


def _now(renames: Renames, place: Place) -> Place:
    return Place(*renames.function(place.path, place.function))


def called(windows: Iterable[OpenWindow], names: Mapping[str, str]) -> tuple[OpenWindow, ...]:
    """`windows`, with the registration functions and slots of new `names` called by those."""
    return tuple(_called(window, names) if names else window for window in windows)


def _called(window: OpenWindow, names: Mapping[str, str]) -> OpenWindow:
    slots = tuple(replace(slot, slot=anew(slot.slot, names)) for slot in window.slots)
    return replace(window, api=names.get(window.api, window.api), slots=slots)


def _delta(
    here: OpenWindow, there: OpenWindow | None, is_altered: IsAltered, is_among: IsAmong
) -> Iterator[Reach]:
    if there is None or there.note:
        return
    known = {slot.slot: slot for slot in there.slots}
    opened = _opened(here.gate, there.gate)
    for slot in here.slots:
        if slot.slot not in known:
            if slot.runners or not slot.is_filled:
                yield _reach(here.api, slot, slot.runners, slot.way, is_altered)
        elif opened is not None and (gated := [r for r in slot.runners if r.is_gated]):
            way = (*slot.way, *opened.way)
            yield _reach(here.api, slot, gated, way, is_altered, _reason(opened))
        elif slot.is_on_the_way:
            other = known[slot.slot]
            others = frozenset(runner.place for runner in other.runners)
            more = [r for r in slot.runners if not is_among(r.place, others)]
            if more:
                reach = _reach(here.api, slot, more, slot.way, is_altered)
                yield dataclasses.replace(reach, changed=(*reach.changed, *_edited(slot, other)))


def _edited(here: OpenSlot, there: OpenSlot) -> tuple[str, ...]:
    """The array that names the tables of a slot, where it is not as it was."""
    return (here.array,) if here.array and here.tables != there.tables else ()


def _opened(here: OpenGate | None, there: OpenGate | None) -> OpenGate | None:
    """The gate that is open here and shut there."""
    return here if here and there and here.way and not there.way else None


def _reason(gate: OpenGate) -> str:
    caller = gate.way[-2].function if len(gate.way) > 1 else gate.way[-1].function
    return f"{caller}() calls {gate.needs}() inside the registration: {gate.why}"


def _reach(
    api: str,
    slot: OpenSlot,
    runners: Iterable[Runner],
    looked_at: Iterable[Place],
    is_altered: IsAltered,
    reason: str = "",
) -> Reach:
    places = [place for place in looked_at if is_altered(place.path, place.function)]
    return Reach(
        api=api,
        slot=slot.slot,
        via=tuple(place.function for place in slot.way),
        changed=tuple(dict.fromkeys(place.function for place in places)),
        implementations=tuple(
            Implementation(runner.place.function, runner.place.path) for runner in runners
        ),
        reason=reason,
        is_later=bool(slot.later),
    )
