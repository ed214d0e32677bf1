# SPDX-License-Identifier: GPL-2.0-only
"""Power of the probing device: runtime PM, clocks, regulators, resets.

pm_runtime_init() leaves a device disabled and suspended; until pm_runtime_enable() rpm_resume()
refuses it with -EACCES and pm_runtime_get_conditional() with -EINVAL
(drivers/base/power/runtime.c). Registers of a device that is suspended, or whose supply is not
switched on, may not answer: the access hangs, faults or is lost.
"""

from __future__ import annotations

from kscan.execution.frame import Frame
from kscan.execution.values import ANY, ERROR, SET, ZERO, Value
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow.places import REGISTERS, RUNTIME_PM
from kscan.flow.supplies import is_supply, switch


def call(frame: Frame, node: ir.Call, name: str) -> Value | None:
    """The value of a call that has to do with power; None for any other."""
    functions = frame.execution.world.functions
    known = functions.runtime_pm
    if name in known.enabled:
        return _asked(frame, node, ZERO)
    if name in known.active:
        return _asked(frame, node, ERROR)
    if name in known.resumes:
        value = _asked(frame, node, ERROR)
        frame.state.env[RUNTIME_PM.key] = value
        return value
    switched = switch(frame.scope, functions, node, name)
    if switched is not None:
        frame.state.env[switched.place.key] = SET if switched.on else ANY
    elif name in functions.registers:
        _reaches_registers(frame, node, name)
    return None


def _asked(frame: Frame, node: ir.Call, otherwise: Value) -> Value:
    """What is told of the device at the first argument: `otherwise` while that is disabled."""
    values = [frame.value(argument) for argument in node.args]
    if not values or not values[0].is_of_instance:
        return ANY
    frame.execution.touched.add(RUNTIME_PM)
    if RUNTIME_PM not in frame.execution.world.late:
        return ANY
    return Value(otherwise.what, frame.taint(RUNTIME_PM, node.at))


def _reaches_registers(frame: Frame, node: ir.Call, name: str) -> None:
    """A register is read or written: of a device that is suspended, or without its supplies."""
    frame.execution.touched.add(REGISTERS)
    suspended = frame.state.env.get(RUNTIME_PM.key, ANY)
    if suspended.taint is not None:
        note = f"calls {name}() on the suspended device"
        frame.note(Happening.UNREADY, suspended.taint, node.at, note, sure=False)
    functions = frame.execution.world.functions
    for supply in frame.execution.world.late:
        if is_supply(supply, functions) and frame.state.env.get(supply.key) != SET:
            taint, note = frame.taint(supply, node.at), f"calls {name}() without it"
            frame.note(Happening.UNREADY, taint, node.at, note, sure=False)
