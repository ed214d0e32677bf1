# SPDX-License-Identifier: GPL-2.0-only
"""What kernel functions do with their arguments: the shape of ``catalog/functions.toml``."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from kscan.kernel.names import Names, matches, position


class Drvdata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How driver data is set and read."""

    setters: tuple[str, ...]
    getters: tuple[str, ...]
    fields: tuple[str, ...]


DEFERRED = ("work", "timer")
"""Kinds of objects whose function runs later."""


class Initialiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that make an object fit for use, and those that use it."""

    kind: str
    argument: int
    makers: tuple[str, ...]
    users: tuple[str, ...]
    followed: bool = False
    """Users follow pointers in it, whatever it holds: of a zeroed one that is NULL."""


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that are handed a table, a member of which is called later."""

    names: tuple[str, ...]
    table: int
    member: str
    device: int | None = None
    """The position of the device that it is called with; None for any that is there by then."""


class Later(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that have another thread run something."""

    queues: tuple[str, ...]
    """Have the function of an item run, with the item's position."""
    drains: tuple[str, ...]
    """Return once the functions of all items of a queue have."""
    awaits: tuple[str, ...]
    """Return once the item's function has."""
    declares: tuple[str, ...]
    """Macros at file scope that define an item, with its function."""
    threads: tuple[str, ...]
    """Have a function run that is handed to them."""
    given: tuple[str, ...]
    """Those that hand it what it is to work on, with the position of that."""
    bound: tuple[Bound, ...]
    waits: tuple[str, ...]
    """Return once a completion is signalled."""
    signals: tuple[str, ...]
    """Signal it."""


class Joins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that put a node on a list."""

    names: tuple[str, ...]
    node: int
    head: int


class Heads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions and members that read a list head, or the root of a tree."""

    empty: tuple[str, ...]
    first: tuple[str, ...]
    first_or_null: tuple[str, ...]
    structs: tuple[str, ...]
    roots: dict[str, str] = {}
    """Members that are NULL where nothing is there, and the struct of each."""


class Loops(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Loop macros: over a list, with the head's position; and where the cursor is not first."""

    heads: tuple[str, ...]
    cursors: tuple[str, ...]


class Lookups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that find a device."""

    any: tuple[str, ...]
    bound: tuple[str, ...]
    elsewhere: tuple[str, ...]
    properties: tuple[str, ...]
    """By these a client names its instance: the node that one leads to is not elsewhere."""
    members: tuple[str, ...]
    """``struct.field`` that leads from a node to its device."""
    nodes: tuple[str, ...]
    """Members, by name alone, that hold a firmware node."""
    takes_reference: tuple[str, ...]
    drops_reference: tuple[str, ...]


class Matched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that yield what an id table has for a device, and the members it stands in."""

    names: tuple[str, ...]
    members: tuple[str, ...]


class Keeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that store a pointer in a field of an object, and that yield it."""

    field: str
    setters: tuple[str, ...]
    getters: tuple[str, ...]
    object: int
    value: int


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions and macros that store a value in a place."""

    names: tuple[str, ...]
    target: int
    value: int | None = None
    """None where what they store is not zero, and no argument."""
    pointer: bool = False
    """The target is what the argument points to."""
    copies: bool = False
    """The value is what its argument points to."""


class RuntimePm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that let a device be resumed at run time, and that ask for it to be."""

    enablers: tuple[str, ...]
    enabled: tuple[str, ...]
    """Ask whether it may be resumed at all."""
    resumes: tuple[str, ...]
    """Resume it; refuse, and leave it as it is, before it is enabled."""
    active: tuple[str, ...]
    """Take a reference only where it is resumed; refuse likewise."""
    awake: tuple[str, ...]
    """Say that it is resumed, before it is enabled: its registers answer."""


class Supply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that switch on, and off, what a device's registers need to answer."""

    kind: str
    argument: int
    enablers: tuple[str, ...]
    disablers: tuple[str, ...]
    yields: tuple[str, ...] = ()
    """These yield one that is on already."""
    pulses: tuple[str, ...] = ()
    """These switch it off, and on again."""


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that acquire something other than memory, and that give it back."""

    takes: tuple[str, ...]
    gives_back: tuple[str, ...]


class Functions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """What functions do with their arguments."""

    drvdata: Drvdata
    fresh: Names
    initialiser: tuple[Initialiser, ...]
    later: Later
    joins: Joins
    hangs: Names
    keyed: Names
    heads: Heads
    loops: Loops
    lookups: Lookups
    matched: Matched
    keeper: tuple[Keeper, ...]
    runtime_pm: RuntimePm
    supply: tuple[Supply, ...]
    registers: Names
    store: tuple[Store, ...]
    loads: Names
    converts: Names
    duplicators: Names
    releases: Names
    resources: Resources
    hands_out: Names
    fills_in: Names
    clears: Names
    resizes: Names
    managed: Names
    adopts: Names
    ties: Names
    unties: Names
    logging: Names
    tolerant: Names
    errors: Names
    again: Names
    noreturn: Names
    transparent: Names
    warns: Names
    driver_registrations: Names
    populates: Names
    walks: Names

    @cached_property
    def switches(self) -> dict[str, tuple[str, int, bool]]:
        """By name of a function: the kind of supply it switches, where that stands, and if on."""
        return {
            name: (supply.kind, position(entries, name, supply.argument), on)
            for supply in self.supply
            for entries, on in (
                (supply.enablers, True), (supply.pulses, True), (supply.disablers, False)
            )
            for name in (entry.partition(":")[0] for entry in entries)
        }  # fmt: skip

    def pulses(self, name: str) -> bool:
        """`name` switches a supply off, and leaves it on."""
        return any(matches(supply.pulses, name) for supply in self.supply)

    @cached_property
    def switched_on(self) -> dict[str, str]:
        """By name of a function that yields a supply which is on: the kind of supply."""
        return {name: supply.kind for supply in self.supply for name in supply.yields}

    @cached_property
    def supplies(self) -> frozenset[str]:
        """The kinds of supplies."""
        return frozenset(supply.kind for supply in self.supply)

    def gives_up(self, name: str) -> bool:
        """`name` frees memory, or gives back what was acquired otherwise."""
        return name in self.releases or matches(self.resources.gives_back, name)

    def stores_by(self, name: str) -> tuple[Store, ...]:
        """What a call of `name` stores."""
        if name not in self._stores:
            self._stores[name] = tuple(e for e in self.store if matches(e.names, name))
        return self._stores[name]

    @cached_property
    def _stores(self) -> dict[str, tuple[Store, ...]]:
        return {}

    @cached_property
    def told(self) -> dict[str, Any]:
        """What calls mean, by the name that is called, as `kscan.execution.calling` told it."""
        return {}

    def makers(self, kind: str) -> tuple[str, ...]:
        """The functions that make an object of `kind` fit for use."""
        return tuple(name for e in self.initialiser if e.kind == kind for name in e.makers)

    def follows(self, kind: str) -> bool:
        """What uses an object of `kind` follows NULL where that is not ready yet."""
        return any(entry.followed for entry in self.initialiser if entry.kind == kind)

    def used_by(self, name: str) -> tuple[Initialiser, ...]:
        """The kinds of objects that `name` needs to be ready, and does not make ready itself."""
        if name not in self._used:
            kinds = (e for e in self.initialiser if matches(e.users, name))
            self._used[name] = tuple(e for e in kinds if not matches(e.makers, name))
        return self._used[name]

    @cached_property
    def _used(self) -> dict[str, tuple[Initialiser, ...]]:
        return {}
