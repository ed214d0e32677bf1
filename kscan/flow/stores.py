# SPDX-License-Identifier: GPL-2.0-only
"""Stores and loads that are spelled as calls: publishing a pointer, atomics, bits, static keys."""

from __future__ import annotations

from kscan.facts import ir
from kscan.kernel.functions import Functions, Store


def assignments(functions: Functions, call: ir.Call, name: str) -> tuple[ir.Assign, ...]:
    """What a call of `name` stores, as assignments; none where it stores nothing known."""
    return tuple(
        ir.Assign("=", _target(entry, call), _value(entry, call), call.at)
        for entry in functions.stores_by(name)
        if max(entry.target, entry.value or 0) < len(call.args)
    )


def _target(entry: Store, call: ir.Call) -> ir.Expr:
    argument = call.args[entry.target]
    return pointee(argument) if entry.pointer else argument


def _value(entry: Store, call: ir.Call) -> ir.Expr:
    if entry.value is None:
        return ir.Const("1", call.at)
    argument = call.args[entry.value]
    return pointee(argument) if entry.copies else argument


def pointee(pointer: ir.Expr) -> ir.Expr:
    """What `pointer` points to: ``x`` for ``&x``."""
    if isinstance(pointer, ir.Unary) and pointer.op == "&":
        return pointer.operand
    return ir.Unary("*", pointer, pointer.at)
