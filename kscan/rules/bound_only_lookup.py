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

from collections.abc import Iterator

from kscan.execution.world import Happening
from kscan.hazards.bound import fatal_error, is_one_of_two, looking_up, searched_driver
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence, severity_of
from kscan.hazards.instance import BoundRead
from kscan.model import Effect, Finding, Fix, Severity, Subject, weakest
from kscan.rules import rule
from kscan.window.drivers import probe_around
from kscan.window.registrations import driver_of

_EFFECTS = {Happening.CRASH: Effect.CRASH, Happening.DECLINED: Effect.DECLINED}
_DOES = {
    Effect.CRASH: ", and dereferences the NULL",
    Effect.DECLINED: " and refuses the device",
    Effect.WRONG_VALUE: " and goes on without its instance",
}
_FIX = (
    "Look the instance up where it is seen before it is bound: on its bus, or on a list of "
    "instances that it joins before it registers"
)


@rule(
    summary="an in-window callback looks its own instance up among bound devices",
    severity=Severity.ERROR,
    each=True,
)
def bound_only_lookup(case: Case) -> Iterator[Finding]:
    """Look-ups among the devices of the driver that is registering."""
    for found in case.bound_reads:
        yield _finding(case, found)


def _finding(case: Case, found: BoundRead) -> Finding:
    evidence = Evidence(case.program, case.window)
    registration, callback, lookup = found.registration, found.callback, found.lookup
    effect = _effect(found)
    trace = tuple(looking_up(evidence, found))
    return Finding(
        rule="bound-only-lookup",
        severity=severity_of(effect),
        confidence=weakest(*(step.confidence for step in trace)),
        effect=effect,
        message=_message(case, found, effect),
        primary=evidence.location(lookup.function, lookup.at),
        driver=driver_of(registration.function.path),
        subject=Subject("bound devices", searched_driver(case.program, lookup)),
        registration=evidence.registration(registration),
        callback=evidence.callback(callback),
        trace=trace,
        related=(evidence.location(registration.function, registration.at),),
        assumptions=tuple(_assumptions(case, found)),
        fix=Fix(_FIX + _also(found)),
    )


def _effect(found: BoundRead) -> Effect:
    outcome = found.outcome
    return _EFFECTS.get(outcome.what, Effect.WRONG_VALUE) if outcome else Effect.WRONG_VALUE


def _message(case: Case, found: BoundRead, effect: Effect) -> str:
    driver = searched_driver(case.program, found.lookup)
    probe = probe_around(case.callers, found.registration, driver).name
    callback = found.callback.function.name
    call = found.lookup.note.partition("(")[0]
    causes = " and its driver data is not set either" if found.late else ""
    later = case.window.runs_later(found.callback.slot)
    errno = None if later else fatal_error(case.contract, case.program, found)
    returned = "may not have returned yet" if later else "has not returned"
    fails = f" with -{errno}, so {case.contract.register}() itself fails" if errno else ""
    return (
        f"{callback}() looks its instance up with {call}(), which sees only bound devices, but "
        f"{probe}() {returned}{causes}: it finds nothing{_DOES[effect]}{fails}"
    )


def _assumptions(case: Case, found: BoundRead) -> Iterator[str]:
    if is_one_of_two(case.program, found.lookup.function):
        name = found.lookup.function.name
        yield f"the configuration builds this {name}() and not the other one"
    if case.window.opened_by(found.registration) is not None:
        yield "the registration passes NULL for the device, as one arm of its argument does"


def _also(found: BoundRead) -> str:
    if found.late is None:
        return "; to move the registration cures nothing, since probe must return first."
    return ", and set the driver data before registering."
