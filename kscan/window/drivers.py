# SPDX-License-Identifier: GPL-2.0-only
"""Driver structs: whose probe is it that registers, and has not returned yet.

really_probe() lists a device among its driver's own in driver_bound(), after probe has
returned (drivers/base/dd.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.ownmember import around
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.callers import LEVELS, Callers, holders_in
from kscan.window.registrations import Registration


def probing_drivers(callers: Callers, registration: Registration) -> frozenset[str]:
    """Names of the objects that hold the function which registers, or a caller of it."""
    return frozenset(driver for _, driver in _driven(callers, registration.function))


def probe_around(callers: Callers, registration: Registration, driver: str) -> Function:
    """The probe of `driver` that leads to `registration`; where none is known, who registers."""
    probes = (f for f, held in _driven(callers, registration.function) if held == driver)
    return next(probes, registration.function)


def _driven(callers: Callers, registering: Function) -> Iterator[tuple[Function, str]]:
    """`registering` and what calls it, each with the objects that hold it.

    Those of other files are known where its callers were looked for, too.
    """
    below_last = frozenset(callers.above(registering, LEVELS - 1))
    for function in callers.above(registering):
        paths = callers.holding(function) if function in below_last else (function.path,)
        for driver in _drivers_of(callers.program, function, paths):
            yield function, driver


def _drivers_of(program: Program, function: Function, paths: tuple[str, ...]) -> Iterator[str]:
    """Names of the objects that hold `function`, or are named with it by a macro or call."""
    for path in paths:
        yield from holders_in(program, path, function)
    for call in program.unit(function.path).toplevel:
        if function.name in call.arguments:
            yield from call.arguments


def bus_tag(program: Program, function: Function, at: int) -> str:
    """The bus's struct of the device whose driver data the call at offset `at` sets or reads.

    As ``platform_device``; empty where only a ``struct device`` is known.
    """
    given = (call.args[0] for call in program.body(function).calls_at(at) if call.args)
    return next((around(scope_of(program, function), device) for device in given), "")
