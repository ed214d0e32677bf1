# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue: what kernel functions mean, as typed TOML with the file that shows each fact.

Contracts (what a registration runs), scenarios (edges a tree is assumed to have), functions a
walk stops at, and what functions do with their arguments. A user adds contracts of his own
with a file of the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kscan.kernel.contracts import Contract, Scenario
from kscan.kernel.devices import Devices, devices
from kscan.kernel.functions import DEFERRED, Functions
from kscan.kernel.locks import Locks, locks
from kscan.kernel.names import Spellings, anew, matches, spellings
from kscan.kernel.typed import DIRECTORY, document, emptied, extended, read, typed
from kscan.model import KscanError
from kscan.wording import closest, meant


def _places(directories: tuple[str, ...]) -> re.Pattern[str]:
    if not directories:
        return re.compile(r"(?!)")
    choices = (re.escape(d).replace(r"\*", r"[^/]+") + "/" for d in directories)
    return re.compile("|".join(choices))


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions a walk does not descend into, and why."""

    reason: str
    names: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    """Below the root; ``*`` stands for one path component."""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")
    """Directories below those, which are walked after all."""


class Catalogue(msgspec.Struct, frozen=True, dict=True):
    """Everything kscan knows of the kernel that is not in the tree it reads."""

    contracts: tuple[Contract, ...]
    scenarios: tuple[Scenario, ...]
    stops: tuple[Stop, ...]
    functions: Functions
    added: tuple[Stop, ...] = ()
    """Those of `stops` that a user gave."""
    called: dict[str, str] = {}
    """New names that some functions have in the tree at hand, by those it knows."""

    @cached_property
    def names(self) -> frozenset[str]:
        """Every plain name that some entry rests on: functions, macros, struct tags, members."""
        parts = (self.contracts, self.scenarios, self.stops, self.functions)
        return frozenset(_names(msgspec.to_builtins((*parts, self.devices, self.locks))))

    @cached_property
    def _stopped(self) -> Spellings:
        return spellings(tuple(name for stop in self.stops for name in stop.names))

    def stops_at(self, name: str) -> bool:
        """A walk does not descend into `name`."""
        return name in self._stopped

    @cached_property
    def _always_stopped(self) -> Spellings:
        alone = (stop for stop in self.added if not stop.directories)
        return spellings(tuple(name for stop in alone for name in stop.names))

    def always_stops_at(self, name: str) -> bool:
        """No walk descends into `name`, wherever it begins: a user names it, and no directory."""
        return name in self._always_stopped

    def keeps(self, name: str) -> bool:
        """What is handed to `name` is not called by it: a timer's or a work's function."""
        return self.stops_at(name) or any(
            matches(entry.makers, name)
            for entry in self.functions.initialiser
            if entry.kind in DEFERRED
        )

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

    def walks_in(self, path: str) -> bool:
        """A walk descends into functions of the file `path`."""
        return not self.stops_in(path)

    def spelled(self, names: Mapping[str, str]) -> Catalogue:
        """This catalogue for a tree that has new names for some functions, by those it knows."""
        if not names:
            return self
        anew = respelled(self, names)
        contracts = tuple(_with_moved(contract, names) for contract in anew.contracts)
        return msgspec.structs.replace(anew, called=dict(names), contracts=contracts)

    def is_own(self, entry: Contract | Scenario) -> bool:
        """`entry` is the user's, not a built-in one, whatever that has its functions called."""
        built_in = catalogue().spelled(self.called)
        return entry not in (*built_in.contracts, *built_in.scenarios)

    @cached_property
    def devices(self) -> Devices:
        """How devices come into being, and what configures their DMA."""
        return respelled(devices(), self.called)

    @cached_property
    def locks(self) -> Locks:
        """What takes and releases a lock."""
        return respelled(locks(), self.called)

    def stop_reason(self, name: str) -> str:
        """Why a walk stops at `name`; empty where it does not."""
        for stop in self.stops:
            if matches(stop.names, name):
                return stop.reason
        return ""

    def contract(self, register: str) -> Contract:
        """The contract of a registration function; raises `KscanError` for an unknown one."""
        for contract in self.contracts:
            if register in (contract.register, contract.name):
                return contract
        names = [contract.register for contract in self.contracts]
        known = meant(closest(register, names)) or f"known are {', '.join(names)};"
        raise KscanError(f"no contract for {register}: {known} add one with --catalog")


