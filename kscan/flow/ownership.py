# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of an allocation or a reference on every way through a function.

An object is left behind, released, stored where it outlives the call, returned, or handed
out through a pointer argument. Functions called are followed where they belong to the code
at hand; what they return or hand out is acquired by their caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from kscan.facts import ir
from kscan.flow.cfg import Node, flow_of
from kscan.flow.depth import DEPTH, TOO_DEEP, Call
from kscan.flow.fates import MEMORY, REFERENCE, RESOURCE, Acquired, Fate, Owned
from kscan.flow.onward import Callees, Onward
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.program.program import Function, Program
from kscan.program.types import scope_of

MOST_OWNED = 100
"""Objects of one function that are followed; in an audit of 6.12 none has more than 3."""

_TOO_MANY = f"of the objects that it acquires only the first {MOST_OWNED} are followed"


@dataclass
class Lifetimes:
    """Follows objects through functions; remembers what it found."""

    program: Program
    functions: Functions
    belongs: Callable[[str], bool]
    """Whether functions of a file are followed."""
    _owned: dict[Function, tuple[int, tuple[Owned, ...]]] = field(default_factory=dict)
    """With the depth each was found at: the lower it is, the more calls were entered."""

    @cached_property
    def callees(self) -> Callees:
        """The functions that an object is followed into."""
        return Callees(self.program, self.functions, self.belongs)

    def of(self, function: Function, depth: int = 0) -> tuple[Owned, ...]:
        """Every object that `function` acquires, itself or through what it calls."""
        known, found = self._owned.get(function, (depth + 1, ()))
        if known > depth:
            self._owned[function] = depth, ()
            found = tuple(islice(self._found(function, depth), MOST_OWNED + 1))
            if len(found) > MOST_OWNED:
                self.program.cut(function, _TOO_MANY)
                found = found[:MOST_OWNED]
            self._owned[function] = depth, found
        return found

    def _found(self, function: Function, depth: int) -> Iterator[Owned]:
        for node in flow_of(self.program, function).nodes:
            for expr in node.expressions():
                for call in ir.walk(expr):
                    if isinstance(call, ir.Call) and call.name:
                        yield from self._acquired(function, node, call, depth)

    def _acquired(
        self, function: Function, node: Node, call: ir.Call, depth: int
    ) -> Iterator[Owned]:
        name = call.name
        kind = self._kind(name)
        if name in self.functions.hands_out:
            acquired = Acquired(MEMORY, name, function, call.at)
            yield from self._output(
                function, node, call, acquired, self.functions.hands_out.position(name)
            )
        elif kind:
            acquired = Acquired(kind, name, function, call.at)
            ends = Onward(self.callees, function, kind).ends(node.index, frozenset(), call.at)
            yield Owned(acquired, function, call.at, ends)
        elif name in self.functions.releases:
            return
        elif self._may_yield(function, call):
            for target in self.callees.targets(name, function):
                if depth == DEPTH:
                    self.program.cut(function, TOO_DEEP)
                    continue
                for owned in self.of(target, depth + 1):
                    yield from self._yielded(function, node, call, target, owned)

    def _kind(self, name: str) -> str:
        if name in self.functions.fresh:
            return "" if name in self.functions.resizes else MEMORY
        if matches(self.functions.lookups.takes_reference, name):
            return REFERENCE
        return RESOURCE if matches(self.functions.resources.takes, name) else ""

    def _may_yield(self, function: Function, call: ir.Call) -> bool:
        """The call gives a pointer back, or may through the address of one."""
        scope = scope_of(self.program, function)
        kinds = (scope.type_of(argument) for argument in call.args)
        return scope.type_of(call).ptr > 0 or any(kind.ptr > 1 for kind in kinds)

    def _yielded(
        self, function: Function, node: Node, call: ir.Call, target: Function, owned: Owned
    ) -> Iterator[Owned]:
        """An object that `target` acquires and gives to its caller."""
        frame = Call(function, target, call.at)
        acquired = replace(owned.acquired, frames=(frame, *owned.acquired.frames))
        way = Onward(self.callees, function, acquired.kind)
        if owned.fates(Fate.RETURNED):
            ends = way.ends(node.index, frozenset(), call.at)
            yield Owned(acquired, function, call.at, ends)
        for end in owned.fates(Fate.OUTPUT):
            yield from self._output(function, node, call, acquired, end.argument)

    def _output(
        self, function: Function, node: Node, call: ir.Call, acquired: Acquired, position_: int
    ) -> Iterator[Owned]:
        """An object that a call hands out through its argument at `position_`."""
        way = Onward(self.callees, function, acquired.kind)
        argument = call.args[position_] if position_ < len(call.args) else None
        match argument:
            case ir.Unary(op="&", operand=ir.Name(id=name)):
                after = flow_of(self.program, function).nodes[node.index].then
                ends = tuple(e for n in after for e in way.ends(n, frozenset({name})))
                yield Owned(acquired, function, call.at, tuple(dict.fromkeys(ends)))
            case ir.Name(id=name):
                yield Owned(acquired, function, call.at, way.handed_out(name, call.at))
