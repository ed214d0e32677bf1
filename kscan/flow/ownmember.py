# SPDX-License-Identifier: GPL-2.0-only
"""Driver data that is not the probed device's: that of the object a driver registers.

``watchdog_set_drvdata()`` stores in ``watchdog_device.driver_data`` (include/linux/watchdog.h),
``pwmchip_set_drvdata()`` in the device inside the ``pwm_chip`` (include/linux/pwm.h).
"""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.values import DRVDATA, Place
from kscan.program.program import Program
from kscan.program.types import Scope

_DEVICE = "device"


def place(scope: Scope, device: ir.Expr, registered: str) -> Place:
    """What holds the driver data of `device`, which may be inside an object that is `registered`.

    That is a struct's tag.
    """
    if registered and around(scope, device) == registered:
        return Place("field", registered, "dev.driver_data")
    return DRVDATA


def around(scope: Scope, device: ir.Expr) -> str:
    """The struct around `device`, as ``platform_device``; empty where none is known."""
    match device:
        case ir.Unary(op="&", operand=inner):
            return around(scope, inner)
        case ir.Member(object=inner, field="dev") if scope.tag_of(device) == _DEVICE:
            return around(scope, inner) if scope.type_of(device).ptr == 0 else ""
    tag = scope.tag_of(device)
    return tag if tag != _DEVICE else ""


def stored(program: Program, path: str, call: ir.Call, name: str) -> ir.Assign | None:
    """The assignment that a `call` of the setter `name` in `path` is; None where it is none."""
    for assigned in _body(program, path, name).assignments:
        match assigned.target:
            case ir.Member(object=ir.Name()) as member if len(call.args) > 1:
                return ir.Assign("=", _of(call, member), call.args[1], call.at)
    return None


def read(program: Program, path: str, call: ir.Call, name: str) -> ir.Member | None:
    """The member that a `call` of the getter `name` in `path` reads; None where it is none."""
    for statement in _body(program, path, name).statements:
        match statement:
            case ir.Return(value=ir.Member(object=ir.Name()) as member):
                return _of(call, member)
    return None


def _body(program: Program, path: str, name: str) -> ir.Body:
    """The body of the inline function `name`, as `path` sees it; an empty one where it is none."""
    inline = (f for f in program.resolve(name, path)[:1] if f.fact.inline)
    return next(map(program.body, inline), ir.Body(()))


def _of(call: ir.Call, member: ir.Member) -> ir.Member:
    """`member` of the object that `call` is given."""
    return ir.Member(call.args[0], member.field, member.arrow, call.at)
