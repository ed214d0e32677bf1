# SPDX-License-Identifier: GPL-2.0-only
"""Contracts: what a registration function publishes and runs; scenarios: edges assumed for one.

The shape of ``catalog/contracts.toml`` and of a user's own file; every entry names the kernel
file it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

Position = Annotated[int, msgspec.Meta(ge=0)]
"""Of an argument, from 0."""

_POSITION = re.compile(r"[0-9]{1,2}")
"""Of an argument, from 0: no function takes a hundred."""


def check_slots(slots: Iterable[str], *, all_of: bool = False) -> None:
    """Raises `ValueError` for what is no ``struct.field``, or ``struct.*`` where `all_of` is so."""
    for slot in slots:
        tag, _, field = slot.partition(".")
        if not tag.isidentifier() or not (field.isidentifier() or (all_of and field == "*")):
            raise ValueError(f"{slot!r} is no slot: write struct.field")


def check_names(key: str, names: Iterable[str]) -> None:
    """Raises `ValueError` for what C cannot call a function, a struct or an object."""
    for name in names:
        if not (name.isascii() and name.isidentifier()):
            raise ValueError(f"{key} = {name!r} is no name in C")


def check_title(name: str) -> None:
    """Raises `ValueError` for a name that a report could not show."""
    if not name.strip() or not name.isprintable():
        raise ValueError(f"name = {name!r} cannot be shown: give a short word")


def slot_matches(entries: tuple[str, ...], slot: str) -> bool:
    """`slot` is one of `entries`, of which ``struct.*`` stands for all of a struct."""
    return slot in entries or slot.partition(".")[0] + ".*" in entries


def _precedes(order: tuple[str, ...], first: str, second: str) -> bool:
    return first in order and second in order and order.index(first) < order.index(second)


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be reachable in the window before callbacks of such an instance run."""

    argument: Position
    """The gate stands where this argument of the registration is not NULL."""
    needs: str
    """The function that must be reachable."""
    source: str
    why: str

    def __post_init__(self) -> None:
        check_names("needs", [self.needs])


class Walked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the tables named in `array` are visited through `slot`."""

    slot: str
    array: str

    def __post_init__(self) -> None:
        check_slots([self.slot])
        check_names("array", [self.array])


class Through(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of the ops table that lead to further tables of the same instance."""

    fields: tuple[str, ...] = ()
    undoing: tuple[str, ...] = ()
    """Those whose tables take back what another one did before: in the window nothing was done."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that do not run for an object once an earlier one has refused it."""

    refusal: tuple[str, ...]
    skips: tuple[str, ...]
    source: str
    spares: tuple[str, ...] = ()
    """Callbacks of tables that these fields lead to run all the same."""

    def __post_init__(self) -> None:
        check_slots(self.refusal)
        check_slots(self.skips, all_of=True)


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run in the window only where the table fills another slot too."""

    slots: tuple[str, ...]
    needs: str
    source: str
    why: str
    """Why they do not run for a table that lacks `needs`."""
    gated: bool = False
    """Only instances that the contract's gate is for."""
    where: str = ""
    """Only in trees where the window reaches this function."""
    strict: bool = False
    """Nothing in the core comes to them without; else something might."""

    def __post_init__(self) -> None:
        check_slots(self.slots, all_of=True)
        check_slots([self.needs])
        check_names("where", [self.where] if self.where else [])


class Offered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a callback is never asked for in the window: values of one of its arguments."""

    slot: str
    argument: Position
    never: tuple[str, ...]
    """Enumerators, one of which is zero."""
    source: str

    def __post_init__(self) -> None:
        check_slots([self.slot])
        check_names("never", self.never)


class Preferred(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table that takes the place of others on one architecture."""

    architecture: str
    through: str
    """The field of the ops table that leads to it."""
    slots: tuple[str, ...]
    """Callbacks that do not run in the window then, unless they are that table's own."""
    source: str
    why: str

    def __post_init__(self) -> None:
        check_names("architecture", [self.architecture])
        check_names("through", [self.through])
        check_slots(self.slots, all_of=True)


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run only after something else went wrong."""

    slots: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    """Functions of the core that clean up: a way through one of them is shown last."""
    source: str = ""

    def __post_init__(self) -> None:
        check_slots(self.slots)


class Unset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that is not set for the objects which the window hands to `slot`."""

    slot: str
    field: str
    source: str
    why: str

    def __post_init__(self) -> None:
        check_slots([self.slot, self.field])


