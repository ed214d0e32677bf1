# SPDX-License-Identifier: GPL-2.0-only
"""What constants keep a function from that calls hand to it: ``foo_power(foo, false)``."""

from __future__ import annotations

from collections.abc import Mapping

from kscan.facts import ir
from kscan.flow.assigned import changed_names
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import conditions_of
from kscan.flow.written import Write
from kscan.program.program import Function, Program

Known = Mapping[str, bool]
"""Parameters of which it is known whether they are zero: those that are not, True."""


def handed(program: Program, function: Function, call: ir.Call, known: Known) -> Known:
    """What `call`, in a function where `known` holds, tells `function` for good."""
    told = {
        name: truth
        for name, argument in function.given(call).items()
        if (truth := _truth(argument, known)) is not None
    }
    changed = changed_names(program, function) if told else frozenset()
    return {name: truth for name, truth in told.items() if name not in changed}


def excludes(program: Program, function: Function, known: Known, at: int) -> bool:
    """`function` does not come to offset `at` where `known` holds."""
    return bool(known) and any(
        isinstance(one.test, ir.Name) and known.get(one.test.id, one.holds) != one.holds
        for one in conditions_of(flow_of(program, function), at, known)
    )


def prevents(program: Program, function: Function, known: Known, write: Write) -> bool:
    """`write`, seen from `function`, is not made where `known` holds there."""
    for frame in write.frames:
        if not known:
            return False
        if excludes(program, function, known, frame.at):
            return True
        calls = program.body(function).calls_at(frame.at)
        call = next((one for one in calls if one.name == frame.callee.name), None)
        known = handed(program, frame.callee, call, known) if call is not None else {}
        function = frame.callee
    return excludes(program, function, known, write.at)


def _truth(argument: ir.Expr, known: Known) -> bool | None:
    """`argument` is not zero; None where that is not known."""
    match argument:
        case ir.Const():
            return not argument.is_zero
        case ir.Name(id=name):
            return known.get(name)
    return None
