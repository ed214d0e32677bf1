# SPDX-License-Identifier: GPL-2.0-only
"""A callback puts managed resources on its client before a driver is bound to that.

What it finds
    A ``devm_`` call, ``devres_add()`` and the like in an in-window callback, or in what it calls
    inside the driver, whose device is the callback's own client: the one that of_xlate,
    probe_device or attach_dev is called for, or that a ``bus_type.dma_configure`` of a bus which
    the registration walks is to configure, while it has no driver. Resources on the IOMMU's own
    device, or on one that was looked up, do not count, nor does memory that every way on frees
    again.

Why it matters
    The new probe path runs these callbacks when a device is added, or its IOMMU appears, and no
    driver is bound. really_probe() then finds an entry in ``dev->devres_head``, prints
    "Resources present before probing" and gives up with -EBUSY: the device is never bound.
    Before, the callbacks ran inside really_probe(), after that test, and there a bind that
    fails frees what ``dev_iommu.priv`` still points at.

How it can be wrong
    A way that the device never takes: of ways whose condition kscan does not know, all count.
    A client that no driver is ever bound to misses nothing. Where the same function takes
    something off the device again the confidence is medium; a callback that runs only after
    something failed, or for what this driver does not have, has low.

How to fix it
    Allocate with ``kzalloc()`` in probe_device and free it in release_device, or hand the call
    the IOMMU's own device: what is put on that lives as long as the instance.

References
    drivers/base/dd.c (really_probe()), drivers/base/devres.c, drivers/iommu/iommu.c; "iommu: Get
    DT/ACPI parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.execution.world import Event
from kscan.flow.paths import spelled
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.tied import Tied, tied
from kscan.hazards.unset import UnsetRead, unset_ties
from kscan.model import CallbackRef, Effect, Finding, Fix, Severity, Step, StepKind, Subject
from kscan.rules import rule
from kscan.window.registrations import driver_of

_FIX = (
    "Allocate it without devres and free it when the client is released, or hand the call the "
    "device of the instance itself."
)


@rule(
    summary="a callback puts managed resources on its client before a driver is bound",
    severity=Severity.ERROR,
)
def client_devres(case: Case) -> Iterator[Finding]:
    """Resources that keep a driver from being bound to the client."""
    for found in tied(case):
        yield _finding(case, found)
    for put in unset_ties(case):
        yield _by_its_bus(case, put)


def _finding(case: Case, found: Tied) -> Finding:
    evidence = Evidence(case.program, case.window)
    registration, first = found.registration, found.events[0]
    where, at = evidence.own_place(first)
    return Finding(
        rule="client-devres",
        severity=Severity.ERROR,
        confidence=found.confidence,
        effect=Effect.DECLINED,
        message=_message(case, found),
        primary=evidence.location(where, at),
        driver=driver_of(registration.function.path),
        subject=Subject("device", _device(case, first)),
        registration=evidence.registration(registration),
        callback=evidence.callback(found.callback),
        trace=tuple(_trace(evidence, found)),
        related=(evidence.location(registration.function, registration.at),),
        assumptions=tuple(why for _, why in found.doubts),
        fix=Fix(_FIX),
    )


def _by_its_bus(case: Case, found: UnsetRead) -> Finding:
    """A bus configures the device: the window offers it before there is a driver."""
    evidence = Evidence(case.program, case.window)
    function, event = found.entry.function, found.event
    where, at = evidence.own_place(event)
    device = _device(case, event)
    start = evidence.step(function, function.fact.start, StepKind.CALLBACK, found.unset.why, 1)
    return Finding(
        rule="client-devres",
        severity=Severity.ERROR,
        confidence=found.confidence,
        effect=Effect.DECLINED,
        message=(
            f"{function.name}() puts a resource on its device with {event.note}({device}), before "
            "any driver is bound: really_probe() then refuses to bind one"
        ),
        primary=evidence.location(where, at),
        driver=driver_of(function.path),
        subject=Subject("device", device),
        callback=CallbackRef(found.unset.slot, function.name, function.path, function.line),
        trace=(*evidence.way_to(function), start, *_put(evidence, event)),
        fix=Fix("Allocate it without devres, or put it on another device that has a driver."),
    )


def _message(case: Case, found: Tied) -> str:
    first = found.events[0]
    device, callback = _device(case, first), found.callback.function.name
    return (
        f"{callback}() puts a resource on its client with {first.note}({device}), before any "
        "driver is bound: really_probe() then refuses to bind one"
    )


def _device(case: Case, event: Event) -> str:
    """The device, as the call spells it."""
    at = case.catalogue.functions.ties.position(event.note)
    calls = case.program.body(event.function).calls_at(event.at)
    return next((spelled(call.args[at]) for call in calls if call.name == event.note), "dev")


def _trace(evidence: Evidence, found: Tied) -> Iterator[Step]:
    yield evidence.registered(found.registration)
    yield from evidence.way(found.callback.slot)
    yield evidence.entered(found.callback, "runs inside the registration, for an unbound device")
    for event in found.events:
        yield from _put(evidence, event)


def _put(evidence: Evidence, event: Event) -> Iterator[Step]:
    yield from evidence.inside(event.frames, 1)
    note = f"{event.note}(): on the client's list of resources from here on"
    yield evidence.step(event.function, event.at, StepKind.WRITE, note, 1, len(event.frames))
