# SPDX-License-Identifier: GPL-2.0-only
"""What is written before a registration, and what after it: its own function, then callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from kscan.flow.places import DRVDATA, Place, whole
from kscan.flow.written import Write
from kscan.program.program import Function


class Behind(IntEnum):
    """What a late write stands behind; of several, the one that is the least sure to register."""

    CALL = 0
    """The registration, or the call of a function that leads to it."""
    DRIVER = 1
    """The registration of the driver, which runs probe if a device is there."""
    QUEUE = 2
    """The call that has something run later which registers, which may do so before."""
    NOTHING = 3
    """No more than what has it run later: that may be before the registration, or after it."""

    @property
    def may_be_early(self) -> bool:
        """Nothing says that the write does not come before the registration."""
        return self in (Behind.QUEUE, Behind.NOTHING)


@dataclass
class Order:
    """What was found around one registration."""

    late: dict[Place, list[Write]] = field(default_factory=dict)
    """The late writes; those of driver data apart for each bus, whose struct owns the place."""
    must: dict[Place, Write] = field(default_factory=dict)
    may: dict[Place, Write] = field(default_factory=dict)
    buses: set[str] = field(default_factory=set)
    """The structs of the buses for whose devices driver data is set early; empty for any."""
    results: set[Place] = field(default_factory=set)
    """Places that hold what the registration yields, or a function that registers."""
    outside: set[Place] = field(default_factory=set)
    """Places whose first late write stands in a caller, one of several or of another file."""
    behind: dict[Place, Behind] = field(default_factory=dict)
    """What the first late write of each stands behind."""
    within: dict[Place, frozenset[Function]] = field(default_factory=dict)
    """The callers of the registering function that alone write a place late."""

    def is_early(self, place: Place, *, apart: bool) -> bool:
        """The place, or all of the object, is written before the registration on every way.

        A place that is `apart` is not ready because the member that leads to it is set.
        """
        if place.kind == DRVDATA.kind:
            is_apart = place.owner and self.buses.isdisjoint({place.owner, ""})
            return DRVDATA in self.must and not is_apart
        if place.kind == "field":
            return place in self.must or whole(place.owner) in self.must
        member = Place("field", place.owner, place.name)
        return place in self.must or (not apart and member in self.must)

    def maybe_early(self, place: Place) -> Write | None:
        """A write of it, or of all of the object, that some ways to the registration pass."""
        return self.may.get(place) or self.may.get(whole(place.owner))

    def fills_before(self, place: Place) -> bool:
        """Elements of `place` are written before the registration: that of the instance may be.

        What writes one after each registration only comes before the next one, in a loop.
        """
        early = self.may.get(place)
        return early is not None and all(
            (early.function, early.at) != (late.function, late.at) for late in self.late[place]
        )

    def add(self, write: Write, behind: Behind = Behind.CALL, bus: str = "") -> None:
        """Add a late write; of driver data with the struct of the device's bus, if known."""
        apart = replace(DRVDATA, owner=bus) if write.place == DRVDATA else write.place
        place = _known(apart, self.late)
        self.late.setdefault(place, []).append(write)
        self.behind.setdefault(place, behind)

    def put(self, behind: Behind) -> None:
        """All that is late here stands `behind` that as well."""
        self.behind = {place: max(behind, self.behind[place]) for place in self.late}

    def yields(self, place: Place) -> bool:
        """The member, or global, that leads to `place` holds what the registration yields."""
        kinds = ("field", "global")
        return any(Place(kind, place.owner, place.name) in self.results for kind in kinds)

    def leave_out(self, is_of_another: Callable[[Write], bool]) -> None:
        """Leave out the late writes that have nothing to do with what is registered."""
        left = {p: [w for w in several if not is_of_another(w)] for p, several in self.late.items()}
        self.late = {place: several for place, several in left.items() if several}

    def take_in(self, orders: Sequence[Order], *, is_split_off: bool) -> None:
        """Add what callers write around the registering function, an order for each of them.

        One that `is_split_off` has a single caller, and is as good as part of it.
        """
        for one in orders:
            self.results |= one.results
            self.buses |= one.buses
            for apart, several in one.late.items():
                if apart.kind == "field" and one.is_early(apart, apart=False):
                    continue
                place = _known(apart, self.late)
                if place not in self.late:
                    self.outside.update(one.outside & {place} if is_split_off else {place})
                    self.behind[place] = one.behind[place]
                writes = self.late.setdefault(place, [])
                writes += [write for write in several if write not in writes]
            for place, write in one.may.items():
                self.may.setdefault(place, write)
            for place, write in one.must.items():
                everywhere = all(place in other.must for other in orders)
                (self.must if everywhere else self.may).setdefault(place, write)

    def apart(
        self, callers: Sequence[Function], orders: Sequence[Order]
    ) -> dict[Place, frozenset[Function]]:
        """The callers that alone write a place late, where others do not.

        Each of several drivers is such a caller, and hands its own table over. The first
        of the `orders` are those of the `callers`.
        """
        found: dict[Place, frozenset[Function]] = {}
        for caller, one in zip(callers, orders, strict=False):
            for place in one.late:
                if _known(place, self.late) not in self.late:
                    known = _known(place, found)
                    found[known] = found.get(known, frozenset()) | {caller}
        others = {_known(p, found) for one in orders[len(callers) :] for p in one.late}
        return {place: late for place, late in found.items() if place not in others}


def _known(place: Place, among: Iterable[Place]) -> Place:
    """`place`; of driver data the first one `among` that may be of a device of the same bus."""
    if place.kind != DRVDATA.kind:
        return place
    known = (one for one in among if one.kind == place.kind)
    return next((one for one in known if not (one.owner and place.owner) or one == place), place)
