# SPDX-License-Identifier: GPL-2.0-only
"""Functions that an execution enters: the driver's own, inline ones too.

Any other is entered only when it is handed a value that was read too early.
"""

from __future__ import annotations

from kscan.execution import power
from kscan.execution.frame import Frame
from kscan.execution.readiness import used
from kscan.execution.values import ANY, INVALID, Value
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow.depth import Call
from kscan.flow.places import field_named
from kscan.kernel.names import matches
from kscan.program import macros
from kscan.program.calls import callee_of
from kscan.program.hooks import hooked


def entered(frame: Frame, node: ir.Call, name: str) -> Value:
    """A call of `name`, which the catalogue gives no value."""
    asked = power.call(frame, node, name)
    if asked is not None:
        return asked
    used(frame, node, name)
    value = frame.meant(name, macros.expanded(frame.scope.program, frame.function.path, node))
    if value is not None:
        return value
    return handed_over(frame, node, name, arguments(frame, node, name))


def through_member(frame: Frame, node: ir.Call, args: list[Value]) -> Value:
    """A call through a member: entered where the driver has one function for it."""
    site = callee_of(frame.scope, node)
    if site is None or site.slot is None:
        return ANY
    belongs = frame.execution.world.belongs
    target = hooked(frame.scope.program, site.slot, frame.function.path, belongs)
    if target is None:
        return ANY
    frames = (*frame.frames, Call(frame.function, target, node.at))
    return frame.execution.enter(target, tuple(args), frames, frame.state) or ANY


def arguments(frame: Frame, node: ir.Call, name: str) -> list[Value]:
    """The values of the arguments; anything for those that are not evaluated."""
    idle = macros.unevaluated(frame.scope.program, frame.function.path, name)
    return [ANY if at in idle else frame.value(arg) for at, arg in enumerate(node.args)]


def handed_over(frame: Frame, node: ir.Call, name: str, args: list[Value]) -> Value:
    """Enters the driver's own functions, and others when they are handed a late value."""
    late = [a.taint for a in args if a.taint is not None and a.what in INVALID]
    functions = frame.execution.world.functions
    if name in functions.tolerant:
        return ANY
    _kept(frame, name, args)
    program, path, belongs = frame.scope.program, frame.function.path, frame.execution.world.belongs
    if not late and program.is_elsewhere(name, path, belongs):
        return ANY
    targets = program.resolve(name, path)
    if len(targets) == 1 and (late or targets[0].fact.inline or belongs(targets[0].path)):
        frames = (*frame.frames, Call(frame.function, targets[0], node.at))
        found = frame.execution.enter(targets[0], tuple(args), frames, frame.state)
        if found is not None:
            return found
    elif late:
        what = Happening.WRONG if _only_numbers(frame, node, args) else Happening.CRASH
        frame.note(what, late[0], node.at, f"hands it to {name}()", sure=False)
    return ANY


def _kept(frame: Frame, name: str, args: list[Value]) -> None:
    """What a function that stores a pointer in a field leaves there, whoever defines it."""
    for keeper in frame.execution.world.functions.keeper:
        if matches(keeper.setters, name) and keeper.value < len(args):
            frame.state.env[field_named(keeper.field).key] = args[keeper.value]


def _only_numbers(frame: Frame, node: ir.Call, args: list[Value]) -> bool:
    """No late value among the arguments is known to be a pointer."""
    return not any(
        value.taint is not None and frame.scope.type_of(arg).ptr > 0
        for arg, value in zip(node.args, args, strict=True)
    )
