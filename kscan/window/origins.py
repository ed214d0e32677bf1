# SPDX-License-Identifier: GPL-2.0-only
"""Where a device comes from: handed to a driver's callback, made here, or found.

The origin is read from the code alone: the expression is followed through local variables,
through what a function stores, and from a parameter to the callers, direct ones and those
through an ops table of the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import islice

from kscan.facts import ir
from kscan.flow.paths import Assigned, assigned, root_of, spelled
from kscan.flow.world import Call
from kscan.kernel.catalogue import Catalogue, matches
from kscan.kernel.devices import Devices, Handed
from kscan.model import Confidence, weakest
from kscan.program import macros
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.program.tables import slot_of
from kscan.program.types import scope_of
from kscan.window.callers import Callers, calls_of

CALLERS = 3
"""Levels of callers that a parameter is followed through."""

CALLS = 12
"""Calls of one function that are followed."""

_STEPS = 12


class Origin(StrEnum):
    """What the code shows of a device."""

    BOUND = "bound"  # handed to a callback that runs for devices with a driver
    MADE = "made"  # allocated, initialised or registered by the code that asks
    BUS = "bus"  # handed to the bus slot that configures devices
    FOUND = "found"  # looked up: it may have a driver
    UNKNOWN = "unknown"


class Node(StrEnum):
    """Whose firmware node goes with a device."""

    OWN = "own"
    OTHER = "other"
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


@dataclass
class Origins:
    """Answers for one tree; `bus` is the slot whose functions configure devices rightly."""

    program: Program
    catalogue: Catalogue
    callers: Callers
    bus: str
    _assigned: dict[Function, Assigned] = field(default_factory=dict)
    _slots: dict[str, dict[str, tuple[Slot, ...]]] = field(default_factory=dict)

    @cached_property
    def _devices(self) -> Devices:
        return self.catalogue.devices

    def of(self, asked: Asked, depth: int = 0) -> Iterator[Found]:
        """Every origin that the callers give the device of `asked`."""
        device = self.owner(self._settled(asked, asked.device))
        node = self._settled(asked, asked.node) if asked.node is not None else None
        made = self._made(asked, device)
        if made:
            yield self._answer(Origin.MADE, device, node, asked, made)
        elif isinstance(device, ir.Call):
            yield self._looked_up(asked, device, node)
        else:
            yield from self._given(asked, device, node, depth)

    # Expressions

    def _settled(self, asked: Asked, node: ir.Expr, steps: int = 0) -> ir.Expr:
        """`node` with local variables and stored members replaced by what they were set to."""
        if steps > _STEPS:
            return node
        match node:
            case ir.Name() | ir.Member():
                known = self._values(asked.function).before(spelled(node), asked.at)
                if known is not None:
                    return self._settled(replace(asked, at=known[0]), known[1], steps + 1)
                if isinstance(node, ir.Member):
                    inner = self._settled(asked, node.object, steps + 1)
                    return ir.Member(inner, node.field, node.arrow, node.at)
            case ir.Unary(op="&" | "*" as op, operand=inner, at=at):
                return ir.Unary(op, self._held(asked, inner, steps + 1), at)
            case ir.Cast(operand=inner):
                return self._settled(asked, inner, steps + 1)
            case ir.Call(callee=callee, args=(first, *rest), at=at) if self._leads(callee):
                return ir.Call(callee, (self._settled(asked, first, steps + 1), *rest), at)
        return node

    def _held(self, asked: Asked, node: ir.Expr, steps: int) -> ir.Expr:
        """The lvalue `node`: what it lies in is settled, itself it is not read."""
        match node:
            case ir.Member(object=inner, field=name, arrow=arrow, at=at):
                held = self._settled if arrow else self._held
                return ir.Member(held(asked, inner, steps + 1), name, arrow, at)
            case ir.Index(object=inner, index=index, at=at):
                return ir.Index(self._settled(asked, inner, steps + 1), index, at)
        return node

    def _values(self, function: Function) -> Assigned:
        if function not in self._assigned:
            self._assigned[function] = assigned(self.program.body(function))
        return self._assigned[function]

    def _leads(self, callee: ir.Expr) -> bool:
        """A call of `callee` leads from a device to what it is part of, or to its node."""
        known = (*self._devices.object.accessors, *self._devices.node.accessors)
        return isinstance(callee, ir.Name) and matches(known, callee.id)

    def owner(self, node: ir.Expr) -> ir.Expr:
        """The object that holds the device which the pointer `node` leads to."""
        match node:
            case ir.Unary(op="&", operand=ir.Member(object=inner, arrow=True)):
                return self.owner(inner)
            case ir.Unary(op="&", operand=ir.Member(object=inner, at=at)):
                return self.owner(ir.Unary("&", inner, at))
            case ir.Cast(operand=inner):
                return self.owner(inner)
            case ir.Call(callee=callee, args=(first, *_)) if self._leads(callee):
                return self.owner(first)
        return node

    def _whose(self, device: ir.Expr, node: ir.Expr | None) -> Node:
        """Whether `node` is that of the object `device`."""
        if node is None or isinstance(node, ir.Const):
            return Node.OWN
        while isinstance(node, ir.Call) and self._leads(node.callee):
            node = node.args[0]
        if isinstance(device, ir.Call):
            by = [spelled(argument) for argument in device.args]
            return Node.OWN if spelled(node) in by else Node.UNKNOWN
        if isinstance(node, ir.Member) and node.field in self._devices.node.members:
            node = node.object if node.arrow else ir.Unary("&", node.object, node.at)
        same = spelled(self.owner(node)) == spelled(device) != ""
        return Node.OWN if same else Node.OTHER

    # Origins

    def _answer(
        self,
        origin: Origin,
        device: ir.Expr,
        node: ir.Expr | None,
        asked: Asked,
        why: str,
        sure: Confidence = Confidence.HIGH,
    ) -> Found:
        whose = self._whose(device, node)
        if whose is Node.OTHER and not self._is_elsewhere(node):
            sure = weakest(sure, Confidence.MEDIUM)
        return Found(origin, whose, asked, why, sure)

    def _is_elsewhere(self, node: ir.Expr | None) -> bool:
        """`node` is plainly another's: a member of another object, or what a look-up yields."""
        if isinstance(node, ir.Call):
            name = node.callee.id if isinstance(node.callee, ir.Name) else ""
            return matches(self.catalogue.functions.lookups.elsewhere, name)
        return isinstance(node, ir.Member) and node.field in self._devices.node.members

    def _made(self, asked: Asked, device: ir.Expr) -> str:
        """How the asking function makes the device; empty where it does not."""
        made, fresh = self._devices.made, self.catalogue.functions.fresh
        if isinstance(device, ir.Call) and isinstance(device.callee, ir.Name):
            name = device.callee.id
            if name in fresh or matches((*made.allocators, *made.registers), name):
                return f"{name}() makes it"
        names = (*made.initialisers, *made.adders)
        wanted = {spelled(device), spelled(self.owner(asked.device))} - {""}
        for node in ir.walk_body(self.program.body(asked.function)):
            match node:
                case ir.Call(callee=ir.Name(id=name), args=(first, *_)) if matches(names, name):
                    held = self._settled(replace(asked, at=node.at), first)
                    if {spelled(self.owner(first)), spelled(self.owner(held))} & wanted:
                        return f"{asked.function.name}() calls {name}() for it"
        return ""

    def _looked_up(self, asked: Asked, device: ir.Call, node: ir.Expr | None) -> Found:
        lookups = self.catalogue.functions.lookups
        name = device.callee.id if isinstance(device.callee, ir.Name) else ""
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
            for slot in self.filled(asked.function):
                answers += self._through(asked, slot, device, node, depth)
            for handed, by in self._handed_by(asked.function):
                answers += self._handed(asked, handed, f"what {by}() is given", device, node)
            if depth < CALLERS:
                for caller, call in islice(self.callers.of(asked.function), CALLS):
                    answers += self.of(self._seen_from(asked, caller, call), depth + 1)
        if not answers:
            why = f"{asked.function.name}() does not say where it comes from"
            answers = [self._answer(Origin.UNKNOWN, device, node, asked, why, Confidence.LOW)]
        yield from answers

    def _hangs_on_parameter(self, function: Function, device: ir.Expr) -> bool:
        return root_of(device) in (parameter.name for parameter in function.fact.params)

    def asks_callers(self, asked: Asked) -> bool:
        """Only callers, which may stand in any file, tell where the device comes from."""
        device = self.owner(self._settled(asked, asked.device))
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
        if handed is not None:
            yield from self._handed(asked, handed, str(slot), device, node)
        elif depth < CALLERS:
            for caller, call in islice(self._calls_through(asked.function, slot), CALLS):
                yield from self.of(self._seen_from(asked, caller, call), depth + 1)

    def _handed(
        self, asked: Asked, handed: Handed, by: str, device: ir.Expr, node: ir.Expr | None
    ) -> Iterator[Found]:
        """The asking function is a callback for devices with a driver."""
        params = [parameter.name for parameter in asked.function.fact.params]
        position = params.index(root_of(device))
        if isinstance(device, ir.Name) and position in handed.arguments:
            why = f"{by} runs with a driver bound"
            yield self._answer(Origin.BOUND, device, node, asked, why)
        elif isinstance(device, ir.Member) and device.field == self._devices.object.member:
            why = f"`{spelled(device)}` is the device of what {by} is handed"
            yield self._answer(Origin.BOUND, device, node, asked, why, Confidence.MEDIUM)

    def _seen_from(self, asked: Asked, caller: Function, call: ir.Call) -> Asked:
        """`asked` in the terms of a caller."""
        names = (parameter.name for parameter in asked.function.fact.params)
        given = dict(zip(names, call.args, strict=False))
        device = self._settled(asked, asked.device)
        node = self._settled(asked, asked.node) if asked.node is not None else None
        return Asked(
            caller,
            call.at,
            macros.substituted(device, given, call.at),
            macros.substituted(node, given, call.at) if node is not None else None,
            (Call(caller, asked.function, call.at), *asked.frames),
        )

    # Slots

    def filled(self, function: Function) -> tuple[Slot, ...]:
        """The slots that tables of its own file put `function` into."""
        path = function.path
        if path not in self._slots:
            slots: dict[str, list[Slot]] = {}
            for fact in self.program.unit(path).slots:
                for name in fact.values if fact.fields else ():
                    slots.setdefault(name, []).append(slot_of(self.program, path, fact))
            self._slots[path] = {name: tuple(found) for name, found in slots.items()}
        return self._slots[path].get(function.name, ())

    def _handed_by(self, function: Function) -> Iterator[tuple[Handed, str]]:
        """What makes `function` a callback by handing it over, in its own file."""
        reader, path = self.program.reader, function.path
        for handed in self._devices.handed:
            for entry in handed.by:
                name, _, place = entry.partition(":")
                if reader.names(path, name.encode()) and self._hands(name, int(place), function):
                    yield handed, name

    def _hands(self, name: str, place: int, function: Function) -> bool:
        """A call of `name`, at file scope or in a function, has `function` at `place`."""
        path = function.path
        at_file_scope = any(
            call.name == name and call.arguments[place : place + 1] == (function.name,)
            for call in self.program.unit(path).toplevel
        )
        return at_file_scope or any(
            spelled(argument) == function.name
            for caller in self.program.functions_in(path)
            for call in calls_of(self.program, caller, name)
            for argument in call.args[place : place + 1]
        )

    def _calls_through(self, target: Function, slot: Slot) -> Iterator[tuple[Function, ir.Call]]:
        """Calls through `slot` in the file of `target`."""
        for caller in self.program.functions_in(target.path):
            if not self.program.mentions(caller, slot.field):
                continue
            scope = scope_of(self.program, caller)
            for node in ir.walk_body(self.program.body(caller)):
                match node:
                    case ir.Call(callee=ir.Member(object=table, field=name)) if name == slot.field:
                        if scope.tag_of(table) in ("", slot.tag):
                            yield caller, node


def worst(found: list[Found]) -> Found:
    """The origin that matters most of several callers': bound before found before unknown."""
    order = (Origin.BOUND, Origin.FOUND, Origin.UNKNOWN, Origin.MADE, Origin.BUS)
    nodes = (Node.OTHER, Node.UNKNOWN, Node.OWN)
    return min(found, key=lambda f: (order.index(f.origin), nodes.index(f.node)))