class _ContractFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    contract: tuple[Contract, ...] = ()
    scenario: tuple[Scenario, ...] = ()


class _UserFile(_ContractFile, frozen=True, forbid_unknown_fields=True):
    """A file of the user's own: contracts, and what his subsystem's functions are."""

    stop: tuple[Stop, ...] = ()
    functions: dict[str, Any] = {}
    """Lists to be put behind those of ``functions.toml``, under the same keys."""


class _WalkFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stop: tuple[Stop, ...] = ()


@cache
def catalogue(extra: tuple[Path, ...] = ()) -> Catalogue:
    """The built-in catalogue, with what the files `extra` add.

    Raises `KscanError` that names the file and the key for anything that does not fit.
    """
    own = DIRECTORY / "contracts.toml"
    contracts, scenarios = _contracts(own, read(own, _ContractFile), (), ())
    stops, added = read(DIRECTORY / "walk.toml", _WalkFile).stop, tuple[Stop, ...]()
    known = document(DIRECTORY / "functions.toml")
    functions = read(DIRECTORY / "functions.toml", Functions)
    for path in extra:
        file = read(path, _UserFile)
        contracts, scenarios = _contracts(path, file, contracts, scenarios)
        added = (*added, *file.stop)
        if file.functions:
            alone = extended(emptied(known), file.functions, path, "functions")
            typed(alone, Functions, path, ".functions")  # what is wrong has its own place there
            known = extended(known, file.functions, path, "functions")
            functions = typed(known, Functions, path)
    return Catalogue(contracts, scenarios, (*stops, *added), functions, added)


def _contracts(
    path: Path, file: _ContractFile, contracts: tuple[Contract, ...],
    scenarios: tuple[Scenario, ...],
) -> tuple[tuple[Contract, ...], tuple[Scenario, ...]]:  # fmt: skip
    """The contracts and scenarios known so far with those of `file`; raises `KscanError`."""
    for contract in file.contract:
        if any(contract.name == other.name for other in contracts):
            raise KscanError(f"{path}: contract {contract.name}: that name is taken: give another")
        contracts = (*contracts, contract)
    names = sorted(contract.name for contract in contracts)
    for scenario in file.scenario:
        if scenario.contract not in names:
            raise KscanError(
                f"{path}: scenario {scenario.name}: no contract named {scenario.contract}: "
                f"known are {', '.join(names)}"
            )
    return contracts, (*scenarios, *file.scenario)


def _names(entry: object) -> Iterator[str]:
    """The identifiers among the texts of `entry`, and the members: ``struct.member``."""
    if isinstance(entry, str):
        name = entry.partition(":")[0]
        if all(part.isidentifier() for part in name.split(".", 1)):
            yield name
    elif isinstance(entry, dict):
        for value in entry.values():
            yield from _names(value)
    elif isinstance(entry, list | tuple):
        for value in entry:
            yield from _names(value)


_Entry = TypeVar("_Entry", bound=msgspec.Struct)


def respelled(entry: _Entry, names: Mapping[str, str]) -> _Entry:
    """`entry` with the functions, structs and members it names called as `names` has them."""
    if not names:
        return entry
    return msgspec.convert(_respelled(msgspec.to_builtins(entry), names), type(entry))


def _with_moved(contract: Contract, names: Mapping[str, str]) -> Contract:
    """`contract` with the tables that `names` moves slots of its own tables to."""
    moves = ((old.partition(".")[0], new.partition(".")) for old, new in names.items())
    moved = (tag for old, (tag, dot, _) in moves if dot and names.get(old, old) in contract.tables)
    tables = dict.fromkeys((*contract.tables, *moved))
    return msgspec.structs.replace(contract, tables=tuple(tables))


def _respelled(entry: object, names: Mapping[str, str]) -> object:
    """`entry` with the functions among its texts called as `names` has them."""
    if isinstance(entry, str):
        name, colon, position = entry.partition(":")
        return anew(name, names) + colon + position
    if isinstance(entry, dict):
        return {key: _respelled(value, names) for key, value in entry.items()}
    if isinstance(entry, list | tuple):
        return [_respelled(value, names) for value in entry]
    return entry
