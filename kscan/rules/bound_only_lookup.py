# SPDX-License-Identifier: GPL-2.0-only
"""A callback looks its own instance up among bound devices while its probe is still running.

What it finds
    A ``driver_find_device*()`` or ``driver_for_each_device()`` call in an in-window callback,
    or in what it calls inside the driver, that searches the devices of the very driver whose
    probe is registering. Look-ups on a bus, in a list of the driver's own, or among another
    driver's devices do not count, nor do those that no in-window callback reaches.

Why it matters
    The driver core lists a device among its driver's own in driver_bound(), after probe has
    returned. Inside the registration the look-up finds nothing, however early the driver data
    was set: every device is refused and left without translation. Where the callback answers
    anything but -ENODEV the registration itself fails, and the probe with it.

How it can be wrong
    An earlier instance that has been bound for long may be the one looked for: the first
    finds nothing all the same. Code under a CONFIG_ option that nobody sets; where a second
    definition of the function stands beside it the confidence is medium.

How to fix it
    Look the instance up on its bus, ``bus_find_device_by_fwnode(&platform_bus_type, fwnode)``,
    and set the driver data before registering. To move the registration alone cures nothing.

References
    drivers/base/dd.c (driver_bound(), really_probe()), drivers/base/driver.c,
    include/linux/device/driver.h; "iommu: Get DT/ACPI parsing into the proper probe path"
    (bcb81ac6ae3c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kscan.facts import ir
from kscan.flow.world import Event, Happening
from kscan.kernel.catalogue import Contract
from kscan.model import (
    Confidence,
    Effect,
    Finding,
    Fix,
    Severity,
    Step,
    StepKind,
    Subject,
    weakest,
)  # fmt: skip
from kscan.program.program import Function, Program
from kscan.rules import rule
from kscan.window.case import BoundRead, Case
from kscan.window.evidence import Evidence, severity_of
from kscan.window.registrations import Registration, driver_of

_ERRNO = re.compile(r"E[A-Z0-9_]{2,}")
_EFFECTS = {Happening.CRASH: Effect.CRASH, Happening.DECLINED: Effect.DECLINED}
_DOES = {
    Effect.CRASH: "and dereferences what it found",
    Effect.DECLINED: "and refuses the device",
    Effect.WRONG_VALUE: "and goes on without its instance",
}
_FIX = "Look the instance up on its bus (bus_find_device_by_fwnode(), bus_find_device_by_of_node())"


@rule(
    summary="an in-window callback looks its own instance up among bound devices",
    severity=Severity.ERROR,
)
def bound_only_lookup(case: Case) -> Iterator[Finding]:
    """Look-ups among the devices of the driver that is registering."""
    for found in case.bound_reads:
        yield _finding(case, found)


def _finding(case: Case, found: BoundRead) -> Finding:
    evidence = Evidence(case.program, case.window)
    registration, callback, lookup = found.registration, found.callback, found.lookup
    effect = _effect(found)
    stub = _has_other(case.program, lookup.function)
    call = lookup.note.partition("(")[0]
    return Finding(
        rule="bound-only-lookup",
        severity=severity_of(effect),
        confidence=weakest(callback.confidence, Confidence.MEDIUM if stub else Confidence.HIGH),
        effect=effect,
        message=_message(case, found, call, effect),
        primary=evidence.location(lookup.function, lookup.at),
        driver=driver_of(registration.function.path),
        subject=Subject("bound devices", _driver(case.program, lookup)),
        registration=evidence.registration(registration),
        callback=evidence.callback(callback),
        trace=tuple(_trace(evidence, found)),
        related=(evidence.location(registration.function, registration.at),),
        assumptions=tuple(_assumptions(case, registration, lookup.function, stub)),
        fix=Fix(_FIX + _also(found)),
    )


def _effect(found: BoundRead) -> Effect:
    outcome = found.outcome
    return _EFFECTS.get(outcome.what, Effect.WRONG_VALUE) if outcome else Effect.WRONG_VALUE


def _message(case: Case, found: BoundRead, call: str, effect: Effect) -> str:
    probe, callback = found.registration.function.name, found.callback.function.name
    causes = " and its driver data is not set either" if found.late else ""
    return (
        f"{callback}() looks its instance up with {call}(), which sees only bound devices, but "
        f"{probe}() has not returned{causes}: it finds nothing {_DOES[effect]}"
        f"{_registration_fails(case, found, effect)}"
    )


def _registration_fails(case: Case, found: BoundRead, effect: Effect) -> str:
    """What an error that the registration does not tolerate adds to the message."""
    errno = _errno(case.program, found.outcome) if effect is Effect.DECLINED else ""
    tolerated = _tolerated(case.contract, str(found.callback.slot))
    if not errno or tolerated is None or errno in tolerated:
        return ""
    return f" with -{errno}, so {case.contract.register}() itself fails"


def _tolerated(contract: Contract, slot: str) -> tuple[str, ...] | None:
    return next((entry.errors for entry in contract.tolerated if entry.slot == slot), None)


def _errno(program: Program, outcome: Event | None) -> str:
    """The errno that the callback's return names; empty where it is a variable."""
    if outcome is None:
        return ""
    for node in ir.walk_body(program.body(outcome.function)):
        if node.at == outcome.at:
            return next(_errnos(node), "")
    return ""


def _errnos(node: ir.Expr) -> Iterator[str]:
    for part in ir.walk(node):
        match part:
            case ir.Unary(op="-", operand=ir.Name(id=name)) if _ERRNO.fullmatch(name):
                yield name


def _driver(program: Program, lookup: Event) -> str:
    """The driver struct whose devices are searched."""
    for node in ir.walk_body(program.body(lookup.function)):
        if isinstance(node, ir.Call) and node.at == lookup.at and node.args:
            return next((p.id for p in ir.walk(node.args[0]) if isinstance(p, ir.Name)), "")
    return ""


def _has_other(program: Program, function: Function) -> bool:
    """A second definition stands in the file: the configuration chooses."""
    return sum(f.name == function.name for f in program.unit(function.path).functions) > 1


def _trace(evidence: Evidence, found: BoundRead) -> Iterator[Step]:
    lookup, outcome = found.lookup, found.outcome
    yield evidence.registered(found.registration)
    yield from evidence.way(found.callback.slot)
    yield evidence.entered(found.callback)
    yield from evidence.inside(lookup.frames, 1)
    note = f"{lookup.note}: probe has not returned, driver_bound() comes after it"
    depth = len(lookup.frames)
    yield evidence.step(lookup.function, lookup.at, StepKind.LOOKUP, note, 1, depth)
    if outcome is not None:
        kind = StepKind.GUARD if outcome.what is Happening.DECLINED else StepKind.READ
        yield evidence.step(outcome.function, outcome.at, kind, outcome.note, 1)
    if found.late is not None:
        yield from evidence.written(found.late.write, "sets driver data only now")


def _assumptions(
    case: Case, registration: Registration, function: Function, stub: bool
) -> Iterator[str]:
    if stub:
        yield f"the configuration builds this {function.name}() and not the other one"
    if case.window.opened_by(registration) is not None:
        yield "the registration passes NULL for the device, as one arm of its argument does"


def _also(found: BoundRead) -> str:
    if found.late is None:
        return "; to move the registration cures nothing, since probe must return first."
    return ", and set the driver data before registering."
