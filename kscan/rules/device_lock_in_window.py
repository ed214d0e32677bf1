# SPDX-License-Identifier: GPL-2.0-only
"""A device's lock is taken inside a registration.

What it finds
    ``device_lock()``, ``guard(device)`` and ``device_trylock()`` in a function that runs inside
    a registration: of the walk itself, of a bus that it asks, or of an in-window callback and
    what that calls. A device that the same path makes is locked by nobody else and does not
    count; neither does a try that is made again until it succeeds.

Why it matters
    The walk meets the device whose probe registers, and that probe's own bind holds the lock:
    the machine hangs. Trying instead gives up where somebody merely reads an attribute of the
    device in sysfs, and the device is never walked again.

How it can be wrong
    A callback may know by other means that the device is not the one that registers, nor one
    that another thread binds. Functions that add, remove or bind a device of their own, device
    links and runtime PM are not looked into; neither is what runs at any time from a
    registration on, and may wait for the bind.

How to fix it
    Leave the device lock to whoever binds, and guard what the callback shares with a lock of
    the driver's own.

References
    drivers/base/dd.c, include/linux/device.h, drivers/iommu/iommu.c; "iommu: Get DT/ACPI
    parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kscan.flow.cfg import Cfg, flow_of
from kscan.flow.locking import Taken, device_locks, retries
from kscan.flow.paths import spelled
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.model import Effect, Finding, Fix, Severity, Step, StepKind, Subject
from kscan.rules import rule
from kscan.window.inside import Entered
from kscan.window.origins import Asked, Origin
from kscan.window.registrations import driver_of


@rule(
    summary="a device's lock is taken inside a registration",
    severity=Severity.ERROR,
)
def device_lock_in_window(case: Case) -> Iterator[Finding]:
    """Device locks that the walk or a callback takes before the registration returns."""
    if case.window.is_open:
        return
    for entered in _holding(case):
        if _runs_later(case, entered):  # the registration ends, and its bind lets go
            continue
        cfg = flow_of(case.program, entered.function)
        for taken in sorted(device_locks(cfg, case.catalogue.locks.device), key=lambda t: t.at):
            if not _is_harmless(case, entered, cfg, taken):
                yield _finding(case, entered, taken)


def _holding(case: Case) -> Iterator[Entered]:
    """The functions inside the window whose text names one of the locking functions."""
    locks = case.catalogue.locks.device
    calls = [name.strip("*") for name in (*locks.take, *locks.try_)]
    guards = [f"guard({name}" for name in locks.guards]
    words = "|".join(map(re.escape, (*calls, *guards)))
    pattern, inside = re.compile(words.encode()), case.inside
    among = (*inside.functions.values(), *inside.beyond(pattern).values())
    yield from inside.spelling(among, pattern)


def _runs_later(case: Case, entered: Entered) -> bool:
    """Another thread runs the function, for which the registration does not wait."""
    if entered.callback is not None:
        return case.window.runs_later(entered.callback.slot)
    reach = case.window.reach
    return entered.function in reach.ways and reach.runs_later(entered.function)


def _is_harmless(case: Case, entered: Entered, cfg: Cfg, taken: Taken) -> bool:
    """Nobody else can hold the lock, or the function tries until it has it."""
    if taken.tries and retries(cfg, taken):
        return True
    asked = Asked(entered.function, taken.at, taken.lock)
    return all(found.origin is Origin.MADE for found in case.origins.of(asked))


def _finding(case: Case, entered: Entered, taken: Taken) -> Finding:
    evidence = Evidence(case.program, case.window)
    function, device = entered.function, spelled(taken.lock) or "the device"
    runs = f"inside {case.contract.register}()"
    does = f"takes the device lock of `{device}` {runs}, and a bind may hold it already"
    if taken.tries:
        does = f"tries the device lock of `{device}` {runs}, and gives up where it is held"
    return Finding(
        rule="device-lock-in-window",
        severity=Severity.WARNING if taken.tries else Severity.ERROR,
        confidence=case.inside.confidence(entered),
        effect=Effect.DECLINED if taken.tries else Effect.DEADLOCK,
        message=f"{function.name}() {does}",
        primary=evidence.location(function, taken.at),
        driver=driver_of(function.path),
        subject=Subject("lock", device),
        registration=evidence.registration(entered.registration) if entered.registration else None,
        callback=evidence.callback(entered.callback) if entered.callback else None,
        trace=tuple(_trace(evidence, entered, taken, device)),
        assumptions=(f"`{device}` may be the device that registers, or one that is being bound",),
        fix=Fix("take a lock of the driver's own instead: the device lock belongs to the bind"),
    )


def _trace(evidence: Evidence, entered: Entered, taken: Taken, device: str) -> Iterator[Step]:
    yield from evidence.way_into(entered)
    verb = "tries" if taken.tries else "takes"
    note = f"{taken.name}: {verb} the lock of {device}"
    depth = len(entered.frames)
    yield evidence.step(entered.function, taken.at, StepKind.LOCK, note, 1, depth)
