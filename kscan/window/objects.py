# SPDX-License-Identifier: GPL-2.0-only
"""What an expression comes down to in its function, and the object that a device lies in."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.paths import spelled
from kscan.kernel.devices import Devices
from kscan.kernel.names import matches
from kscan.program.program import Function, Program

_STEPS = 12


@dataclass
class Objects:
    """The objects of one tree, as its functions spell them."""

    program: Program
    devices: Devices

    def settled(self, function: Function, at: int, node: ir.Expr, steps: int = 0) -> ir.Expr:
        """`node` with local variables and stored members replaced by what they were set to."""
        if steps > _STEPS:
            return node
        match node:
            case ir.Name() | ir.Member():
                known = assigned_in(self.program, function).before(spelled(node), at)
                if known is not None:
                    return self.settled(function, known.at, known.value, steps + 1)
                if isinstance(node, ir.Member):
                    inner = self.settled(function, at, node.object, steps + 1)
                    return ir.Member(inner, node.field, node.arrow, node.at)
            case ir.Unary(op="&" | "*" as op, operand=inner):
                return ir.Unary(op, self._held(function, at, inner, steps + 1), node.at)
            case ir.Cast(operand=inner):
                return self.settled(function, at, inner, steps + 1)
            case ir.Call(callee=callee, args=(first, *rest)) if self.leads(callee):
                first = self.settled(function, at, first, steps + 1)
                return ir.Call(callee, (first, *rest), node.at)
        return node

    def _held(self, function: Function, at: int, node: ir.Expr, steps: int) -> ir.Expr:
        """The lvalue `node`: what it lies in is settled, itself it is not read."""
        match node:
            case ir.Member(object=inner, field=name, arrow=arrow):
                held = self.settled if arrow else self._held
                return ir.Member(held(function, at, inner, steps + 1), name, arrow, node.at)
            case ir.Index(object=inner, index=index):
                return ir.Index(self.settled(function, at, inner, steps + 1), index, node.at)
        return node

    def leads(self, callee: ir.Expr) -> bool:
        """A call of `callee` leads from a device to what it is part of, or to its node."""
        known = (*self.devices.object.accessors, *self.devices.node.accessors)
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
            case ir.Call(callee=callee, args=(first, *_)) if self.leads(callee):
                return self.owner(first)
        return node
