# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue: what kernel functions mean, as typed TOML with the file that shows each fact.

Contracts (what a registration runs), scenarios (edges a tree is assumed to have), functions a
walk stops at, and what functions do with their arguments. A user adds contracts of his own
with a file of the same shape.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path

import msgspec

from kscan.kernel.devices import Devices, devices
from kscan.kernel.locks import Locks, locks
from kscan.kernel.typed import DIRECTORY, read
from kscan.model import KscanError


def slot_matches(entries: tuple[str, ...], slot: str) -> bool:
    """`slot` is one of `entries`, of which ``struct.*`` stands for all of a struct."""
    return slot in entries or slot.partition(".")[0] + ".*" in entries


def _precedes(order: tuple[str, ...], first: str, second: str) -> bool:
    return first in order and second in order and order.index(first) < order.index(second)


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A set of function names, some of them prefixes or suffixes, some with a position."""

    names: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _compiled(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._pattern.fullmatch(name) is not None

    def position(self, name: str, default: int = 0) -> int:
        """The argument position the entry for `name` gives."""
        return _position(self.names, name, default)


def matches(entries: tuple[str, ...], name: str) -> bool:
    """`name` is one of `entries`, some of which are prefixes or suffixes."""
    return _compiled(entries).fullmatch(name) is not None


def position(entries: tuple[str, ...], name: str, default: int) -> int:
    """The argument position that the entry for `name` gives, else `default`."""
    return _position(entries, name, default)


@cache
def _compiled(entries: tuple[str, ...]) -> re.Pattern[str]:
    if not entries:
        return re.compile(r"(?!)")
    choices = (re.escape(e.partition(":")[0]).replace(r"\*", r"\w*") for e in entries)
    return re.compile("|".join(choices))


def _places(directories: tuple[str, ...]) -> re.Pattern[str]:
    if not directories:
        return re.compile(r"(?!)")
    choices = (re.escape(d).replace(r"\*", r"[^/]+") + "/" for d in directories)
    return re.compile("|".join(choices))


@cache
def _position(entries: tuple[str, ...], name: str, default: int) -> int:
    for entry in entries:
        spelled, _, position = entry.partition(":")
        if position and re.fullmatch(re.escape(spelled).replace(r"\*", r"\w*"), name):
            return int(position)
    return default


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be reachable in the window before callbacks of such an instance run."""

    argument: int
    """The gate stands where this argument of the registration is not NULL."""
    needs: str
    """The function that must be reachable."""
    source: str
    why: str


class Walked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the tables named in `array` are visited through `slot`."""

    slot: str
    array: str


class Through(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of the ops table that lead to further tables of the same instance."""

    fields: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that do not run for an object once an earlier one has refused it."""

    refusal: tuple[str, ...]
    skips: tuple[str, ...]
    source: str
    spares: tuple[str, ...] = ()
    """Callbacks of tables that these fields lead to run all the same."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run in the window only where the table fills another slot too."""

    slots: tuple[str, ...]
    needs: str
    source: str


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run only after something else went wrong."""

    slots: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    """Functions of the core that clean up: a way through one of them is shown last."""
    source: str = ""


class Unset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that is not set for the objects which the window hands to `slot`."""

    slot: str
    field: str
    source: str
    why: str


class Tolerated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Errors of a callback that only the object at hand suffers from."""

    slot: str
    errors: tuple[str, ...]
    source: str
    why: str


class Repeated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run again for one object, and what may be gone by then."""

    slots: tuple[str, ...] = ()
    followed: tuple[str, ...] = ()
    """Slots outside the contract's own tables, with all that they reach."""
    object: str = ""
    """The field that leads to what is dropped between two calls, as ``device.iommu``."""
    dropped: tuple[str, ...] = ()
    """Fields that are lost with it."""
    source: str = ""
    why: str = ""


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one registration function publishes and runs."""

    name: str
    register: str
    source: str
    why: str
    object: int = 0
    """Position of the published object."""
    table: int = 1
    """Position of the ops table, or of the callback function itself."""
    table_setters: tuple[str, ...] = ()
    """Functions that tell the published object its table, in trees whose `register` does not."""
    tables: tuple[str, ...] = ()
    """Struct tags of the ops tables; empty where `table` is the callback itself."""
    window: str = "call"
    """``call``: the time inside the call. ``open``: from the call on."""
    gate: Gate | None = None
    walked: Walked | None = None
    through: Through = Through()
    order: tuple[Order, ...] = ()
    condition: tuple[Condition, ...] = ()
    failure: Failure = Failure()
    unset: tuple[Unset, ...] = ()
    tolerated: tuple[Tolerated, ...] = ()
    repeated: Repeated = Repeated()

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
    or_caller_of: str = ""
    """Where the tree has no `caller`: whoever calls through this slot."""
    unless: str = ""
    """Not needed where this slot is reached anyway; `slot` unless given."""

    def __post_init__(self) -> None:
        if bool(self.slot) == bool(self.callee):
            raise ValueError("an edge has either a slot or a callee")
        for slot in (self.slot, self.or_caller_of, self.unless):
            if slot and slot.count(".") != 1:
                raise ValueError(f"{slot!r} is no slot: write struct.field")


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named set of edges, and the commit that brings them."""

    name: str
    contract: str
    why: str
    edge: tuple[ScenarioEdge, ...]
    commit: str = ""
    subject: str = ""


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions a walk does not descend into, and why."""

    reason: str
    names: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    """Below the root; ``*`` stands for one path component."""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")
    """Directories below those, which are walked after all."""


class Drvdata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How driver data is set and read."""

    setters: tuple[str, ...]
    getters: tuple[str, ...]
    fields: tuple[str, ...]


class Initialiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that make an object fit for use, and those that use it."""

    kind: str
    argument: int
    makers: tuple[str, ...]
    users: tuple[str, ...]


class Joins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that put a node on a list."""

    names: tuple[str, ...]
    node: int
    head: int


class Heads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that read a list head."""

    empty: tuple[str, ...]
    first: tuple[str, ...]
    first_or_null: tuple[str, ...]


class Loops(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Loop macros over a list, with the head's position."""

    heads: tuple[str, ...]


class Lookups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that find a device."""

    any: tuple[str, ...]
    bound: tuple[str, ...]
    elsewhere: tuple[str, ...]
    takes_reference: tuple[str, ...]
    drops_reference: tuple[str, ...]


class Keeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that store a pointer in a field of an object, and that yield it."""

    field: str
    setters: tuple[str, ...]
    getters: tuple[str, ...]
    object: int
    value: int


class Functions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """What functions do with their arguments."""

    drvdata: Drvdata
    fresh: Names
    initialiser: tuple[Initialiser, ...]
    joins: Joins
    heads: Heads
    loops: Loops
    lookups: Lookups
    keeper: tuple[Keeper, ...]
    releases: Names
    hands_out: Names
    resizes: Names
    managed: Names
    adopts: Names
    logging: Names
    tolerant: Names
    errors: Names
    noreturn: Names
    transparent: Names
    runs: Names
    initcalls: Names
    driver_registrations: Names


class Catalogue(msgspec.Struct, frozen=True, dict=True):
    """Everything kscan knows of the kernel that is not in the tree it reads."""

    contracts: tuple[Contract, ...]
    scenarios: tuple[Scenario, ...]
    stops: tuple[Stop, ...]
    functions: Functions

    @cached_property
    def _stopped(self) -> re.Pattern[str]:
        return _compiled(tuple(name for stop in self.stops for name in stop.names))

    def stops_at(self, name: str) -> bool:
        """A walk does not descend into `name`."""
        return self._stopped.fullmatch(name) is not None

    @cached_property
    def _stopped_places(self) -> re.Pattern[str]:
        return _places(tuple(d for stop in self.stops for d in stop.directories))

    @cached_property
    def _open_places(self) -> re.Pattern[str]:
        return _places(tuple(d for stop in self.stops for d in stop.except_))

    def stops_in(self, path: str) -> bool:
        """A walk does not descend into functions of the file `path`."""
        if self._stopped_places.match(path) is None:
            return False
        return self._open_places.match(path) is None

    @property
    def devices(self) -> Devices:
        """How devices come into being, and what configures their DMA."""
        return devices()

    @property
    def locks(self) -> Locks:
        """What takes and releases a lock."""
        return locks()

    def stop_reason(self, name: str) -> str:
        """Why a walk stops at `name`; empty where it does not."""
        for stop in self.stops:
            if _compiled(stop.names).fullmatch(name):
                return stop.reason
        return ""

    def contract(self, register: str) -> Contract:
        """The contract of a registration function; raises `KscanError` for an unknown one."""
        for contract in self.contracts:
            if register in (contract.register, contract.name):
                return contract
        known = ", ".join(c.register for c in self.contracts)
        raise KscanError(f"no contract for {register}: known are {known}; add one with --catalog")


class _ContractFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    contract: tuple[Contract, ...] = ()
    scenario: tuple[Scenario, ...] = ()


class _WalkFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stop: tuple[Stop, ...] = ()


@cache
def catalogue(extra: tuple[Path, ...] = ()) -> Catalogue:
    """The built-in catalogue, with the contracts of the files `extra` added.

    Raises `KscanError` that names the file and the key for anything that does not fit.
    """
    files = [read(path, _ContractFile) for path in (DIRECTORY / "contracts.toml", *extra)]
    contracts = tuple(contract for file in files for contract in file.contract)
    scenarios = tuple(scenario for file in files for scenario in file.scenario)
    names = {contract.name for contract in contracts}
    for scenario in scenarios:
        if scenario.contract not in names:
            raise KscanError(
                f"scenario {scenario.name}: no contract named {scenario.contract}: "
                f"known are {', '.join(sorted(names))}"
            )
    return Catalogue(
        contracts,
        scenarios,
        read(DIRECTORY / "walk.toml", _WalkFile).stop,
        read(DIRECTORY / "functions.toml", Functions),
    )
