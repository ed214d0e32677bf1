# SPDX-License-Identifier: GPL-2.0-only
"""A device's DMA is configured outside its bus's dma_configure.

What it finds
    Calls of the ``of_dma_configure()`` and ``acpi_dma_configure()`` family that do not stand in
    a ``bus_type.dma_configure`` function, or in what only those call, told apart by what the
    code shows of the device. Bound (handed to a probe, a bind or a component callback, or the
    ``dev`` of an object handed to one) and given another device's node: a warning. Bound and
    given its own node: a note, redundant; with an id of its own, which the bus does not pass, or
    where the device's bus has no dma_configure, a warning. A device that the code makes itself,
    and adds later or has no driver for, or puts on a bus, is rightly configured there: silence.
    So is one that a bus notifier is told of as it is added, one that is looked up by the node it
    is configured from, and one for which the node is NULL: nothing is asked about an IOMMU.

Why it matters
    The IOMMU core identifies a device when it appears. Firmware that is parsed for a bound
    device replays the probe behind its driver's back: the core warns of a late IOMMU probe, the
    group is formed with the driver already at work, and a ``dma_range_map`` may leak. Where
    firmware code replays nothing, the device has a fwspec and no translation.

How it can be wrong
    The device is followed through local variables and three levels of callers, twelve calls
    each. One that was looked up, or whose origin no caller shows, is unknown: a note of low
    confidence. A node may belong to the device after all if the code that looks it up says so
    nowhere. Two devices embedded in one object are taken for one. A device's bus is told by the
    driver struct that its probe stands in; of other callbacks, as component ones, it is unknown.

How to fix it
    Allocate for the device that does the DMA, or describe the device's own IOMMU in its node;
    where the bus has done it, drop the call.

References
    drivers/of/device.c, drivers/acpi/scan.c; "iommu: Get DT/ACPI parsing into the proper probe
    path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kscan.facts import ir
from kscan.flow.paths import spelled
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.model import Confidence, Effect, Finding, Fix, Severity, Step, StepKind, Subject, weakest
from kscan.program.calls import Slot
from kscan.program.graph import Reach
from kscan.rules import rule
from kscan.window.configured import ConfigureCall
from kscan.window.origins import Node, Origin
from kscan.window.registrations import driver_of

_BORROW = "allocate for the device that does the DMA instead of borrowing its node"
_DROP = "drop the call: the bus configures the device before its driver's probe"
_DROP_IF = "where its bus has a dma_configure, drop the call"
_NO_BUS = "allocate for the device that does the DMA, or have the bus configure its devices"


@rule(
    summary="a device's DMA is configured outside its bus's dma_configure",
    severity=Severity.WARNING,
)
def dma_configure_outside_bus(case: Case) -> Iterator[Finding]:
    """Calls of the family, but for a bus's own and those for devices made on the spot."""
    if case.configured is None:
        return
    for call in case.configured.calls:
        if not _rightly(call) and call.found.node is not Node.NONE:
            yield _finding(case, call)


def _rightly(call: ConfigureCall) -> bool:
    """It stands in the bus, or its device is made here, or looked up by the very node.

    Of that one nothing more comes: a driver's bus has done the same, and without one nobody will.
    """
    found = call.found
    as_its_bus = found.origin is Origin.FOUND and found.node is Node.OWN and not call.has_id
    return as_its_bus or found.origin in (Origin.BUS, Origin.MADE)


def _finding(case: Case, call: ConfigureCall) -> Finding:
    judged = _judged(case, call)
    evidence = Evidence(case.program, case.window)
    device = _written(call.device)
    return Finding(
        rule="dma-configure-outside-bus",
        severity=judged.severity,
        confidence=judged.confidence,
        effect=judged.effect,
        message=f"{call.name}() {judged.what.format(device=device, node=_node(call))}",
        primary=evidence.location(call.function, call.call.at),
        driver=driver_of(call.function.path),
        subject=Subject("device", device.removeprefix("&")),
        trace=tuple(_trace(evidence, call)),
        others=call.others,
        assumptions=_assumptions(call),
        fix=Fix(judged.cure) if judged.cure else None,
    )


class _Judged(NamedTuple):
    """What is to be said of a call."""

    severity: Severity
    confidence: Confidence
    effect: Effect
    what: str
    """The message's predicate."""
    cure: str


def _judged(case: Case, call: ConfigureCall) -> _Judged:
    if call.found.origin is not Origin.BOUND:
        what = "configures `{device}` outside its bus, and it may have a driver"
        cure = _DROP if call.found.node is Node.OWN else _BORROW
        return _Judged(Severity.NOTE, Confidence.LOW, Effect.WARN, what, cure)
    if call.is_pointless:
        what = "configures `{device}` once more: its bus has done so before the driver was bound"
        return _Judged(Severity.NOTE, call.confidence, Effect.REDUNDANT, what, _DROP)
    if call.found.node is not Node.OWN:
        what = "configures `{device}`, which has a driver, from another device's node `{node}`"
        return _of_a_late_probe(case, call, what, "that node has an IOMMU", _BORROW)
    if call.by_bus is False:
        what = "configures `{device}`, which has a driver and is on a bus without a dma_configure"
        judged = _of_a_late_probe(case, call, what, "its node has an IOMMU", _NO_BUS)
        return judged._replace(severity=_where_walked(case))
    if call.has_id:
        what = "configures `{device}`, which has a driver, with an id that its bus does not pass"
        judged = _of_a_late_probe(case, call, what, "that id leads to an IOMMU", "")
        sure = weakest(call.confidence, Confidence.MEDIUM)
        return judged._replace(severity=_where_walked(case), confidence=sure)
    what = "configures `{device}`, which has a driver: if its bus has a dma_configure, once more"
    sure = weakest(call.confidence, Confidence.MEDIUM)
    return _Judged(Severity.NOTE, sure, Effect.REDUNDANT, what, _DROP_IF)


def _of_a_late_probe(case: Case, call: ConfigureCall, what: str, where: str, cure: str) -> _Judged:
    """The call finds an IOMMU when the walk has passed the device by."""
    effect, comes = _comes_of_it(case, call)
    what += f": where {where}, {comes}"
    return _Judged(Severity.WARNING, call.confidence, effect, what, cure)


def _comes_of_it(case: Case, call: ConfigureCall) -> tuple[Effect, str]:
    """What a fwspec that a bound device gets leads to."""
    below = case.replays.below(call.name, call.function.path) if case.replays else ()
    if below and not any(code.replays for code in below):
        return Effect.DECLINED, "nobody replays the probe, and the device has no translation"
    if _runs_the_bus(case, case.window.as_it_stands):
        return Effect.WARN, "the core warns of a late probe"
    return Effect.WARN, "the core would warn of a late probe once the new probe path is in"


def _where_walked(case: Case) -> Severity:
    """Devices are configured before a driver binds: who is late is wrong."""
    return Severity.WARNING if _runs_the_bus(case, case.window.reach) else Severity.NOTE


def _runs_the_bus(case: Case, reach: Reach) -> bool:
    """`reach` has a call through the bus slot."""
    assert case.configured is not None
    return Slot.named(case.configured.configuration.slot) in reach.slots


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
    driver = call.found.driver
    if call.by_bus is False and driver.endswith("_driver"):
        found.append(f"the bus of a struct {driver} has no dma_configure")
    if call.found.node is Node.OTHER:
        found.append(f"`{_node(call)}` is not the node of the device itself")
    return tuple(found)
