# SPDX-License-Identifier: GPL-2.0-only
"""Firmware code makes a fwspec, and replays the probe at the wrong time or not at all.

What it finds
    Code below a bus's ``dma_configure`` that calls ``iommu_fwspec_init()`` inside the window,
    and then calls ``iommu_probe_device()`` without knowing that the probe path is not the one
    that asks (an error: it probes inside the probe), or because a driver is bound (a warning).
    Also such code which nobody replays for: a note, and a warning where somebody outside the
    bus configures a device that has a driver. Where the window comes by no ``dma_configure``,
    as before the new probe path, it is an error.

Why it matters
    The new probe path asks the bus from iommu_init_device(). A replay in there probes the
    device completely, group and all; the outer probe goes on with what it held before, and its
    error path frees what the inner one uses. Where the outer one holds a lock that is taken on
    the way, that hangs first. A replay for a bound device warns of a late probe. A device that
    is configured after the walk, and not replayed, has a fwspec, no group and no translation.

How it can be wrong
    A guard that kscan does not recognise: it looks for tests of ``dev->iommu``, or of a
    variable that keeps it, and of ``dev->driver``. Where every caller is a bus, leaving out the
    replay is what the new probe path wants: hence the note.

How to fix it
    Replay only where ``dev->iommu`` was not there before the fwspec was made. Before the new
    probe path, replay.

References
    drivers/iommu/of_iommu.c, drivers/acpi/scan.c; "iommu: Get DT/ACPI parsing into the proper
    probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.held import taken_twice
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.replays import FirmwareCode, Guard, Replay, Replays
from kscan.kernel.devices import Configuration
from kscan.model import Confidence, Effect, Finding, Fix, Severity, Step, StepKind, Subject, weakest
from kscan.program.calls import EdgeKind
from kscan.program.program import Function
from kscan.rules import rule
from kscan.window.configured import ConfigureCall
from kscan.window.registrations import driver_of

_WITHIN = "replay only where dev->iommu was not there before the fwspec was made"
_SAYS = {
    Guard.NONE: (
        Severity.ERROR,
        Effect.CRASH,
        "while that probe is still running: the device is probed twice",
    ),
    Guard.DRIVERLESS: (Severity.ERROR, Effect.CRASH, "for a device that may be in its probe"),
    Guard.BOUND: (Severity.WARNING, Effect.WARN, "for a device that has a driver"),
}
_HANGS = (
    "while that probe is still running: with `{lock}` held around it that hangs, and with the lock "
    "dropped the device is probed twice"
)


@rule(
    summary="firmware code makes a fwspec, and replays the probe wrongly or not at all",
    severity=Severity.ERROR,
)
def late_replay(case: Case) -> Iterator[Finding]:
    """Replays without a guard, and firmware code that nobody replays for."""
    configuration = case.catalogue.devices.configured_by(case.contract.name)
    if configuration is None:
        return
    if not case.window.reaches(configuration.slot):
        yield from _abandoned(case, configuration)
        return
    said: set[tuple[Function, int]] = set()
    for code in case.replays.all if case.replays is not None else ():
        for replay in code.replays:
            if replay.guard is not Guard.OUTSIDE and (replay.function, replay.at) not in said:
                said.add((replay.function, replay.at))
                yield _replayed(case, code, replay)
        if not code.replays:
            yield _forgotten(case, code)


def _abandoned(case: Case, configuration: Configuration) -> Iterator[Finding]:
    """Code that runs when a driver binds only, makes a fwspec and leaves it at that."""
    evidence = Evidence(case.program, case.window)
    given = (case.program, case.inside, case.origins, configuration, case.contract.tables)
    for code in Replays(*given, case.callers).all:
        if code.replays:
            continue
        name = code.function.name
        yield Finding(
            rule="late-replay",
            severity=Severity.ERROR,
            confidence=Confidence.MEDIUM,
            effect=Effect.DECLINED,
            message=f"{name}() makes a fwspec when a driver binds, and nobody then probes the "
            "device for its IOMMU: it has no translation",
            primary=evidence.location(code.function, code.at),
            driver=driver_of(code.function.path),
            subject=Subject("fwspec", name),
            trace=tuple(_at_bind(evidence, code)),
            assumptions=("no registration comes by the code, so it runs after the walk",),
            fix=Fix("call iommu_probe_device() once the fwspec is made"),
        )


def _at_bind(evidence: Evidence, code: FirmwareCode) -> Iterator[Step]:
    """From what the bus calls to the fwspec."""
    for function in code.above[:1]:
        note = f"is called when a driver binds, and leads to {code.function.name}"
        yield evidence.step(function, function.fact.start, StepKind.CALL, note)
    yield from evidence.inside(code.frames, 0)
    holder = code.frames[-1].callee if code.frames else code.function
    note = "has the fwspec made"
    yield evidence.step(holder, code.made_at, StepKind.WRITE, note, 0, len(code.frames))


def _replayed(case: Case, code: FirmwareCode, replay: Replay) -> Finding:
    evidence = Evidence(case.program, case.window)
    severity, effect, when = _SAYS[replay.guard]
    lock = _awaited(case, code, replay) if effect is Effect.CRASH else ""
    if lock:
        when = _HANGS.format(lock=lock)
        effect = effect if _is_assumed(case, code) else Effect.DEADLOCK
    sure = Confidence.LOW if replay.guard is Guard.DRIVERLESS else Confidence.HIGH
    return Finding(
        rule="late-replay",
        severity=severity,
        confidence=weakest(sure, case.window.reach.way_confidence(code.function)),
        effect=effect,
        message=f"{replay.function.name}() calls {replay.name}() {when}",
        primary=evidence.location(replay.function, replay.at),
        driver=driver_of(replay.function.path),
        subject=Subject("replay", replay.name),
        trace=(*_made(evidence, code), *_offered(evidence, replay)),
        assumptions=("no test but those of the device's own members keeps the replay back",),
        fix=Fix(_WITHIN),
    )


def _is_assumed(case: Case, code: FirmwareCode) -> bool:
    """Part of the way there is missing in this tree: what brings it may well drop the lock."""
    return any(edge.site.kind is EdgeKind.ASSUMED for edge in case.window.reach.way(code.function))


def _awaited(case: Case, code: FirmwareCode, replay: Replay) -> str:
    """The lock that the probe holds while it asks, and that is waited for down there."""
    way = [(edge.caller, edge.site.at) for edge in case.window.reach.way(code.function)]
    way += [(frame.caller, frame.at) for frame in replay.frames]
    again = case.program.resolve(replay.name, replay.function.path)[:1]
    ends = [(replay.function, replay.at), *((function, None) for function in again)]
    lock = taken_twice(case.program, case.catalogue, (*way, *ends))
    return lock.name if lock is not None else ""


def _forgotten(case: Case, code: FirmwareCode) -> Finding:
    evidence = Evidence(case.program, case.window)
    callers = _bound_callers(case, code)
    related = tuple(evidence.location(call.function, call.call.at) for call in callers)
    who = f", as by {callers[0].function.name}()," if callers else ""
    message = (
        f"{code.function.name}() makes a fwspec that nobody replays the probe for: a device "
        f"configured outside the walk{who} has no translation"
    )
    return Finding(
        rule="late-replay",
        severity=Severity.WARNING if callers else Severity.NOTE,
        confidence=Confidence.MEDIUM,
        effect=Effect.DECLINED,
        message=message,
        primary=evidence.location(code.function, code.at),
        driver=driver_of(code.function.path),
        subject=Subject("fwspec", code.function.name),
        trace=tuple(_made(evidence, code)),
        related=related,
        assumptions=("a device may be configured when the walk has passed it by",),
        fix=Fix(_WITHIN),
    )


def _bound_callers(case: Case, code: FirmwareCode) -> list[ConfigureCall]:
    """Calls for a device with a driver, outside the bus, that come down to `code`."""
    if case.configured is None or case.replays is None:
        return []
    return [
        call
        for call in case.configured.bound
        if not call.is_pointless
        if code in case.replays.below(call.name, call.function.path)
    ]


def _made(evidence: Evidence, code: FirmwareCode) -> Iterator[Step]:
    """From the registration to the code, and from there to the fwspec."""
    holder = code.frames[-1].callee if code.frames else code.function
    if any(step.location.function == code.function.name for step in evidence.way_to(holder)):
        yield from evidence.way_to(holder)
    else:
        yield from evidence.way_to(code.function)
        yield from evidence.inside(code.frames, 1)
    note = "has the fwspec made"
    yield evidence.step(holder, code.made_at, StepKind.WRITE, note, 1, len(code.frames))


def _offered(evidence: Evidence, replay: Replay) -> Iterator[Step]:
    yield from evidence.inside(replay.frames, 1)
    note = f"calls {replay.name}"
    yield evidence.step(replay.function, replay.at, StepKind.CALL, note, 1, len(replay.frames) + 1)
