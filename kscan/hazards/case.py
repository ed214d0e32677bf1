# SPDX-License-Identifier: GPL-2.0-only
"""One contract in one tree: everything the rules ask of a registration window."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from kscan.flow.ownership import Lifetimes
from kscan.hazards.instance import BoundRead, Instance, Shared
from kscan.hazards.replays import Replays
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.contracts import Contract
from kscan.lateness.masked import LateRead
from kscan.model import Skip
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.window.buses import Buses
from kscan.window.callers import LEVELS, Callers, calls_of
from kscan.window.configured import Configured
from kscan.window.inside import Inside
from kscan.window.origins import Origins
from kscan.window.registrations import Registration, Registrations
from kscan.window.scope import OneFile
from kscan.window.window import Window


@dataclass
class Case:
    """The registrations of one contract, and what their windows meet."""

    program: Program
    catalogue: Catalogue
    window: Window
    searched: tuple[str, ...]
    """Files that matter, which are read together."""
    registering: tuple[str, ...]
    """Files that name the contract's function."""
    callers: Callers
    """Who calls the registering functions."""
    uncovering: bool = False
    """What one thing that is wrong keeps another from doing is found as well."""
    _looked_at: tuple[Registration, ...] | None = None
    _instances: dict[tuple[str, int], Instance] = field(default_factory=dict)
    _skips: list[Skip] = field(default_factory=list)

    @property
    def contract(self) -> Contract:
        """The contract."""
        return self.window.contract

    @property
    def stores_afterwards(self) -> bool:
        """Some function goes on to store something once it has registered: a quick no."""
        return any(
            node.at > call.at
            for path in self.registering
            for function in self.program.functions_in(path)
            for call in calls_of(self.program, function, self.contract.register)
            for node in self.program.body(function).assignments
        )

    def settle(self) -> None:
        """Waits for searches that were started."""
        self.callers.settle()
        _ = self.program.definitions

    @cached_property
    def registrations(self) -> tuple[Registration, ...]:
        """Every registration of the contract."""
        self.program.reader.load(self.searched)
        functions = self.catalogue.functions
        found = Registrations(
            self.program, functions, self.contract, self.registering, self.callers
        ).all
        self.callers.prepare_upwards([r.function for r in found], LEVELS)
        return found

    @cached_property
    def _shared(self) -> Shared:
        return Shared(
            self.program,
            self.catalogue,
            self.window,
            self.callers,
            lambda function: function in self._above,
            self.uncovering,
        )

    @cached_property
    def _above(self) -> frozenset[Function]:
        """The functions that register, and those that call them."""
        found = (self.callers.above(one.function) for one in self.registrations)
        return frozenset(function for above in found for function in above)

    def of(self, registration: Registration) -> Instance:
        """One of the registrations, with what is known of it."""
        key = (registration.function.path, registration.at)
        if key not in self._instances:
            self._instances[key] = Instance(self._shared, registration, self._skips)
        return self._instances[key]

    @property
    def skips(self) -> Iterator[Skip]:
        """What was not looked at, as far as it was asked for."""
        return iter(self._skips)

    @property
    def core(self) -> frozenset[str]:
        """The files of the functions that the registration itself runs."""
        return self._shared.core

    def registers_on(self, architecture: str) -> bool:
        """Some registration may be part of a kernel for `architecture`."""
        may_build = self._shared.architectures.may_build
        return any(may_build(one.function.path, architecture) for one in self.registrations)

    def lifetimes(self, path: str) -> Lifetimes:
        """The objects that functions of the file `path` acquire, within that file."""
        return self._shared.lifetimes(OneFile(path))

    @contextmanager
    def looking_at(self, registrations: tuple[Registration, ...] | None) -> Iterator[None]:
        """Meanwhile `late_reads` and `bound_reads` are those of `registrations`; None means all.

        What was found out about these alone is forgotten afterwards.
        """
        self._forget(registrations)
        self._looked_at = registrations
        gc.freeze()
        try:
            yield
        finally:
            self._looked_at = None
            self._shared.keep_only({self.of(one).belongs for one in registrations or ()})
            self._forget(registrations)
            gc.collect()  # it refers to itself, and was all made since the freeze
            gc.unfreeze()

    def _forget(self, registrations: tuple[Registration, ...] | None) -> None:
        for registration in registrations or ():
            self._instances.pop((registration.function.path, registration.at), None)

    @property
    def _regarded(self) -> Iterator[Instance]:
        looked_at = self.registrations if self._looked_at is None else self._looked_at
        return map(self.of, looked_at)

    @property
    def late_reads(self) -> tuple[LateRead, ...]:
        """Every late write that an in-window callback meets."""
        return tuple(read for one in self._regarded for read in one.late_reads)

    def late_reads_at(self, path: str, line: int, column: int) -> Iterator[LateRead]:
        """Those of the registrations that stand there."""
        for registration in self._by_position.get((path, line, column), ()):
            yield from self.of(registration).late_reads

    @cached_property
    def _by_position(self) -> dict[tuple[str, int, int], list[Registration]]:
        found: dict[tuple[str, int, int], list[Registration]] = {}
        for one in self.registrations:
            path = one.function.path
            line, column = self.program.reader.position(path, one.at)
            found.setdefault((path, line, column), []).append(one)
        return found

    @property
    def bound_reads(self) -> tuple[BoundRead, ...]:
        """Every look-up of its own instance, by a callback, before the instance is bound."""
        return tuple(read for one in self._regarded for read in one.bound_reads())

    @cached_property
    def inside(self) -> Inside:
        """The functions that run inside the registrations."""
        own = tuple((found, self.of(found).belongs) for found in self.registrations)
        return Inside(self.program, self.catalogue, self.window, own)

    @cached_property
    def origins(self) -> Origins:
        """Where devices come from."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        bus = configuration.slot if configuration is not None else ""
        return Origins(self.program, self.catalogue, self.callers, bus)

    @cached_property
    def configured(self) -> Configured | None:
        """Calls that configure a device's DMA; None where the contract has no such functions."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        if configuration is None:
            return None
        buses = Buses(self.window.tables, Slot.named(configuration.slot))
        return Configured(self.program, self.origins, configuration, buses)

    @cached_property
    def replays(self) -> Replays | None:
        """Firmware code that makes a fwspec; None where the contract has no such code."""
        configuration = self.catalogue.devices.configured_by(self.contract.name)
        if configuration is None:
            return None
        tables = self.contract.tables
        return Replays(self.program, self.inside, self.origins, configuration, tables)
