# SPDX-License-Identifier: GPL-2.0-only
"""Driver structs: whose probe is it that registers, and has not returned yet.

really_probe() lists a device among its driver's own in driver_bound(), after probe has
returned (drivers/base/dd.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.program.program import Function, Program
from kscan.window.registrations import Callers, Registration

LEVELS = 4
"""Callers above the registering function in which its probe is looked for."""


def probing_drivers(
    program: Program, callers: Callers, registration: Registration
) -> frozenset[str]:
    """Names of the objects that hold the function which registers, or a caller of it."""
    names: set[str] = set()
    for function in _upwards(callers, registration.function):
        for fact in program.unit(function.path).slots:
            if function.name in fact.values and fact.variable:
                names.add(fact.variable)
        for call in program.unit(function.path).toplevel:
            if function.name in call.arguments:
                names.update(call.arguments)
    return frozenset(names)


def _upwards(callers: Callers, function: Function) -> Iterator[Function]:
    """`function`, its callers, and theirs, as far as `LEVELS` goes."""
    level, seen = [function], {function}
    for _ in range(LEVELS):
        yield from level
        above = [caller for f in level for caller, _ in callers.of(f)]
        level = [f for f in dict.fromkeys(above) if f not in seen]
        seen.update(level)
    yield from level
