# SPDX-License-Identifier: GPL-2.0-only
"""Driver data that is not the probed device's: that of the object a driver registers.

``watchdog_set_drvdata()`` stores in ``watchdog_device.driver_data`` (include/linux/watchdog.h),
``pwmchip_set_drvdata()`` in the device inside the ``pwm_chip`` (include/linux/pwm.h).
"""

from __future__ import annotations

from collections.abc import Iterable

from kscan.facts import ir
from kscan.flow.places import DRVDATA, Place, place_of
from kscan.kernel.functions import Functions
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


def stored(scope: Scope, functions: Functions, call: ir.Call, name: str) -> ir.Assign | None:
    """The assignment that a `call` of the setter `name` is; None where it is none."""
    found = (assigned.target for assigned in _body(scope, name).assignments)
    member = _own(scope, functions, call, found)
    return ir.Assign("=", member, call.args[1], call.at) if member is not None else None


def read(scope: Scope, functions: Functions, call: ir.Call, name: str) -> ir.Member | None:
    """The member that a `call` of the getter `name` reads; None where it is none."""
    returns = (one for one in _body(scope, name).statements if isinstance(one, ir.Return))
    return _own(scope, functions, call, (one.value for one in returns))


def _body(scope: Scope, name: str) -> ir.Body:
    """The body of the inline function `name`; an empty one where it is none."""
    program = scope.program
    inline = (f for f in program.resolve(name, scope.function.path)[:1] if f.fact.inline)
    return next(map(program.body, inline), ir.Body(()))


def _own(
    scope: Scope, functions: Functions, call: ir.Call, found: Iterable[ir.Expr | None]
) -> ir.Member | None:
    """The first member in `found`, of the object that `call` is given; none of a device."""
    for node in found:
        if isinstance(node, ir.Member) and isinstance(node.object, ir.Name):
            member = ir.Member(call.args[0], node.field, node.arrow, call.at)
            return member if place_of(scope, functions, member) != DRVDATA else None
    return None
