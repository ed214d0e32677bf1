# SPDX-License-Identifier: GPL-2.0-only
"""A lock is held while a registration runs, and what runs inside it waits for that lock.

What it finds
    A mutex, semaphore or spinlock that is taken by what runs inside a registration, and that is
    held on the way there: by the function that registers, by one that calls it, or by the walk
    around a call through an ops table. Scope guards count as calls do. What is dropped on the way
    does not, nor what is merely tried, taken for reading on both sides, or taken by a function
    that says another lock of its class is held already.

Why it matters
    Whoever holds the lock waits for the registration, which waits for the lock: the boot hangs.
    Before the new probe path the callback ran later, when the lock was free again. Letting the
    walk keep a lock around the bus's callback hangs it in the same way, as of_iommu_configure()
    takes iommu_probe_device_lock itself.

How it can be wrong
    A lock that is a member may be another object's: medium confidence. So may a callback that is
    handed to some function be called later: low. An edge that a scenario assumes says nothing of
    the locks around it, so those of the walk do not count behind it. A lock that is held on some
    ways only does not count, nor does one that another function takes and leaves held.

How to fix it
    Release the lock before registering; in the walk, drop it around the call, and look again at
    what it guards once it is held again.

References
    Documentation/locking/mutex-design.rst, drivers/iommu/of_iommu.c (of_iommu_configure()),
    drivers/iommu/iommu.c; "iommu: Get DT/ACPI parsing into the proper probe path"
    (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.paths import spelled
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.relocked import Relocked, Relocks
from kscan.model import Effect, Finding, Fix, Severity, Step, StepKind, Subject
from kscan.rules import rule
from kscan.window.registrations import driver_of


@rule(
    summary="a lock that is held while a registration runs is taken inside it",
    severity=Severity.ERROR,
)
def lock_held_in_window(case: Case) -> Iterator[Finding]:
    """Locks that are waited for by what runs while they are held, one finding for each taker."""
    if case.window.is_open:
        return
    seen: set[tuple[str, int]] = set()
    for one in Relocks(case.program, case.catalogue, case.window, case.inside, case.callers).all():
        place = (one.entered.function.path, one.take.at)
        if place not in seen:
            seen.add(place)
            yield _finding(case, one)


def _finding(case: Case, one: Relocked) -> Finding:
    evidence = Evidence(case.program, case.window)
    function, holder = one.entered.function, one.holder
    registration = holder.registration or one.entered.registration
    lock, api = spelled(one.take.lock), case.contract.register
    return Finding(
        rule="lock-held-in-window",
        severity=Severity.ERROR,
        confidence=one.confidence,
        effect=Effect.DEADLOCK,
        message=f"{function.name}() waits for `{lock}` inside {api}(), {_held(one, api)}",
        primary=evidence.location(function, one.take.at),
        driver=driver_of(function.path),
        subject=Subject("lock", lock),
        registration=evidence.registration(registration) if registration else None,
        callback=evidence.callback(one.entered.callback) if one.entered.callback else None,
        trace=tuple(_trace(evidence, one)),
        assumptions=tuple(_assumptions(one, lock)),
        fix=Fix(_cure(one, api)),
    )


def _held(one: Relocked, api: str) -> str:
    """Who holds the lock meanwhile, and under which name."""
    holder = one.holder
    own = spelled(holder.take.lock)
    it = "it" if own == spelled(one.take.lock) else f"`{own}`"
    if holder.registration is not None:
        return f"and {holder.function.name}() holds {it} over that call"
    return f"where {holder.function.name}() holds {it} already"


def _assumptions(one: Relocked, lock: str) -> Iterator[str]:
    if one.take.place.kind == "field":
        yield f"`{spelled(one.holder.take.lock)}` and `{lock}` are the lock of one object"


def _cure(one: Relocked, api: str) -> str:
    lock, who = spelled(one.holder.take.lock), one.holder.function.name
    if one.holder.registration is not None:
        return f"have {who}() release `{lock}` before {api}()"
    if one.entered.callback is not None:
        return f"do without `{lock}` in {one.entered.function.name}(): {who}() holds it meanwhile"
    return f"drop `{lock}` around the call, and look again at what it guards once it is held again"


def _trace(evidence: Evidence, one: Relocked) -> Iterator[Step]:
    entered, holder = one.entered, one.holder
    if holder.registration is not None:
        yield _takes(evidence, one, 0)
    registration = holder.registration or entered.registration
    if registration is not None:
        yield evidence.registered(registration)
    if entered.callback is None:
        yield from _walked(evidence, one)
    else:
        yield from _called(evidence, one)
        yield evidence.entered(entered.callback)
        yield from evidence.inside(entered.frames, 1)
    note = f"waits for {spelled(one.take.lock)}, which {holder.function.name}() holds"
    at, depth = one.take.at, len(entered.frames)
    yield evidence.step(entered.function, at, StepKind.LOCK, note, 1, depth)


def _takes(evidence: Evidence, one: Relocked, side: int, depth: int = 0) -> Step:
    take, function = one.holder.take, one.holder.function
    note = f"takes {spelled(take.lock)}"
    return evidence.step(function, take.at, StepKind.LOCK, note, side, depth)


def _walked(evidence: Evidence, one: Relocked) -> Iterator[Step]:
    """The way through the walk, with the place on it that takes the lock first."""
    takes = one.holder.registration is None
    for depth, edge in enumerate(one.way):
        if takes and edge.caller == one.holder.function:
            yield _takes(evidence, one, 1, depth)
        yield from evidence.edges((edge,), depth)


def _called(evidence: Evidence, one: Relocked) -> Iterator[Step]:
    """The way through the walk to the call of the callback."""
    if one.holder.registration is None:
        yield _takes(evidence, one, 1)
    yield from evidence.edges(one.way)
    if one.call is not None:
        yield evidence.called(one.call)