class Present(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that whoever makes the objects which callbacks are called for has set."""

    field: str
    source: str
    why: str

    def __post_init__(self) -> None:
        check_slots([self.field])


class Tolerated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Errors of a callback that only the object at hand suffers from."""

    slot: str
    errors: tuple[str, ...]
    source: str
    why: str

    def __post_init__(self) -> None:
        check_slots([self.slot])


class Repeated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run again for one object, and what may be gone by then."""

    slots: tuple[str, ...] = ()
    followed: tuple[str, ...] = ()
    """Slots outside the contract's own tables, with all that they reach."""
    object: str = ""
    """The field that leads to what is dropped between two calls, as ``device.iommu``."""
    left: tuple[str, ...] = ()
    """Fields of what it leads to that a complete run has set."""
    dropped: tuple[str, ...] = ()
    """Fields that are lost with it."""
    source: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        check_slots([*self.slots, *self.followed, *self.left, *self.dropped])
        check_slots([self.object] if self.object else [])


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one registration function publishes and runs."""

    name: str
    register: str
    source: str
    why: str
    object: Position = 0
    """Position of the published object."""
    table: Position = 1
    """Position of the ops table, or of the callback function itself.

    That of the object where it holds its callbacks itself.
    """
    table_setters: tuple[str, ...] = ()
    """Functions that tell the published object its table, where `register` does not.

    It is their last argument, or the one at the position that follows a colon.
    """
    elsewhere: tuple[str, ...] = ()
    """Functions that hand a table over without a registration, with its position among their
    arguments: where nothing else publishes it, nobody looks at it."""
    table_field: str = ""
    """The member of the published object that holds the table, as ``iommu_device.ops``."""
    tables: tuple[str, ...] = ()
    """Struct tags of the ops tables; empty where `table` is the callback itself."""
    instance: Position | None = None
    """Position, among a handed-over callback's own arguments, of what it was registered for."""
    window: Literal["call", "open"] = "call"
    """``call``: the time inside the call. ``open``: from the call on."""
    gate: Gate | None = None
    walked: Walked | None = None
    through: Through = Through()
    order: tuple[Order, ...] = ()
    condition: tuple[Condition, ...] = ()
    offered: tuple[Offered, ...] = ()
    preferred: tuple[Preferred, ...] = ()
    failure: Failure = Failure()
    unset: tuple[Unset, ...] = ()
    present: tuple[Present, ...] = ()
    tolerated: tuple[Tolerated, ...] = ()
    repeated: Repeated = Repeated()

    def __post_init__(self) -> None:
        check_title(self.name)
        check_names("register", [self.register])
        check_names("tables", self.tables)
        check_names("table_setters", [entry.partition(":")[0] for entry in self.table_setters])
        check_names("elsewhere", [entry.partition(":")[0] for entry in self.elsewhere])
        if any(
            ":" in e and not _POSITION.fullmatch(e.partition(":")[2]) for e in self.table_setters
        ):
            raise ValueError("table_setters: a colon is followed by a position")
        if not all(_POSITION.fullmatch(entry.partition(":")[2]) for entry in self.elsewhere):
            raise ValueError("elsewhere: a name is followed by a colon and a position")
        check_slots([self.table_field] if self.table_field else [])

    @property
    def slots(self) -> tuple[str, ...]:
        """Every ``struct.field`` that it names."""
        again = self.repeated
        single = [self.table_field, self.walked.slot if self.walked else "", again.object]
        lists = [self.failure.slots, again.slots, again.followed, again.left, again.dropped]
        lists += [slots for order in self.order for slots in (order.refusal, order.skips)]
        lists += [(*condition.slots, condition.needs) for condition in self.condition]
        lists += [(offered.slot,) for offered in self.offered]
        lists += [preferred.slots for preferred in self.preferred]
        lists += [(unset.slot, unset.field) for unset in self.unset]
        lists += [(present.field,) for present in self.present]
        lists += [(tolerated.slot,) for tolerated in self.tolerated]
        return tuple(slot for slots in (single, *lists) for slot in slots if slot)

    @property
    def words(self) -> frozenset[str]:
        """What a file names that has to do with it."""
        gate = {self.gate.needs} if self.gate is not None else set()
        walked = {field_of(self.walked.slot)} if self.walked is not None else set()
        return frozenset({self.register, *self.tables, *gate, *walked})

    def offered_to(self, slot: str) -> Offered | None:
        """What callbacks in `slot` are never asked for; None where that is not known."""
        return next((offered for offered in self.offered if offered.slot == slot), None)

    def skipped_after(self, refused: str, slot: str, via: str) -> bool:
        """`slot` of a table that `via` led to does not run once `refused` turned an object away."""
        return refused != slot and any(
            refused in order.refusal
            and slot_matches(order.skips, slot)
            and via not in order.spares
            and not _precedes(order.refusal, slot, refused)
            for order in self.order
        )


class ScenarioEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call edge that a scenario adds to the graph: through a slot, or to a function."""

    caller: str
    slot: str = ""
    callee: str = ""
    or_caller_of: tuple[str, ...] = ()
    """Where the tree has no `caller`: whoever calls through the first of these slots there is."""
    or_callee: str = ""
    """Where the tree has no `callee`, or nobody fills `slot`: this function."""
    unless: str = ""
    """Not needed where this slot is reached anyway; `slot` unless given."""

    def __post_init__(self) -> None:
        if bool(self.slot) == bool(self.callee):
            raise ValueError("an edge has either a slot or a callee")
        check_slots(slot for slot in (self.slot, *self.or_caller_of, self.unless) if slot)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named set of edges, and the commit that brings them."""

    name: str
    contract: str
    why: str
    edge: tuple[ScenarioEdge, ...]
    commit: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        check_title(self.name)

    @property
    def slots(self) -> tuple[str, ...]:
        """Every ``struct.field`` that its edges name."""
        named = ((edge.slot, *edge.or_caller_of, edge.unless) for edge in self.edge)
        return tuple(slot for slots in named for slot in slots if slot)

    @property
    def words(self) -> frozenset[str]:
        """What a file names that its edges lead to."""
        named = ((field_of(edge.slot) or edge.callee, edge.or_callee) for edge in self.edge)
        return frozenset(word for words in named for word in words if word)


def field_of(slot: str) -> str:
    """``dma_configure`` of ``bus_type.dma_configure``; empty where there is none."""
    return slot.partition(".")[2]
