# SPDX-License-Identifier: GPL-2.0-only
"""A bus's dma_configure uses dev->driver without knowing that a driver is bound.

What it finds
    A ``bus_type.dma_configure`` function of a bus which the registration walks, that
    dereferences ``dev->driver``, or what ``to_*_driver(dev->driver)`` makes of it, on a path
    where nothing has tested ``dev->driver``. A test of the ``container_of()`` result is a test
    only where the driver is the first member: else it is not NULL when the driver is.

Why it matters
    The new probe path configures devices that have no driver, from device_add() and from
    inside the registration of an IOMMU: the first such device oopses.

How it can be wrong
    A caller that kscan does not see may hold the bus back until a driver is bound. A ``to_*`` of
    which no definition is found may do no more than convert: low confidence.

How to fix it
    Read the driver once and test it: ``drv = READ_ONCE(dev->driver); if (!ret && drv && …``.

References
    drivers/base/platform.c, drivers/amba/bus.c, drivers/pci/pci-driver.c; "iommu: Get DT/ACPI
    parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.unset import UnsetRead, unset_reads
from kscan.model import CallbackRef, Effect, Finding, Severity, StepKind, Subject
from kscan.rules import rule
from kscan.window.registrations import driver_of


@rule(
    summary="a bus's dma_configure uses dev->driver without knowing that it is set",
    severity=Severity.ERROR,
)
def unguarded_driver(case: Case) -> Iterator[Finding]:
    """Followed bus callbacks that dereference what the window leaves unset."""
    for found in unset_reads(case):
        yield _finding(case, found)


def _finding(case: Case, found: UnsetRead) -> Finding:
    evidence = Evidence(case.program, case.window)
    function, event = found.entry.function, found.event
    name = "dev->" + found.unset.field.partition(".")[2]
    trace = [
        *evidence.way_to(function),
        evidence.step(function, function.fact.start, StepKind.CALLBACK, found.unset.why, 1),
        *evidence.read(event),
    ]
    where, at = evidence.own_place(event)
    return Finding(
        rule="unguarded-driver",
        severity=Severity.ERROR,
        confidence=found.confidence,
        effect=Effect.CRASH,
        message=f"{function.name}() dereferences `{name}`, but {found.unset.why}",
        primary=evidence.location(where, at),
        driver=driver_of(function.path),
        subject=Subject("field", name),
        callback=CallbackRef(found.unset.slot, function.name, function.path, function.line),
        trace=tuple(trace),
    )
