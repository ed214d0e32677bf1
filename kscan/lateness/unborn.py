# SPDX-License-Identifier: GPL-2.0-only
"""Late writes to objects that are allocated late, too: until then nobody can meet them.

Who comes to such an object before meets the pointer to it, which is late itself. Where a
callback may come in between, it is there and not complete: in a window that stays open, or where
what registers, or what sets it, is only told to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.places import place_of
from kscan.flow.written import Write
from kscan.kernel.functions import Functions
from kscan.lateness.order import Order
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.registrations import Registration

_HOPS = 3
"""Locals that lead from one to the next."""


@dataclass(frozen=True)
class Unborn:
    """The late writes around one `registration` to what does not exist before, of its `order`."""

    program: Program
    functions: Functions
    registration: Registration
    order: Order

    def has(self, write: Write) -> bool:
        """A member that leads to the object of `write` holds a new one, from late on only."""
        if write.base is None or write.place.kind == "membership":
            return False
        if self.registration.contract.window == "open":
            return False
        first = write.frames[0].caller if write.frames else write.function
        return any(self._is_new(first, member) for member in self._leading(first, write.base, 0))

    def _leading(self, function: Function, base: ir.Expr, hops: int) -> Iterator[ir.Member]:
        """The members on the way to `base`, and to the local that it starts from."""
        match base:
            case ir.Member(object=inner):
                yield base
                yield from self._leading(function, inner, hops)
            case ir.Index(object=inner) | ir.Cast(operand=inner) | ir.Unary(operand=inner):
                yield from self._leading(function, inner, hops)
            case ir.Name(id=name) if hops < _HOPS:
                values = assigned_in(self.program, function).values(name)
                if len(values) == 1:
                    yield from self._leading(function, values[0], hops + 1)

    def _is_new(self, function: Function, member: ir.Member) -> bool:
        place = place_of(scope_of(self.program, function), self.functions, member)
        late = self.order.late.get(place) if place is not None else None
        if place is None or not late or place in self.order.must or place in self.order.may:
            return False
        if self.order.behind[place].may_be_early:
            return False
        fresh = self.functions.fresh
        return all(isinstance(w.value, ir.Call) and w.value.name in fresh for w in late)
