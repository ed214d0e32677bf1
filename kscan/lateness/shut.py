# SPDX-License-Identifier: GPL-2.0-only
"""Callers whose constants keep what they call from registering: ``foo_start(foo, false)``."""

from __future__ import annotations

from collections.abc import Mapping

from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import conditions_of
from kscan.program.program import Function, Program
from kscan.window.feasible import changed_names

Below = tuple[tuple[Function, ir.Call], ...]
"""Who registers, its caller, and so on upwards: each with the call that leads down."""


def is_shut(program: Program, below: Below, call: ir.Call) -> bool:
    """What `call` hands to the last function `below` keeps it from coming to the registration."""
    known: dict[str, bool] = {}
    for function, further in reversed(below):
        told = {
            name: truth
            for name, argument in function.given(call).items()
            if (truth := _truth(argument, known)) is not None
        }
        if call.name not in ("", function.name) or not told:
            return False
        changed = changed_names(program, function)
        known = {name: truth for name, truth in told.items() if name not in changed}
        for one in conditions_of(flow_of(program, function), further.at) if known else ():
            if isinstance(one.test, ir.Name) and known.get(one.test.id, one.holds) != one.holds:
                return True
        call = further
    return False


def _truth(argument: ir.Expr, known: Mapping[str, bool]) -> bool | None:
    """`argument` is not zero; None where that is not known."""
    match argument:
        case ir.Const():
            return not argument.is_zero
        case ir.Name(id=name):
            return known.get(name)
    return None
