# SPDX-License-Identifier: GPL-2.0-only
"""Which buses configure their devices' DMA: those whose bus_type fills the slot for it.

A driver's bus is told by the struct that its probe stands in, as ``struct i2c_driver``: the bus
puts itself into every such struct that it registers (``drv->driver.bus = &platform_bus_type``
in __platform_driver_register(), drivers/base/platform.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.flow.paths import root_of
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.program.tables import Entry, Tables, slot_of
from kscan.program.types import scope_of

_DRIVER = "device_driver"
_BUS = "bus"
_WITHIN = 3
"""Structs around a ``struct device_driver`` that are looked through for it."""


@dataclass
class Buses:
    """The buses of one tree; `slot` is what those fill that configure their devices."""

    tables: Tables
    slot: Slot

    @property
    def _program(self) -> Program:
        return self.tables.program

    @cached_property
    def _filling(self) -> tuple[Entry, ...]:
        return self.tables.implementers(self.slot)

    @cached_property
    def _drivers(self) -> frozenset[str]:
        """Tags of the driver structs of those buses."""
        return frozenset(tag for entry in self._filling for tag in self._registered(entry))

    def _registered(self, entry: Entry) -> Iterator[str]:
        """The structs that the file of a bus puts that bus into."""
        for function in self._program.functions_in(entry.path):
            if not self._program.mentions(function, entry.variable):
                continue
            for node in self._program.body(function).nodes:
                match node:
                    case ir.Assign(
                        target=ir.Member(field=name) as target,
                        value=ir.Unary(op="&", operand=ir.Name(id=bus)),
                    ) if (name, bus) == (_BUS, entry.variable):
                        driver = ir.Name(root_of(target), node.at)
                        yield scope_of(self._program, function).tag_of(driver)

    def configure(self, callback: Function, driver: str) -> bool | None:
        """The bus configured the device before `callback` ran, which stands in a `driver`.

        None where nothing tells the bus.
        """
        if driver == self.slot.tag:
            return self._is_filled_beside(callback)
        around = frozenset(self._within(driver, callback.path)) if driver else frozenset()
        if around & self._drivers:
            return True
        return False if _DRIVER in around - {driver} else None

    def _is_filled_beside(self, callback: Function) -> bool:
        """The bus that has `callback` as its probe fills the slot as well."""
        buses = {
            fact.variable
            for fact in self._program.unit(callback.path).slots
            if callback.name in fact.values
            and slot_of(self._program, callback.path, fact).tag == self.slot.tag
        }
        return any(e.path == callback.path and e.variable in buses for e in self._filling)

    def _within(self, tag: str, path: str, depth: int = 0) -> Iterator[str]:
        """`tag`, and the structs that lie in it."""
        yield tag
        record = self._program.record(tag, path) if depth < _WITHIN else None
        for member in record.fields if record is not None else ():
            if member.type.tag and not member.type.ptr:
                yield from self._within(member.type.tag, path, depth + 1)
