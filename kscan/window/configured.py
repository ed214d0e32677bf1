# SPDX-License-Identifier: GPL-2.0-only
"""Calls, all over the tree, of the functions that ask firmware about a device's DMA."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.kernel.devices import Configuration
from kscan.kernel.names import matches, position
from kscan.model import Confidence
from kscan.program.program import OUTSIDE, Function, Program
from kscan.window.buses import Buses
from kscan.window.origins import Asked, Found, Node, Origin, Origins, worst


@dataclass(frozen=True)
class ConfigureCall:
    """One call, and what the code shows of the device it is for."""

    function: Function
    call: ir.Call
    device: ir.Expr
    node: ir.Expr | None
    """None where the function takes the device's own."""
    has_id: bool
    """An id of the caller's overrides what the node says."""
    found: Found
    others: int
    """Other callers that lead here."""
    by_bus: bool | None = None
    """The device's bus configures it before a driver is bound; None where no bus is known."""

    @property
    def name(self) -> str:
        """The function called."""
        return self.call.name

    @property
    def confidence(self) -> Confidence:
        """That of the origin; lower where nothing shows whose the node is."""
        sure = self.found.confidence
        if self.found.node is Node.UNKNOWN and self.found.origin is Origin.BOUND:
            return Confidence.LOW
        return sure

    @property
    def is_pointless(self) -> bool:
        """It asks firmware for what the bus has asked, or for nothing."""
        node = self.found.node
        again = node is Node.OWN and bool(self.by_bus) and not self.has_id
        return again or node is Node.NONE


@dataclass
class Configured:
    """The calls of one configuration's functions in one tree."""

    program: Program
    origins: Origins
    configuration: Configuration
    buses: Buses

    @cached_property
    def calls(self) -> tuple[ConfigureCall, ...]:
        """Every call outside the functions themselves, by file and offset."""
        self.program.reader.load(self.paths)
        found = [one for path in self.paths for one in self._in(path)]
        callers = {asked.function.name for _, asked in found if self.origins.asks_callers(asked)}
        self.origins.callers.prepare(sorted(callers))  # one search of the tree for all of them
        classified = (self._classified(call, asked) for call, asked in found)
        return tuple(sorted(classified, key=lambda c: (c.function.path, c.call.at)))

    @cached_property
    def bound(self) -> tuple[ConfigureCall, ...]:
        """Those for a device that has a driver."""
        return tuple(call for call in self.calls if call.found.origin is Origin.BOUND)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Files that name one of the functions."""
        named = self.program.reader.tree.files_with(self.configuration.functions)
        return tuple(p for p in named if p.endswith(".c") and not p.startswith(OUTSIDE))

    def _in(self, path: str) -> Iterator[tuple[ir.Call, Asked]]:
        """The calls in one file, and what is asked of each."""
        program, names = self.program, self.configuration.functions
        for function in program.functions_in(path):
            if function.name in names or not any(program.mentions(function, n) for n in names):
                continue
            for call in program.body(function).calls:
                if call.name in names and self.configuration.device < len(call.args):
                    device = call.args[self.configuration.device]
                    node = _argument(self.configuration.node, call)
                    yield call, Asked(function, call.at, device, node)

    def _classified(self, call: ir.Call, asked: Asked) -> ConfigureCall:
        given = _argument(self.configuration.id, call)
        has_id = given is not None and not isinstance(given, ir.Const)
        found = list(self.origins.of(asked))
        shown = worst(found)
        return ConfigureCall(
            asked.function,
            call,
            asked.device,
            asked.node,
            has_id,
            shown,
            len(found) - 1,
            self._by_bus(shown),
        )

    def _by_bus(self, found: Found) -> bool | None:
        """The bus of a device that is bound configures it."""
        if found.origin is not Origin.BOUND or found.node is not Node.OWN:
            return None
        return self.buses.configure(found.asked.function, found.driver)


def _argument(entries: tuple[str, ...], call: ir.Call) -> ir.Expr | None:
    """The argument of `call` at the position that `entries` give for what it calls."""
    if not matches(entries, call.name):
        return None
    at = position(entries, call.name, 0)
    return call.args[at] if at < len(call.args) else None
