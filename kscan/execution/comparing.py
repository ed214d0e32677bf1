# SPDX-License-Identifier: GPL-2.0-only
"""What a comparison yields, and which late zeros it tells from other values.

A pointer or number that was read too early is zero; where the other side is known well enough
the comparison has one outcome.  That outcome is wrong where zero stands for something else: a
version, a count.
"""

from __future__ import annotations

import re

from kscan.execution.values import ANY, KEPT, SET, ZERO, Taint, Value, What
from kscan.facts import ir
from kscan.program.types import Scope

OPERATORS = ("==", "!=", "<", ">=", ">", "<=")
_WIDE = re.compile(
    r"unsigned(?: int| long.*)?|_*u(?:int)?(?:32|64)(?:_t)?|size_t|u(?:int|long)"
    r"|(?:dma|phys)_addr_t"
)
"""Types beside which an ``int`` is unsigned, too."""
_NARROW = re.compile(r"unsigned (?:char|short).*|_*u(?:int)?(?:8|16)(?:_t)?|bool|u(?:char|short)")
"""Unsigned ones that are numbers like any other when they are compared."""
_SIGNED = ("int", "signed", "signed int", "short", "char", "s8", "s16", "s32")
_ALIKE = ({What.SET}, {What.ERROR}, {What.BOGUS})
"""Pairs of values of one range that need not be equal."""

Told = tuple[Value, tuple[Taint, ...]]
"""The outcome, and the late zeros that it rests on though zero may be the wrong value."""


def compared(
    scope: Scope, node: ir.Binary, left: Value, right: Value, never: frozenset[str]
) -> Told:
    """The comparison `node` of `left` and `right`, in a function with the names of `scope`.

    What the core offers is none of the enumerators `never`.
    """
    if node.op in ("==", "!=") and any(
        excludes(value, other, never) for value, other in ((left, node.right), (right, node.left))
    ):
        return (ZERO if node.op == "==" else SET), ()
    if node.op in ("==", "!="):
        same = _is_same(node, left, right)
        holds = _equal(node.op, left, right) if same is None else same is (node.op == "==")
    else:
        holds = _ordered(scope, node, left, right)
    if holds is None:
        return ANY, _zeros((left, right), (right, left))
    value = Value(What.SET if holds else What.ZERO, left.taint or right.taint)
    numbers = [pair for pair, other in _sides(node, left, right) if _is_number(other)]
    return value, _zeros(*numbers)


def excludes(value: Value, other: ir.Expr | None, never: frozenset[str]) -> bool:
    """`value` is offered by the core, which never offers `other`."""
    return value.origin == "offered" and isinstance(other, ir.Name) and other.id in never


def _is_same(node: ir.Binary, left: Value, right: Value) -> bool | None:
    """Whether both sides are one address, where that of one is known and the other is spelled."""
    found = _is_address(left, node.right)
    return _is_address(right, node.left) if found is None else found


def _is_address(value: Value, other: ir.Expr) -> bool | None:
    """Whether `value` is the address `other`, where its origin says what it points to."""
    match other:
        case ir.Unary(op="&", operand=operand) if value.what is What.SET:
            if value.origin == KEPT:
                return False
            if value.origin.startswith("&"):
                return isinstance(operand, ir.Name) and operand.id == value.origin[1:]
    return None


def _sides(
    node: ir.Binary, left: Value, right: Value
) -> tuple[tuple[tuple[Value, Value], ir.Expr], ...]:
    """Each value with the other one, and the expression of that."""
    return ((left, right), node.right), ((right, left), node.left)


def _zeros(*pairs: tuple[Value, Value]) -> tuple[Taint, ...]:
    """The late zeros that are compared with something else."""
    return tuple(
        value.taint
        for value, other in pairs
        if value.taint is not None and value.what is What.ZERO and other.what is not What.ZERO
    )


def _is_number(node: ir.Expr) -> bool:
    return isinstance(node, ir.Const) and node.text[:1].isdigit()


def _equal(op: str, left: Value, right: Value) -> bool | None:
    pair = {left.what, right.what}
    if What.ANY in pair or pair in _ALIKE:
        return None
    return (len(pair) == 1) == (op == "==")


def _ordered(scope: Scope, node: ir.Binary, left: Value, right: Value) -> bool | None:
    """``<`` and its kin: against zero, against a positive constant, and of unsigned zeros."""
    holds = _order_holds(node.op, left, right)
    return _unsigned_order(scope, node, left, right) if holds is None else holds


def _order_holds(op: str, left: Value, right: Value) -> bool | None:
    """Whether a comparison of two values holds, where their ranges tell."""
    order = {What.ERROR: -1, What.ZERO: 0, What.SET: 1}
    first, second = order.get(left.what), order.get(right.what)
    if first is None or second is None or first == second != 0:
        return None
    return {
        "<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second,
    }[op]  # fmt: skip


def _unsigned_order(scope: Scope, node: ir.Binary, left: Value, right: Value) -> bool | None:
    """``x >= late`` is always true, and ``x < late`` never, where they are compared unsigned."""
    if right.what is What.ZERO and right.taint is not None and node.op in (">=", "<"):
        return node.op == ">=" if _is_unsigned(scope, node.right, node.left) else None
    if left.what is What.ZERO and left.taint is not None and node.op in ("<=", ">"):
        return node.op == "<=" if _is_unsigned(scope, node.left, node.right) else None
    return None


def _is_unsigned(scope: Scope, late: ir.Expr, other: ir.Expr) -> bool:
    """`late` is, or becomes so beside `other`."""
    base, beside = scope.type_of(late).base, scope.type_of(other).base
    if _WIDE.fullmatch(base) or _NARROW.fullmatch(base):
        return True
    return base in _SIGNED and _WIDE.fullmatch(beside) is not None
