# SPDX-License-Identifier: GPL-2.0-only
"""A lock is dropped around a callback, and what was read before is used after.

What it finds
    In a function that runs inside a registration, or that registers: a lock is released, a
    call through an ops table or a function pointer follows, or one of a function known to make
    such a call, and the lock is taken again, all in the function itself or in one that it calls.
    Then a pointer loaded before the release is dereferenced or handed on, a number loaded before
    it decides a branch, a member tested before it is dereferenced without a new test, or the
    cursor of a list walk goes on. What is looked at or set again, was referenced or taken off its
    list before the gap, or is the function's own, does not count.

Why it matters
    While the lock is free another thread may replace or free what was read: the conclusion
    that was drawn under the lock no longer holds when the lock is held again.

How it can be wrong
    Another lock, a reference taken elsewhere or the order of calls may keep the state as it
    was; a pointer that never changes after set-up is read under the lock all the same. Code
    that runs at boot only (``__init``) meets nobody: low confidence. A number, or a pointer
    that another function is handed, may be used in a way that bears it: medium. So is what only
    a function called afterwards dereferences, and what belongs to an object further on, as
    ``dev->bus->iommu_ops``: another lock may guard that. A member of a struct of others that
    the file which drops the lock never sets is hardly what the lock is for: low confidence. So
    has what a contract with an open window leads to: it runs inside no registration. A lock
    does not guard the way to the object that it lies in: that is never told.

How to fix it
    Look again after taking the lock again, or hold a reference across the call.

References
    Documentation/locking/mutex-design.rst, drivers/base/dd.c (__device_release_driver());
    "iommu: Get DT/ACPI parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.flow.gaps import Gap
from kscan.hazards.case import Case
from kscan.hazards.dropped import Dropped, DroppedLocks
from kscan.hazards.evidence import Evidence
from kscan.model import Confidence, Effect, Finding, Fix, Severity, Step, StepKind, Subject
from kscan.program.program import Function
from kscan.rules import rule
from kscan.window.registrations import driver_of


@rule(
    summary="a lock is dropped around a callback, and state read before is used after",
    severity=Severity.WARNING,
)
def lock_dropped_around_callback(case: Case) -> Iterator[Finding]:
    """Gaps across which state goes stale, one finding for each release."""
    found: dict[tuple[str, int], list[Dropped]] = {}
    for one in DroppedLocks(case.program, case.catalogue, case.inside).all():
        found.setdefault((one.entered.function.path, one.gap.dropped), []).append(one)
    for several in found.values():
        worst = max(several, key=lambda one: (one.confidence.rank, -one.gap.taken))
        yield _finding(case, worst, len(several) - 1)


def _finding(case: Case, one: Dropped, others: int) -> Finding:
    evidence = Evidence(case.program, case.window)
    entered, gap, stale = one.entered, one.gap, one.stale[0]
    function, registration = entered.function, entered.registration
    drops = f"has {gap.lent.function.name}() drop" if gap.lent else "drops"
    message = (
        f"{function.name}() {drops} `{gap.lock}` around {gap.call.what}, "
        f"then {stale.how} `{stale.what}` as it was before"
    )
    again = f"look at `{stale.source}` again once `{gap.lock}` is held again"
    if stale.how == "goes on from":
        again = f"start the walk anew, or hold a reference to `{stale.what}` across the call"
    return Finding(
        rule="lock-dropped-around-callback",
        severity=Severity.NOTE if function.fact.init else Severity.WARNING,
        confidence=one.confidence,
        effect=Effect.RACE,
        message=message,
        primary=evidence.location(function, gap.dropped),
        driver=driver_of(function.path),
        subject=Subject("lock", gap.lock),
        registration=evidence.registration(registration) if registration else None,
        callback=evidence.callback(entered.callback) if entered.callback else None,
        trace=tuple(_trace(evidence, one)),
        others=others + len(one.stale) - 1,
        assumptions=(f"nothing but `{gap.lock}` keeps `{stale.source}` as it is", *one.doubts),
        fix=Fix(again),
    )


def _trace(evidence: Evidence, one: Dropped) -> Iterator[Step]:
    entered, gap, stale = one.entered, one.gap, one.stale[0]
    yield from evidence.way_into(entered)
    depth = len(entered.frames)
    loaded = stale.source if stale.source == stale.what else f"{stale.what} from {stale.source}"
    held = f"reads {loaded} with {gap.lock} held"
    used = f"{stale.how} {stale.what}, not looked at again"
    yield evidence.step(entered.function, stale.read, StepKind.READ, held, 1, depth, one.confidence)
    yield from _dropped(evidence, entered.function, gap, depth, one.confidence)
    yield evidence.step(entered.function, stale.used, StepKind.READ, used, 1, depth, one.confidence)


def _dropped(
    evidence: Evidence, function: Function, gap: Gap, depth: int, sure: Confidence
) -> Iterator[Step]:
    """The gap, in the function called that has it."""
    if gap.lent is not None:
        called = gap.lent.function
        note = f"calls {called.name}"
        yield evidence.step(function, gap.dropped, StepKind.CALL, note, 1, depth, sure)
        yield from _dropped(evidence, called, gap.lent.gap, depth + 1, sure)
        return
    for at, kind, note in (
        (gap.dropped, StepKind.UNLOCK, f"drops {gap.lock}"),
        (gap.call.at, StepKind.SLOT, f"calls {gap.call.what}: others may run"),
        (gap.taken, StepKind.LOCK, f"takes {gap.lock} again"),
    ):
        yield evidence.step(function, at, kind, note, 1, depth, sure)
