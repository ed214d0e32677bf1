# SPDX-License-Identifier: GPL-2.0-only
"""A member read twice in one function, where what the first read gave is used after the second.

Another thread may write the member in between. A local that is compared with the member
again is taken for checked; what only goes into a message does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from kscan.facts import ir
from kscan.flow.aliases import Aliases
from kscan.flow.cfg import Kind, Node, flow_of
from kscan.flow.depth import Call
from kscan.flow.places import Place
from kscan.kernel.functions import Functions
from kscan.program.program import Function, Program
from kscan.program.types import scope_of

_TELLING = 2
"""Reads of one helper that are told: of two, one is no other read's own."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read of the member."""

    function: Function
    at: int
    frames: tuple[Call, ...] = ()
    """Calls that lead there from the function under analysis."""


@dataclass(frozen=True, slots=True)
class Reread:
    """Two reads, and the local that is of the first one when it is used after the second."""

    first: Read
    second: Read
    local: str
    used: int
    """Offset of the use in the function under analysis."""


@dataclass(frozen=True, slots=True)
class _Stale:
    """What is known of a local: the read it comes from, and a later one on the way."""

    local: str
    first: Read
    second: Read | None = None


_Facts = frozenset[_Stale]


@dataclass
class Rereads:
    """Finds members of a function's parameters that are read twice."""

    program: Program
    functions: Functions
    place: Place
    """The member, as `Place("field", tag, name)`."""
    _reading: dict[tuple[Function, int], tuple[Read, ...]] = field(default_factory=dict)

    def of(self, function: Function) -> tuple[Reread, ...]:
        """The double reads of `function`, each second read once, in source order."""
        found: dict[Read, Reread] = {}
        for name in self._objects(function):
            walk = _Walk(self, function, self._aliases(function, name))
            for reread in walk.rereads():
                found.setdefault(reread.second, reread)
        return tuple(sorted(found.values(), key=lambda r: r.used))

    def _objects(self, function: Function) -> list[str]:
        """The parameters that point at an object with the member."""
        owner = self.place.owner
        return [p.name for p in function.fact.params if p.type.ptr and p.type.tag == owner]

    def _aliases(self, function: Function, name: str) -> Aliases:
        """The locals that lead to the object which the parameter `name` points at."""
        scope = scope_of(self.program, function)
        aliases = Aliases(scope, self.functions, frozenset({name}))
        for declaration in ir.declarations(self.program.body(function).statements):
            if declaration.value is not None and aliases.hold(declaration.value):
                names = aliases.names | {declaration.name}
                aliases = Aliases(scope, self.functions, names)
        return aliases

    def reads(self, aliases: Aliases, node: ir.Expr) -> Iterator[Read]:
        """The reads of the member that evaluating `node` makes, messages left out."""
        match node:
            case ir.Call(callee=ir.Name(id=name)) if name in self.functions.logging:
                return
            case ir.Call(callee=ir.Name(id=name)):
                yield from self._called(aliases, node, name)
            case ir.Assign(target=target, value=value) if self._is_member(aliases, target):
                yield from self.reads(aliases, value)
                return
        if self._is_member(aliases, node):
            yield Read(aliases.scope.function, node.at)
        for part in ir.parts(node):
            yield from self.reads(aliases, part)

    def _is_member(self, aliases: Aliases, node: ir.Expr) -> bool:
        if not isinstance(node, ir.Member) or node.field != self.place.name:
            return False
        if aliases.scope.tag_of(node.object) != self.place.owner:
            return False
        return aliases.hold(node.object if node.arrow else ir.Unary("&", node.object, node.at))

    def _called(self, aliases: Aliases, call: ir.Call, name: str) -> Iterator[Read]:
        """Reads in a helper of the same file that is handed the object."""
        caller = aliases.scope.function
        for target in self.program.resolve(name, caller.path)[:1]:
            if target.path != caller.path or target == caller:
                continue
            for position, argument in enumerate(call.args):
                if aliases.hold(argument):
                    frame = Call(caller, target, call.at)
                    for read in self._in(target, position):
                        yield Read(read.function, read.at, (frame, *read.frames))

    def _in(self, function: Function, position: int) -> tuple[Read, ...]:
        """What `function` reads of the object at argument `position`."""
        key = (function, position)
        if key not in self._reading:
            self._reading[key] = ()
            for name in function.parameters[position : position + 1]:
                aliases = self._aliases(function, name)
                body = self.program.body(function).statements
                found = (
                    read
                    for statement in body
                    for expr in ir.expressions(statement)
                    for read in self.reads(aliases, expr)
                )
                self._reading[key] = tuple(islice(dict.fromkeys(found), _TELLING))
        return self._reading[key]


