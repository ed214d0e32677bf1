# SPDX-License-Identifier: GPL-2.0-only
"""Where a device comes from: handed to a driver's callback, made here, or found.

The origin is read from the code alone: the expression is followed through local variables,
through what a function stores, and from a parameter to the callers, direct ones and those
through an ops table of the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import islice

from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import values_at
from kscan.flow.depth import Call
from kscan.flow.paths import root_of, spelled
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.devices import Devices, Handed
from kscan.kernel.names import matches
from kscan.model import Confidence, weakest
from kscan.program import macros
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.callers import Callers
from kscan.window.objects import Objects
from kscan.window.roles import Roles

CALLERS = 3
"""Levels of callers that a parameter is followed through."""

CALLS = 12
"""Calls of one function that are followed."""


class Origin(StrEnum):
    """What the code shows of a device."""

    BOUND = "bound"  # handed to a callback that runs for devices with a driver
    MADE = "made"  # allocated, initialised or registered by the code that asks, or being added
    BUS = "bus"  # handed to the bus slot that configures devices
    FOUND = "found"  # looked up: it may have a driver
    UNKNOWN = "unknown"


class Node(StrEnum):
    """Whose firmware node goes with a device."""

    OWN = "own"
    OTHER = "other"
    NONE = "none"  # there is none to be parsed
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Asked:
    """A device, and a firmware node that goes with it, as one function spells them at `at`."""

    function: Function
    at: int
    device: ir.Expr
    node: ir.Expr | None = None
    """None where the device's own is meant."""
    frames: tuple[Call, ...] = ()
    """The calls from here down to the function the question was about."""


@dataclass(frozen=True)
class Found:
    """An origin, the node that goes with it, and the place that shows them."""

    origin: Origin
    node: Node
    asked: Asked
    """The question in the terms of the function that answers it."""
    why: str
    confidence: Confidence = Confidence.HIGH
    driver: str = ""
    """Tag of the driver struct, or bus, whose callback is handed the device itself."""


