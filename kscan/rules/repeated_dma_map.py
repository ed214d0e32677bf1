# SPDX-License-Identifier: GPL-2.0-only
"""A dma_configure path overwrites a pointer that the device owns, without looking.

What it finds
    On the way from a ``bus_type.dma_configure`` function of a walked bus: an allocation,
    direct or through a callee's return value or pointer argument, that is stored in a member
    of the device (``dev->dma_range_map``), or put on a list of all devices, although nothing
    on the way has looked whether it is there. A test in a caller counts, and so does freeing
    the old one first; tables, members' addresses and pointers that somebody else keeps are
    not owned. The path is executed once more in the world the first run leaves.

Why it matters
    The new probe path configures a device when it is added, in each registration that comes
    too early for its IOMMU, and again at bind: the allocation before is lost each time.

How it can be wrong
    A caller that kscan does not follow may look first, or clean up between two runs as
    device_unbind_cleanup() does after a bind. Where the entry joins a list, or the store
    hides in a callee, more code decides and the confidence is medium. Where the way ends
    early while the fwspec of the first run is there, only a failure in between brings a
    second run to the store, and the confidence is low. So it is for code of an architecture
    that, as Kconfig has it, nothing that registers can be built for.

How to fix it
    Look first: ``if (!dev->dma_range_map) { … }``, around the allocation as well.

References
    drivers/of/device.c, drivers/acpi/arm64/dma.c, drivers/base/dd.c; "iommu: Get DT/ACPI
    parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.paths import spelled
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.overwritten import Overwrite, overwrites
from kscan.model import (
    CallbackRef,
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
from kscan.rules import rule
from kscan.window.registrations import driver_of


@rule(
    summary="a dma_configure path overwrites an owned pointer without looking at it",
    severity=Severity.WARNING,
)
def repeated_dma_map(case: Case) -> Iterator[Finding]:
    """Allocations that a second dma_configure stores over the first."""
    for found in overwrites(case):
        yield _finding(case, found)


def _finding(case: Case, found: Overwrite) -> Finding:
    evidence = Evidence(case.program, case.window)
    function, entry = found.owned.function, found.entry
    name = _name(found)
    trace = tuple(_trace(evidence, found, name))
    return Finding(
        rule="repeated-dma-map",
        severity=Severity.WARNING,
        confidence=weakest(*(step.confidence for step in trace)),
        effect=Effect.LEAK,
        message=_message(found, name),
        primary=evidence.location(function, found.at),
        driver=driver_of(function.path),
        subject=Subject("list" if found.listed else "field", name),
        callback=CallbackRef(
            str(entry.slot), entry.function.name, entry.function.path, entry.function.line
        ),
        trace=trace,
        related=(evidence.location(found.owned.acquired.function, found.owned.acquired.at),),
        assumptions=tuple(_assumptions(found)),
        fix=Fix(_fix(found, name)),
    )


def _name(found: Overwrite) -> str:
    place = found.end.place
    return spelled(found.end.target) or (place.spelled if place is not None else "the pointer")


def _message(found: Overwrite, name: str) -> str:
    function, by = found.owned.function.name, found.owned.acquired.name
    entry = found.entry.function.name
    where = f"{function}()" if function == entry else f"{function}(), on the path of {entry}(),"
    if found.listed:
        return (
            f"{where} puts another {by}() result on `{name}` each "
            "time a device is configured, without searching the list"
        )
    return (
        f"{where} overwrites `{name}` with what {by}() gives "
        "without looking whether it is set: configuring the device again leaks the first one"
    )


def _assumptions(found: Overwrite) -> Iterator[str]:
    yield "a device is configured more than once: when it is added, and at bind"
    if found.unregistered:
        yield f"something registers on {found.unregistered}: nothing in this tree does"
    if found.kept_out is not None:
        yield "a later step fails, and the core drops what the first run left"
    else:
        yield "nothing on the way returns early because of what the first run left"
    for edge in found.way:
        if edge.site.confidence is not Confidence.HIGH:
            yield f"the kernel is built with the {edge.callee.name}() of {edge.callee.path}"


def _fix(found: Overwrite, name: str) -> str:
    if found.listed:
        return f"Look on `{name}` for what an earlier run added before adding to it."
    return f"Test `{name}` first, or release what it holds before it is overwritten."


def _trace(evidence: Evidence, found: Overwrite, name: str) -> Iterator[Step]:
    function, owned = found.owned.function, found.owned
    start = found.entry.function
    yield from evidence.way_to(start)
    note = "configures the device when it is added, and again at bind"
    sure = found.entry.confidence
    yield evidence.step(start, start.fact.start, StepKind.CALLBACK, note, 1, 0, sure)
    yield from evidence.edges(found.way, 1)
    depth = len(found.way)
    if found.kept_out is not None:
        kept_out, at = found.kept_out
        note = "a second run comes here only once the core has dropped what the first one left"
        yield evidence.step(kept_out, at, StepKind.GUARD, note, 1, depth, Confidence.LOW)
    if found.unregistered:
        note = f"nothing that registers can be built for {found.unregistered}, by its Kconfig"
        yield evidence.step(
            function, function.fact.start, StepKind.GUARD, note, 1, depth, Confidence.LOW
        )
    yield from evidence.inside(owned.acquired.frames, 1)
    note = f"allocates with {owned.acquired.name}(), in each run"
    yield evidence.step(owned.acquired.function, owned.acquired.at, StepKind.WRITE, note, 1, depth)
    note = f"stores it in {name}, whatever is there" if not found.listed else f"adds it to {name}"
    indirect = found.listed or bool(found.end.frames)
    sure = Confidence.MEDIUM if indirect else Confidence.HIGH
    yield evidence.step(function, found.at, StepKind.WRITE, note, 1, depth, sure)
