# SPDX-License-Identifier: GPL-2.0-only
"""What a run of statements reads, writes and calls: whether it may trade places with another.

Code outside the driver is known by name only: the catalogue says which of it does not care.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.flow.places import DRVDATA, Place, place_of
from kscan.flow.writes import Writes
from kscan.kernel.fixes import mending
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.program import macros
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of

_DEPTH = 5


@dataclass
class Effects:
    """The effects of some statements of one function, callees of the driver included."""

    reads: set[str] = field(default_factory=set)
    """Local variables."""
    writes: set[str] = field(default_factory=set)
    """Local variables."""
    touched: set[Place] = field(default_factory=set)
    """Places that outlive the function, read or written."""
    written: set[Place] = field(default_factory=set)
    calls: dict[str, None] = field(default_factory=dict)
    """Functions outside the driver that are called, in order, those that move freely left out."""
    hardware: bool = False
    """Registers are read or written."""

    def add(self, other: Effects) -> None:
        """Takes in what `other` does."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.touched |= other.touched
        self.written |= other.written
        self.calls.update(other.calls)
        self.hardware = self.hardware or other.hardware


@dataclass
class Observer:
    """Tells the effects of code of one driver."""

    program: Program
    functions: Functions
    writes: Writes
    _known: dict[tuple[Function, int, int], Effects] = field(default_factory=dict)

    def of(self, function: Function, start: int, end: int) -> Effects:
        """What the statements of `function` from offset `start` up to `end` do."""
        key = (function, start, end)
        if key not in self._known:
            self._known[key] = self._observed(function, start, end)
        return self._known[key]

    def _observed(self, function: Function, start: int, end: int) -> Effects:
        found = Effects()
        body = self.program.body(function)
        for declaration in ir.declarations(body.statements):
            if start <= declaration.at < end:
                found.writes.add(declaration.name)
        inside = [node for node in body.nodes if start <= node.at < end]
        targets = [n.target for n in inside if isinstance(n, ir.Assign) and n.op == "="]
        set_anew = {id(target) for target in targets if isinstance(target, ir.Name)}
        for node in inside:
            if id(node) not in set_anew:
                self._observe(function, node, found)
        for loop in ir.statements(body.statements):
            if isinstance(loop, ir.ForEach) and start <= loop.at < end:
                found.writes |= {a.id for a in loop.args if isinstance(a, ir.Name)}
        return found

    def _observe(self, function: Function, node: ir.Expr, found: Effects) -> None:
        scope = scope_of(self.program, function)
        match node:
            case ir.Name(id=name) if scope.is_automatic(name):
                found.reads.add(name)
            case ir.Name() | ir.Member():
                self._touch(function, node, found)
            case ir.Assign(target=ir.Name(id=name)) if scope.is_local(name):
                found.writes.add(name)
            case ir.Unary(op="++" | "--", operand=ir.Name(id=name)):
                found.writes.add(name)
            case ir.Call():
                self._call(function, node, found, 0)
        if isinstance(node, ir.Assign | ir.Call):
            found.written |= {
                write.place
                for write in self.writes.within(function, node)
                if not (write.partial and self.is_object(write.place, write.function))
            }

    def is_object(self, place: Place, function: Function) -> bool:
        """`place` is a struct in another one: handing out its address does not move it."""
        if place.kind == "global":
            known = self.program.variable(place.name, function.path)
            kind = known.type if known is not None else None
        else:
            kind = self.program.field_type(place.owner, place.name, function.path)
        return (
            kind is not None and not kind.ptr and bool(scope_of(self.program, function).tag(kind))
        )

    def _touch(self, function: Function, node: ir.Expr, found: Effects) -> None:
        place = place_of(scope_of(self.program, function), self.functions, node)
        if place is not None:
            found.touched.add(place)

    def _call(self, function: Function, call: ir.Call, found: Effects, depth: int) -> None:
        scope = scope_of(self.program, function)
        found.writes |= {name for a in call.args if (name := _filled(scope, a))}
        name = call.name
        if not name:
            found.calls.setdefault("an indirect call")
        elif matches(self.functions.drvdata.getters, name):
            found.touched.add(DRVDATA)
        elif self._is_steady(name):
            return
        elif matches(mending().hardware.names, name):
            found.hardware = True
        else:
            self._into(function, call, name, found, depth)

    def _into(
        self, function: Function, call: ir.Call, name: str, found: Effects, depth: int
    ) -> None:
        """A call of the driver's own code, of a macro, or of something unknown."""
        expanded = macros.expanded(self.program, function.path, call)
        if expanded is not None and depth < _DEPTH:
            for node in ir.walk(expanded):
                if isinstance(node, ir.Call):
                    self._call(function, node, found, depth + 1)
                elif isinstance(node, ir.Member):
                    self._touch(function, node, found)
            return
        own = self.program.resolve_within(name, function.path, self.writes.belongs)
        if not own or depth >= _DEPTH:
            found.calls.setdefault(f"{name}()")
            return
        for node in self.program.body(own[0]).nodes:
            match node:
                case ir.Call():
                    self._call(own[0], node, found, depth + 1)
                case ir.Name() | ir.Member():
                    self._touch(own[0], node, found)

    def _is_steady(self, name: str) -> bool:
        known = self.functions
        return (
            name in known.fresh
            or name in known.logging
            or name in known.transparent
            or matches(known.drvdata.setters, name)
            or matches(known.joins.names, name)
            or any(matches(entry.makers, name) for entry in known.initialiser)
            or matches(mending().steady.names, name)
        )


def _filled(scope: Scope, argument: ir.Expr) -> str:
    """The local that a function may fill which is handed `argument`; empty where it is none."""
    node = argument
    if isinstance(argument, ir.Unary) and argument.op == "&":
        node = argument.operand
        while isinstance(node, ir.Index) or (isinstance(node, ir.Member) and not node.arrow):
            node = node.object
    elif not scope.type_of(argument).array:
        return ""
    return node.id if isinstance(node, ir.Name) and scope.is_automatic(node.id) else ""
