# SPDX-License-Identifier: GPL-2.0-only
"""A bus's dma_configure reads dev->driver twice, and trusts the first read after the second.

What it finds
    A ``bus_type.dma_configure`` function of a bus which the registration walks, that computes
    from ``dev->driver``, reads or tests ``dev->driver`` again, itself or in a helper of its
    file, and then uses what it computed. A test that comes first, one read in each of two
    branches, a local that is compared with ``dev->driver`` again, and reads for a message do
    not count.

Why it matters
    The new probe path configures devices that nobody has locked: a driver may bind between
    the two reads. The test then says that there is a driver, while the local is what
    ``to_*_driver()`` made of NULL.

How it can be wrong
    A caller that holds the device's lock; a local whose own value is tested as well.

How to fix it
    Read the driver once and use the local from then on: ``drv = READ_ONCE(dev->driver);``.

References
    drivers/base/dd.c (really_probe() sets dev->driver), drivers/base/platform.c,
    drivers/amba/bus.c, drivers/bus/fsl-mc/fsl-mc-bus.c; "iommu: Get DT/ACPI parsing into the
    proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.places import field_named
from kscan.flow.rereads import Read, Reread, Rereads
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.kernel.contracts import Unset
from kscan.model import (
    CallbackRef,
    Effect,
    Finding,
    Fix,
    Severity,
    Step,
    StepKind,
    Subject,
    weakest,
)
from kscan.program.calls import Slot
from kscan.program.tables import Entry
from kscan.rules import rule
from kscan.window.registrations import driver_of


@rule(
    summary="a bus's dma_configure computes from dev->driver, then reads it again",
    severity=Severity.WARNING,
)
def reread_driver(case: Case) -> Iterator[Finding]:
    """Bus callbacks that read what another thread may set in between."""
    for unset in case.contract.unset:
        if not case.window.reaches(unset.slot):
            continue
        rereads = Rereads(case.program, case.catalogue.functions, field_named(unset.field))
        for entry in case.window.visited(Slot.named(unset.slot)):
            for found in rereads.of(entry.function):
                yield _finding(case, unset, entry, found)


def _finding(case: Case, unset: Unset, entry: Entry, found: Reread) -> Finding:
    evidence = Evidence(case.program, case.window)
    function = entry.function
    name = "dev->" + unset.field.partition(".")[2]
    trace = tuple(_trace(evidence, unset, entry, found, name))
    second = found.second
    helper = f" in {second.function.name}()" if second.frames else ""
    return Finding(
        rule="reread-driver",
        severity=Severity.WARNING,
        confidence=weakest(*(step.confidence for step in trace)),
        effect=Effect.RACE,
        message=(
            f"{function.name}() computes `{found.local}` from `{name}`, reads `{name}` again"
            f"{helper} and then uses `{found.local}`: a driver may bind in between"
        ),
        primary=evidence.location(second.function, second.at),
        driver=driver_of(function.path),
        subject=Subject("field", name),
        callback=CallbackRef(unset.slot, function.name, function.path, function.line),
        trace=trace,
        related=(evidence.location(found.first.function, found.first.at),),
        assumptions=(f"nobody holds the device's lock here: {unset.why}",),
        fix=Fix(
            f"Read the driver once, `drv = READ_ONCE({name});`, and test and use the local from "
            "then on."
        ),
    )


def _trace(
    evidence: Evidence, unset: Unset, entry: Entry, found: Reread, name: str
) -> Iterator[Step]:
    function = entry.function
    yield from evidence.way_to(function)
    start, sure = function.fact.start, entry.confidence
    yield evidence.step(function, start, StepKind.CALLBACK, unset.why, 1, 0, sure)
    yield from _read(evidence, found.first, f"reads {name}, for {found.local}")
    note = f"reads {name} again: another thread may have bound a driver"
    yield from _read(evidence, found.second, note)
    note = f"uses {found.local}, which is of the first read"
    yield evidence.step(function, found.used, StepKind.READ, note, 1)


def _read(evidence: Evidence, read: Read, note: str) -> Iterator[Step]:
    yield from evidence.inside(read.frames, 1)
    yield evidence.step(read.function, read.at, StepKind.READ, note, 1, len(read.frames))