@dataclass
class Origins:
    """Answers for one tree; `bus` is the slot whose functions configure devices rightly."""

    program: Program
    catalogue: Catalogue
    callers: Callers
    bus: str

    @cached_property
    def _devices(self) -> Devices:
        return self.catalogue.devices

    @cached_property
    def _objects(self) -> Objects:
        return Objects(self.program, self._devices)

    @cached_property
    def roles(self) -> Roles:
        """What its own file makes of a function."""
        return Roles(self.program, self._devices)

    def of(self, asked: Asked, depth: int = 0) -> Iterator[Found]:
        """Every origin that the callers give the device of `asked`."""
        device = self._objects.owner(self._settled(asked, asked.device))
        node = self._settled(asked, asked.node) if asked.node is not None else None
        made = self._made(asked, device)
        if made:
            yield self._answer(Origin.MADE, device, node, asked, made)
        elif isinstance(device, ir.Call):
            yield self._looked_up(asked, device, node)
        else:
            yield from self._given(asked, device, node, depth)

    def _settled(self, asked: Asked, node: ir.Expr) -> ir.Expr:
        """`node` in terms of what the asking function is given or makes."""
        return self._objects.settled(asked.function, asked.at, node)

    def _whose(self, asked: Asked, device: ir.Expr, node: ir.Expr | None) -> Node:
        """Whether `node` is that of the object `device`, or what it is looked up by."""
        if node is None:
            return Node.OWN
        if isinstance(node, ir.Const):
            return Node.NONE
        while isinstance(node, ir.Call) and self._objects.leads(node.callee):
            node = node.args[0]
        for by in device.args if isinstance(device, ir.Call) else ():
            if _same(self._objects.owner(self._objects.settled(asked.function, by.at, by)), node):
                return Node.OWN
        if isinstance(node, ir.Member) and node.field in self._devices.node.members:
            node = node.object if node.arrow else ir.Unary("&", node.object, node.at)
        if _same(self._objects.owner(node), device):
            return Node.OWN
        return Node.UNKNOWN if isinstance(device, ir.Call) else Node.OTHER

    def _answer(
        self,
        origin: Origin,
        device: ir.Expr,
        node: ir.Expr | None,
        asked: Asked,
        why: str,
        sure: Confidence = Confidence.HIGH,
    ) -> Found:
        whose = self._whose(asked, device, node)
        if whose is Node.OTHER and not self._is_elsewhere(node):
            sure = weakest(sure, Confidence.MEDIUM)
        return Found(origin, whose, asked, why, sure)

    def _is_elsewhere(self, node: ir.Expr | None) -> bool:
        """`node` is plainly another's: a member of another object, or what a look-up yields."""
        if isinstance(node, ir.Call):
            return matches(self.catalogue.functions.lookups.elsewhere, node.name)
        return isinstance(node, ir.Member) and node.field in self._devices.node.members

    def _made(self, asked: Asked, device: ir.Expr) -> str:
        """How the asking function makes the device; empty where it does not."""
        made, fresh = self._devices.made, self.catalogue.functions.fresh
        if isinstance(device, ir.Call):
            name = device.name
            if name in fresh or matches((*made.allocators, *made.registers), name):
                return f"{name}() makes it"
        scope = scope_of(self.program, asked.function)
        match device:
            case ir.Unary(op="&", operand=ir.Name(id=name)) if scope.is_local(name):
                return f"it is a variable of {asked.function.name}()"
        names, owner = (*made.initialisers, *made.adders), self._objects.owner
        wanted = {spelled(device), spelled(owner(asked.device))} - {""}
        for node in self.program.body(asked.function).nodes:
            match node:
                case ir.Call(callee=ir.Name(id=name), args=(first, *_)) if matches(names, name):
                    held = self._objects.settled(asked.function, node.at, first)
                    if {spelled(owner(first)), spelled(owner(held))} & wanted:
                        return f"{asked.function.name}() calls {name}() for it"
                case ir.Assign(target=ir.Member(object=held, field=name)) if name in made.members:
                    if spelled(held) == spelled(asked.device) != "":
                        return f"{asked.function.name}() sets its {name}"
        return ""

    def _looked_up(self, asked: Asked, device: ir.Call, node: ir.Expr | None) -> Found:
        lookups = self.catalogue.functions.lookups
        name = device.name
        if name and matches((*lookups.any, *lookups.bound), name):
            why = f"{name}() finds it"
            return self._answer(Origin.FOUND, device, node, asked, why, Confidence.LOW)
        why = f"{name}() yields it" if name else "a call yields it"
        return self._answer(Origin.UNKNOWN, device, node, asked, why, Confidence.LOW)

    def _given(
        self, asked: Asked, device: ir.Expr, node: ir.Expr | None, depth: int
    ) -> Iterator[Found]:
        """The device hangs on a parameter: what the callbacks and callers hand over."""
        answers: list[Found] = []
        if self._hangs_on_parameter(asked.function, device):
            for slot in self.roles.filled(asked.function):
                answers += self._through(asked, slot, device, node, depth)
            for handed, by in self.roles.handed_by(asked.function):
                why, driver = f"what {by}() is given", handed.driver
                answers += self._handed(asked, handed, why, driver, device, node)
            if depth < CALLERS:
                for caller, call in islice(self.callers.of(asked.function), CALLS):
                    answers += self.of(self._seen_from(asked, caller, call), depth + 1)
        if not answers:
            why = f"{asked.function.name}() does not say where it comes from"
            answers = [self._answer(Origin.UNKNOWN, device, node, asked, why, Confidence.LOW)]
        yield from answers

    def _hangs_on_parameter(self, function: Function, device: ir.Expr) -> bool:
        return root_of(device) in function.parameters

    def asks_callers(self, asked: Asked) -> bool:
        """Only callers, which may stand in any file, tell where the device comes from."""
        device = self._objects.owner(self._settled(asked, asked.device))
        return (
            not asked.function.fact.static
            and self._hangs_on_parameter(asked.function, device)
            and not self._made(asked, device)
        )

    def _through(
        self, asked: Asked, slot: Slot, device: ir.Expr, node: ir.Expr | None, depth: int
    ) -> Iterator[Found]:
        """What the callback slot `slot`, filled by the asking function, is called with."""
        if str(slot) == self.bus:
            yield self._answer(Origin.BUS, device, node, asked, f"{slot} is where it belongs")
            return
        handed = next((h for h in self._devices.handed if matches(h.slots, str(slot))), None)
        if str(slot) == self._devices.told.slot:
            yield from self._notified(asked, device, node)
        elif handed is not None:
            yield from self._handed(asked, handed, str(slot), slot.tag, device, node)
        elif depth < CALLERS:
            for caller, call in islice(self.roles.calls_through(asked.function, slot), CALLS):
                yield from self.of(self._seen_from(asked, caller, call), depth + 1)

    def _notified(self, asked: Asked, device: ir.Expr, node: ir.Expr | None) -> Iterator[Found]:
        """The asking function is told what becomes of a device: whether it has a driver by then."""
        told, function = self._devices.told, asked.function
        given = function.parameters[told.event : told.event + 1]
        if spelled(device) not in function.parameters[told.argument : told.argument + 1]:
            return
        flow = flow_of(self.program, function)
        events = {name for path in given for name in values_at(flow, asked.at, path)}
        why = f"{function.name}() is told {', '.join(sorted(events))}"
        if events and events <= set(told.without):
            yield self._answer(Origin.MADE, device, node, asked, why)
        elif events and events <= {*told.without, *told.bound}:
            yield self._answer(Origin.BOUND, device, node, asked, why)

    def _handed(
        self,
        asked: Asked,
        handed: Handed,
        by: str,
        driver: str,
        device: ir.Expr,
        node: ir.Expr | None,
    ) -> Iterator[Found]:
        """The asking function is a callback for devices with a driver."""
        position = asked.function.parameters.index(root_of(device))
        if isinstance(device, ir.Name) and position in handed.arguments:
            why = f"{by} runs with a driver bound"
            found = self._answer(Origin.BOUND, device, node, asked, why)
            yield replace(found, driver=driver)
        elif isinstance(device, ir.Member) and device.field == self._devices.object.member:
            why = f"`{spelled(device)}` is the device of what {by} is handed"
            yield self._answer(Origin.BOUND, device, node, asked, why, Confidence.MEDIUM)

    def _seen_from(self, asked: Asked, caller: Function, call: ir.Call) -> Asked:
        """`asked` in the terms of a caller."""
        given = asked.function.given(call)
        device = self._settled(asked, asked.device)
        node = self._settled(asked, asked.node) if asked.node is not None else None
        return Asked(
            caller,
            call.at,
            macros.substituted(device, given, call.at),
            macros.substituted(node, given, call.at) if node is not None else None,
            (Call(caller, asked.function, call.at), *asked.frames),
        )


def _same(first: ir.Expr, second: ir.Expr) -> bool:
    """They lead to one object: they are spelled alike, or are one call."""
    return first == second or spelled(first) == spelled(second) != ""


def worst(found: list[Found]) -> Found:
    """The origin that matters most of several callers': bound before found before unknown.

    Where there is no node nothing is asked of firmware: such a one matters least.
    """
    order = (Origin.BOUND, Origin.FOUND, Origin.UNKNOWN, Origin.MADE, Origin.BUS)
    nodes = (Node.OTHER, Node.UNKNOWN, Node.OWN, Node.NONE)

    def rank(one: Found) -> tuple[bool, int, int]:
        return one.node is Node.NONE, order.index(one.origin), nodes.index(one.node)

    return min(found, key=rank)
