# SPDX-License-Identifier: GPL-2.0-only
"""What of one expression runs after a call in it: ``bar_register(foo) ?: bar_start(foo)``.

The control flow has one node for the whole of it.  Of the operands that the outcome of the
call chooses between, those count that it does not rule out.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kscan.facts import ir


def following(expr: ir.Expr, call: ir.Call, *, holds: bool | None) -> Iterator[ir.Expr]:
    """The parts of `expr` that run once its `call` has returned what is true, if it `holds`.

    What `call` is handed over to is one of them, ``bar_started(foo, bar_register(foo))``, with
    nothing in the place of `call`, which ran before.
    """
    if expr == call:
        return
    inner = next((part for part in ir.parts(expr) if _contains(part, call)), None)
    if inner is None:
        return
    yield from following(inner, call, holds=holds)
    outcome = _outcome(inner, call, holds)
    match expr:
        case ir.Binary(op="&&" | "||" as op, left=left, right=right) if inner == left:
            if outcome is not (op == "||"):
                yield right
        case ir.Choice(test=test, then=then, other=other) if inner == test:
            if then is not None and outcome is not False:
                yield then
            if outcome is not True:
                yield other
        case ir.Several(items=items):
            yield from items[items.index(inner) + 1 :]
        case ir.Call(args=args) if inner in args:
            rest = tuple(ir.Opaque("", arg.at) if arg == inner else arg for arg in args)
            yield msgspec.structs.replace(expr, args=rest)


def _contains(expr: ir.Expr, call: ir.Call) -> bool:
    return any(part == call for part in ir.walk(expr))


def _outcome(expr: ir.Expr, call: ir.Call, holds: bool | None) -> bool | None:
    """Whether `expr` is true, where `call` in it yields what is, if it `holds`."""
    if holds is None or expr == call:
        return holds
    match expr:
        case ir.Unary(op="!", operand=operand):
            inner = _outcome(operand, call, holds)
            return None if inner is None else not inner
        case ir.Assign(op="=", value=value) | ir.Cast(operand=value):
            return _outcome(value, call, holds)
        case ir.Binary(op="==" | "!=" as op, left=left, right=ir.Const(is_zero=True)):
            inner = _outcome(left, call, holds)
            return None if inner is None else inner is (op == "!=")
        case ir.Binary(op="<" | ">", left=left, right=ir.Const(is_zero=True)):
            return False if _outcome(left, call, holds) is False else None
        case ir.Call(callee=ir.Name(id="likely" | "unlikely" | "WARN_ON"), args=(value, *_)):
            return _outcome(value, call, holds)
    return None
