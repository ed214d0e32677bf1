# SPDX-License-Identifier: GPL-2.0-only
"""What is NULL in a function, by what is known of its parameters where a way comes to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.kernel.functions import Functions
from kscan.program import macros
from kscan.program.program import Function, Program

_DEPTH = 8


@dataclass(frozen=True)
class Nulls:
    """Tells of expressions of one function whether they are NULL."""

    program: Program
    functions: Functions
    function: Function
    names: frozenset[str]
    """Parameters that are."""
    members: frozenset[tuple[str, str]]
    """Members that are, each with the parameter that leads to it."""

    def has(self, node: ir.Expr, depth: int = 0) -> bool:
        """`node` is NULL wherever it is evaluated."""
        if depth > _DEPTH:
            return False
        match node:
            case ir.Const():
                return node.is_zero
            case ir.Name(id=name):
                return name in self.names or self._is_copy(name, depth + 1)
            case ir.Member(object=ir.Name(id=name), field=field):
                return (name, field) in self.members
            case ir.Cast(operand=inner):
                return self.has(inner, depth + 1)
            case ir.Choice(test=test, other=other):
                return self.has(test, depth + 1) and self.has(other, depth + 1)
            case ir.Call(callee=ir.Name(id=name)):
                return self._is_passed(node, name, depth + 1)
        return False

    def _is_passed(self, call: ir.Call, name: str, depth: int) -> bool:
        """What `call` gives is NULL, since one of its arguments is."""
        given = [self.has(argument, depth) for argument in call.args]
        if name in self.functions.transparent:
            at = self.functions.transparent.position(name)
            return at < len(given) and given[at]
        body = macros.expanded(self.program, self.function.path, call) if any(given) else None
        return body is not None and self.has(body, depth)

    def _is_copy(self, name: str, depth: int) -> bool:
        """The local `name` has one value, which is read from what is NULL."""
        match list(self._values(name)):
            case [value] if not isinstance(value, ir.Const):
                return self.has(value, depth)
        return False

    def _values(self, name: str) -> Iterator[ir.Expr]:
        body = self.program.body(self.function)
        for declared in ir.declarations(body.statements):
            if declared.name == name and declared.value is not None:
                yield declared.value
        for node in body.nodes:
            match node:
                case ir.Assign(target=ir.Name(id=target), value=value) if target == name:
                    yield value if node.op == "=" else node
                case ir.Unary(op="&" | "++" | "--", operand=ir.Name(id=target)) if target == name:
                    yield node
