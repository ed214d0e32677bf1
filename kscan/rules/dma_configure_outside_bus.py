# SPDX-License-Identifier: GPL-2.0-only
"""A device's DMA is configured outside its bus's dma_configure.

What it finds
    Calls of the ``of_dma_configure()`` and ``acpi_dma_configure()`` family that do not stand in
    a ``bus_type.dma_configure`` function, or in what only those call, told apart by what the
    code shows of the device. Bound (handed to a probe, a bind or a component callback, or the
    ``dev`` of an object handed to one) and given another device's node: a warning. Bound and
    given its own node: a note, redundant; with an id of its own, which the bus does not pass, a
    warning. A device that the code makes itself, and adds later or has no driver for, is
    rightly configured there: silence.

Why it matters
    The IOMMU core identifies a device when it appears. Firmware that is parsed for a bound
    device replays the probe behind its driver's back: the core warns of a late IOMMU probe, the
    group is formed with the driver already at work, and a ``dma_range_map`` may leak.

How it can be wrong
    The device is followed through local variables and three levels of callers, twelve calls
    each. One that was looked up, or whose origin no caller shows, is unknown: a note of low
    confidence. A node may belong to the device after all if the code that looks it up says so
    nowhere. Two devices embedded in one object are taken for one.

How to fix it
    Allocate for the device that does the DMA, or describe the device's own IOMMU in its node;
    where the bus has done it, drop the call.

References
    drivers/of/device.c, drivers/acpi/scan.c; "iommu: Get DT/ACPI parsing into the proper probe
    path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.facts import ir
from kscan.flow.paths import spelled
from kscan.model import Confidence, Effect, Finding, Fix, Severity, Step, StepKind, Subject, weakest
from kscan.rules import rule
from kscan.window.case import Case
from kscan.window.configured import ConfigureCall
from kscan.window.evidence import Evidence
from kscan.window.origins import Node, Origin
from kscan.window.registrations import driver_of


@rule(
    summary="a device's DMA is configured outside its bus's dma_configure",
    severity=Severity.WARNING,
)
def dma_configure_outside_bus(case: Case) -> Iterator[Finding]:
    """Calls of the family, but for a bus's own and those for devices made on the spot."""
    if case.configured is None:
        return
    for call in case.configured.calls:
        if call.found.origin not in (Origin.BUS, Origin.MADE):
            yield _finding(case, call)


def _finding(case: Case, call: ConfigureCall) -> Finding:
    severity, confidence, what, cure = _judged(case, call)
    evidence = Evidence(case.program, case.window)
    device = _written(call.device)
    return Finding(
        rule="dma-configure-outside-bus",
        severity=severity,
        confidence=confidence,
        effect=Effect.WARN,
        message=f"{call.name}() {what.format(device=device, node=_node(call))}",
        primary=evidence.location(call.function, call.call.at),
        driver=driver_of(call.function.path),
        subject=Subject("device", device.removeprefix("&")),
        trace=tuple(_trace(evidence, call)),
        others=call.others,
        assumptions=_assumptions(call),
        fix=Fix(cure) if cure else None,
    )


def _judged(case: Case, call: ConfigureCall) -> tuple[Severity, Confidence, str, str]:
    """Severity, confidence, the message's predicate and the cure."""
    sure, own = call.confidence, call.found.node is Node.OWN
    borrow = "allocate for the device that does the DMA instead of borrowing its node"
    drop = "drop the call: the bus configures the device before its driver's probe"
    if call.found.origin is not Origin.BOUND:
        what = "configures `{device}` outside its bus, and it may have a driver"
        return Severity.NOTE, Confidence.LOW, what, drop if own else borrow
    if not own:
        what = "configures `{device}`, which has a driver, from another device's node `{node}`"
        if _is_walked(case):
            what += ": where that node has an IOMMU, the core warns of a late probe"
        return Severity.WARNING, sure, what, borrow
    if call.has_id:
        what = "configures `{device}`, which has a driver, with an id that its bus does not pass"
        severity = Severity.WARNING if _is_walked(case) else Severity.NOTE
        return severity, weakest(sure, Confidence.MEDIUM), what, ""
    what = "configures `{device}` once more: its bus has done so before the driver was bound"
    return Severity.NOTE, sure, what, drop


def _is_walked(case: Case) -> bool:
    """The window runs the bus slot: devices are configured before a driver binds."""
    assert case.configured is not None
    return any(str(slot) == case.configured.configuration.slot for slot in case.window.reach.slots)


def _written(device: ir.Expr) -> str:
    """``&pdev->dev``, as the call has it."""
    address = "&" if isinstance(device, ir.Unary) and device.op == "&" else ""
    path = spelled(device)
    return f"{address}{path}" if path else "the device"


def _node(call: ConfigureCall) -> str:
    return spelled(call.node) or "node"


def _trace(evidence: Evidence, call: ConfigureCall) -> Iterator[Step]:
    """From the function that shows what the device is down to the call."""
    asked = call.found.asked
    start = asked.function
    yield evidence.step(start, start.fact.start, StepKind.CALLBACK, call.found.why)
    for depth, frame in enumerate(asked.frames):
        note = f"calls {frame.callee.name}"
        yield evidence.step(frame.caller, frame.at, StepKind.CALL, note, 0, depth)
    note = f"calls {call.name} for {_written(call.device)}"
    depth = len(asked.frames)
    yield evidence.step(call.function, call.call.at, StepKind.CALL, note, 0, depth, call.confidence)


def _assumptions(call: ConfigureCall) -> tuple[str, ...]:
    found = [f"the device is bound: {call.found.why}"]
    if call.found.origin is not Origin.BOUND:
        found = [f"a driver may be bound: {call.found.why}"]
    if call.found.node is Node.OTHER:
        found.append(f"`{_node(call)}` is not the node of the device itself")
    return tuple(found)
