# SPDX-License-Identifier: GPL-2.0-only
"""Driver structs: whose probe is it that registers, and has not returned yet.

really_probe() lists a device among its driver's own in driver_bound(), after probe has
returned (drivers/base/dd.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.facts import ir
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of
from kscan.window.callers import Callers, holders_of
from kscan.window.registrations import Registration

_DEVICE = "device"

LEVELS = 4
"""Callers above the registering function in which its probe is looked for."""


def probing_drivers(
    program: Program, callers: Callers, registration: Registration
) -> frozenset[str]:
    """Names of the objects that hold the function which registers, or a caller of it."""
    functions = upwards(callers, registration.function)
    return frozenset(name for function in functions for name in _drivers_of(program, function))


def probe_around(
    program: Program, callers: Callers, registration: Registration, driver: str
) -> Function:
    """The probe of `driver` that leads to `registration`; where none is known, who registers."""
    functions = upwards(callers, registration.function)
    probes = (found for found in functions if driver in _drivers_of(program, found))
    return next(probes, registration.function)


def _drivers_of(program: Program, function: Function) -> Iterator[str]:
    """Names of the objects that hold `function`, or are named with it by a macro or call."""
    yield from holders_of(program, function)
    for call in program.unit(function.path).toplevel:
        if function.name in call.arguments:
            yield from call.arguments


def upwards(callers: Callers, function: Function, levels: int = LEVELS) -> Iterator[Function]:
    """`function`, its callers, and theirs, `levels` upwards."""
    level, seen = [function], {function}
    for _ in range(levels):
        yield from level
        above = [caller for f in level for caller, _ in callers.first_of(f)]
        level = [f for f in dict.fromkeys(above) if f not in seen]
        seen.update(level)
    yield from level


def bus_tag(program: Program, function: Function, at: int) -> str:
    """The bus's struct of the device whose driver data the call at offset `at` sets or reads.

    As ``platform_device``; empty where only a ``struct device`` is known.
    """
    for node in ir.walk_body(program.body(function)):
        if isinstance(node, ir.Call) and node.at == at and node.args:
            return _bus_tag(scope_of(program, function), node.args[0])
    return ""


def _bus_tag(scope: Scope, device: ir.Expr) -> str:
    match device:
        case ir.Unary(op="&", operand=inner):
            return _bus_tag(scope, inner)
        case ir.Member(object=inner, field="dev") if scope.tag_of(device) == _DEVICE:
            return _bus_tag(scope, inner) if scope.type_of(device).ptr == 0 else ""
    tag = scope.tag_of(device)
    return tag if tag != _DEVICE else ""
