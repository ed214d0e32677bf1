# SPDX-License-Identifier: GPL-2.0-only
"""Aliases: expressions that point at one object, and tests that say that it is not there."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.kernel.functions import Functions
from kscan.program import macros
from kscan.program.types import Scope

_GIVES_UP = ("no_free_ptr", "return_ptr", "no_free_ptr_typed")
"""Takes a pointer out of a variable that a scope would clean up (include/linux/cleanup.h)."""


@dataclass(frozen=True)
class Aliases:
    """The locals of one function that hold one object at one point."""

    scope: Scope
    functions: Functions
    names: frozenset[str]
    call: int = -1
    """Offset of the call that yields the object, while its value is being used."""

    def hold(self, node: ir.Expr) -> bool:
        """The value of `node` points at the object, or into it."""
        match node:
            case ir.Name(id=name):
                return name in self.names
            case ir.Call():
                return node.at == self.call or self._passes(node)
            case ir.Cast(operand=inner) | ir.Assign(op="=", value=inner):
                return self.hold(inner)
            case ir.Unary(op="&", operand=inner):
                return self._addresses(inner)
            case ir.Member(arrow=False):
                return self._is_in_local(node)
            case ir.Choice(test=test, then=then, other=other):
                return self.hold(test if then is None else then) or self.hold(other)
            case ir.Several(items=items):
                return bool(items) and self.hold(items[-1])
        return False

    def absent(self, test: ir.Expr) -> bool | None:
        """The outcome of `test` with which the object is not there; None where it says nothing."""
        match test:
            case ir.Unary(op="!", operand=inner):
                inverse = self.absent(inner)
                return None if inverse is None else not inverse
            case ir.Binary(op="==" | "!=", left=left, right=ir.Const(is_zero=True)):
                return test.op == "==" if self.hold(left) else None
            case ir.Call(callee=ir.Name(id=name), args=(first, *_)) if test.at != self.call:
                if name.startswith("IS_ERR"):
                    return True if self.hold(first) else None
                if name in self.functions.transparent:
                    return self.absent(first)
        return False if self.hold(test) else None

    def _passes(self, node: ir.Call) -> bool:
        """A call whose result points at what its first argument does."""
        name = node.name if node.args else ""
        leads = (
            macros.container_tag(name, node.args)
            or name.startswith(("to_", "container_of"))
            or "_to_" in name
            or name in _GIVES_UP
            or name in self.functions.transparent
        )
        return bool(leads) and self.hold(node.args[0])

    def _addresses(self, inner: ir.Expr) -> bool:
        """``&inner`` points into the object."""
        match inner:
            case ir.Member(object=outer, arrow=arrow):
                return self.hold(outer) if arrow else self._addresses(outer)
            case ir.Index(object=outer):
                return self.hold(outer) or self._addresses(outer)
            case ir.Unary(op="*", operand=pointer):
                return self.hold(pointer)
        return False

    def _is_in_local(self, node: ir.Member) -> bool:
        """A member of a local struct that was given the object."""
        outer: ir.Expr = node
        while isinstance(outer, ir.Member) and not outer.arrow:
            outer = outer.object
        if not isinstance(outer, ir.Name) or outer.id not in self.names:
            return False
        return self.scope.type_of(outer).ptr == 0 and self.scope.type_of(node).ptr > 0