@dataclass
class _Walk:
    """One function, followed along its control flow."""

    rereading: Rereads
    function: Function
    aliases: Aliases
    found: dict[Reread, None] = field(default_factory=dict)

    def rereads(self) -> tuple[Reread, ...]:
        """Every use after a second read."""
        cfg = flow_of(self.rereading.program, self.function)
        before: dict[int, _Facts] = {0: frozenset()}
        waiting = [0]
        while waiting:
            index = waiting.pop(0)
            after = self._step(cfg.nodes[index], before[index])
            for target in cfg.nodes[index].then:
                met = before.get(target, frozenset()) | after
                if target not in before or met != before[target]:
                    before[target] = met
                    waiting.append(target)
        return tuple(self.found)

    def _step(self, node: Node, facts: _Facts) -> _Facts:
        """What is known after `node`."""
        reads = [r for e in node.expressions() for r in self.rereading.reads(self.aliases, e)]
        checked = {name for e in node.expressions() for name in self._compared(e)}
        facts = frozenset(fact for fact in facts if fact.local not in checked)
        if reads:
            facts = frozenset(
                _Stale(fact.local, fact.first, fact.second or self._later(fact, reads))
                for fact in facts
            )
        used = {name for e in node.expressions() for name in self._used(e)}
        for fact in facts:
            if fact.second is not None and fact.local in used:
                self.found.setdefault(Reread(fact.first, fact.second, fact.local, node.at))
        return self._defined(node, facts, reads)

    def _later(self, fact: _Stale, reads: list[Read]) -> Read | None:
        return next((read for read in reads if read != fact.first), None)

    def _compared(self, node: ir.Expr) -> Iterator[str]:
        """Locals that are compared with the member itself."""
        for part in ir.walk(node):
            if isinstance(part, ir.Binary) and part.op in ("==", "!="):
                for one, other in ((part.left, part.right), (part.right, part.left)):
                    if isinstance(one, ir.Name) and any(self.rereading.reads(self.aliases, other)):
                        yield one.id

    def _used(self, node: ir.Expr) -> Iterator[str]:
        """Locals whose value counts: not those assigned to, nor those that are only printed."""
        match node:
            case ir.Name(id=name):
                yield name
            case ir.Call(callee=ir.Name(id=name)) if name in self.rereading.functions.logging:
                return
            case ir.Assign(op="=", target=ir.Name(), value=value):
                yield from self._used(value)
            case _:
                for part in ir.parts(node):
                    yield from self._used(part)

    def _defined(self, node: Node, facts: _Facts, reads: list[Read]) -> _Facts:
        """The facts after a local was set: from a read, or from other locals."""
        match node.statement, node.expr:
            case ir.Declare(name=name, value=value), _ if node.kind is Kind.DECLARE:
                pass
            case _, ir.Assign(op="=", target=ir.Name(id=name), value=value):
                pass
            case _:
                return facts
        kept = frozenset(fact for fact in facts if fact.local != name)
        if value is None:
            return kept
        used = set(self._used(value))
        passed = {_Stale(name, f.first, f.second) for f in facts if f.local in used}
        own = {_Stale(name, read) for read in reads[:1]}
        return kept | (own or passed)
