# SPDX-License-Identifier: GPL-2.0-only
"""of_xlate is not safe to call again, for the same device or for a second instance.

What it finds
    An ``of_xlate`` callback, with what it calls inside the driver, that on each call takes a
    reference which it does not put on every way out; allocates, maps or acquires and overwrites
    what it had before; puts an entry on a list that it does not search first; or resets, or
    counts, state that the instance shares between its clients. And one that does look first,
    but at ``dev_iommu_priv_get()``, which the core drops between two calls when a later step
    fails: it then allocates again and loses the first object, moves an entry that is still on
    the lost list, or uses NULL, as the call for a second device may, too; or it refuses the
    device for good, by something that the core does not drop. The message says which. The
    second call is executed in the world that the first one leaves; plain
    iommu_fwspec_add_ids(), storing what was merely looked up, and freeing the old object are
    no findings.

Why it matters
    of_xlate runs for each entry of "iommus", whenever a device without a fwspec is configured.
    The new probe path configures devices when they are added, in each registration that comes
    too early for one of their instances, and when a driver binds: about three times as often.

How it can be wrong
    A device of this driver may never have two instances, nor be configured twice. A search
    that kscan does not recognise as one; where a test of what the first call changed stays
    open, the confidence is medium. An object that is leaked with a dropped fwspec only is a
    note: nothing happens to a device with one instance whose probe succeeds. So is a reference
    that is left only where memory runs out. What is dropped:
    where the core of the tree keeps dev->iommu after a failed instance, only a failed probe
    drops it, and the confidence is medium. Memory of a ``devm_`` function, or handed to
    devres_add(), is freed when its device unbinds: it is reported where every call allocates,
    not where of_xlate looks first.

How to fix it
    Leave to of_xlate the ids (iommu_fwspec_add_ids()) and allocate in probe_device(), which
    runs once for a device and is undone by release_device(). Put the reference as soon as
    the driver data is read.

References
    drivers/iommu/of_iommu.c, drivers/iommu/iommu.c (dev_iommu_free(), iommu_init_device());
    "iommu: Get DT/ACPI parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.hazards.repeated import Drop, RepeatedCall, drops, recurrence, repeated_calls
from kscan.model import (
    CallbackRef,
    Effect,
    Finding,
    Fix,
    Severity,
    Subject,
    weakest,
)
from kscan.repeats.again import Hazard, Kind, When
from kscan.rules import rule
from kscan.window.registrations import driver_of

_LOSING = (Kind.LOST, Kind.MOVED, Kind.MISSING, Kind.REFUSED)
_EFFECTS = {
    Kind.INSERTION: Effect.CRASH,
    Kind.MISSING: Effect.CRASH,
    Kind.RESET: Effect.WRONG_VALUE,
    Kind.REFUSED: Effect.DECLINED,
}
_DOES = {
    Kind.REFERENCE: "takes a reference with {name}(){when} and leaves it{where}",
    Kind.ALLOCATION: "allocates with {name}(){when} and overwrites `{place}`{blindly}: the earlier "
    "object is lost{until}",
    Kind.ACQUISITION: "acquires with {name}(){when} and overwrites `{place}`{blindly}: what was "
    "there is never given back",
    Kind.INSERTION: "puts `{name}` on the list `{place}`{when} without searching it",
    Kind.RESET: "changes `{name}`, which all clients of the instance share,{when}",
    Kind.LOST: "asks `{place}` whether it has called {name}(), but the core drops that with the "
    "fwspec: {fate} each time it does",
    Kind.MOVED: "keeps the list `{place}` behind `{lost}`, which the core drops between two calls: "
    "`{name}` then joins a second list while it is on the first, whose owner is leaked",
    Kind.MISSING: "uses `{place}` without a test on a way that does not set it, but the core drops "
    "it between two calls",
    Kind.REFUSED: "sets `{place}`, which outlives the fwspec, and refuses for it{when}: the device "
    "is declined for good",
}
_ANOTHER = (
    "uses `{place}` without a test on a way that does not set it: a second device of the instance "
    "takes that way"
)
_LISTS = (
    "adds what {name}() gives to the list `{place}`{when}, without searching it: the earlier "
    "object stays on it{until}"
)
_WHEN = {
    When.EVERY: " on every call",
    When.UNCLEAR: " on every call that its own tests let through",
    When.DROPPED: " each time the core has dropped `{lost}`",
    When.ONCE: "",
}
_FIX = {
    Kind.REFERENCE: "Put the reference on every way out, as soon as the driver data is read.",
    Kind.INSERTION: "Look for the entry on the list first.",
    Kind.REFUSED: "Let that device pass again for which it was set.",
    Kind.RESET: "Set it where the instance is set up, before it is registered.",
}
_LOOK_FIRST = "Look first for what an earlier call left, in a place that the core does not drop."
_OWN = "Decide by what belongs to the device itself, and test that before it is used."
_SUBJECTS = {Kind.REFERENCE: "reference", Kind.INSERTION: "list", Kind.MOVED: "list"}


@rule(
    summary="of_xlate is not safe to call again for a device, or for a second instance",
    severity=Severity.WARNING,
)
def repeated_xlate(case: Case) -> Iterator[Finding]:
    """What callbacks that run again do wrong the second time."""
    dropped = drops(case)
    for call in repeated_calls(case):
        for hazard in call.hazards:
            if dropped or not _is_losing(hazard):
                yield _finding(case, call, hazard, dropped[0] if dropped else None)


def _finding(case: Case, call: RepeatedCall, hazard: Hazard, drop: Drop | None) -> Finding:
    evidence = Evidence(case.program, case.window)
    function, registration = call.entry.function, call.registration
    effect = _EFFECTS.get(hazard.kind, Effect.LEAK)
    losing = drop if _is_losing(hazard) else None
    trace = tuple(recurrence(evidence, call, hazard, losing))
    where, at = evidence.in_source(hazard.function, hazard.at, hazard.frames)
    return Finding(
        rule="repeated-xlate",
        severity=_severity(hazard, effect),
        confidence=weakest(*(step.confidence for step in trace)),
        effect=effect,
        message=_message(case, function.name, hazard),
        primary=evidence.location(where, at),
        driver=driver_of(function.path),
        subject=Subject(_SUBJECTS.get(hazard.kind, "field"), _subject(hazard)),
        registration=evidence.registration(registration) if registration else None,
        callback=CallbackRef(str(call.entry.slot), function.name, function.path, function.line),
        trace=trace,
        related=(evidence.location(losing.function, losing.at),) if losing else (),
        assumptions=_assumptions(case, hazard, losing),
        fix=Fix(_OWN if hazard.another else _FIX.get(hazard.kind, _LOOK_FIRST)),
        partly=hazard.partly,
    )


def _is_losing(hazard: Hazard) -> bool:
    """It takes that the core drops something between two calls for one device."""
    return hazard.kind in _LOSING and not hazard.another


def _severity(hazard: Hazard, effect: Effect) -> Severity:
    """What is leaked only with a fwspec that the core drops is worth reading, no more.

    Nor is what is left only where memory runs out.
    """
    if hazard.kind is Kind.LOST or hazard.starved:
        return Severity.NOTE
    return Severity.ERROR if effect is Effect.CRASH else Severity.WARNING


def _subject(hazard: Hazard) -> str:
    return hazard.place.spelled if hazard.place is not None else hazard.name


def _message(case: Case, callback: str, hazard: Hazard) -> str:
    lost = ", ".join(case.contract.repeated.dropped)
    does = _does(hazard).format(
        name=hazard.name,
        place=_subject(hazard),
        lost=lost,
        when=_WHEN[hazard.when].format(lost=lost),
        blindly=" without looking" if hazard.when is When.EVERY else "",
        where=_where(hazard),
        until=" until the device it was allocated for is unbound" if hazard.managed else "",
        fate=_fate(hazard),
    )
    return f"{callback}() {does}"


def _does(hazard: Hazard) -> str:
    if hazard.another:
        return _ANOTHER
    return _LISTS if _is_listed(hazard) else _DOES[hazard.kind]


def _where(hazard: Hazard) -> str:
    """On which ways out it is left."""
    if hazard.starved:
        return " where memory runs out"
    return " on some ways out" if hazard.partly else ""


def _fate(hazard: Hazard) -> str:
    """What becomes of an object that only what is dropped remembers."""
    if hazard.listed is None:
        return "an earlier object is leaked"
    return f"an earlier object stays on the list `{hazard.listed.spelled}`, where it is met first,"


def _is_listed(hazard: Hazard) -> bool:
    """What is allocated joins a list: the one before stays on it."""
    joins = hazard.place is not None and hazard.place.kind == "membership"
    return joins and hazard.kind is Kind.ALLOCATION


def _assumptions(case: Case, hazard: Hazard, drop: Drop | None) -> tuple[str, ...]:
    why = case.contract.repeated.why
    if hazard.another:
        return ("of_xlate() runs for each device that names the instance",)
    if drop is None:
        return (why,)
    if drop.on_the_way:
        return (why, f"a device has two instances, and {drop.function.name}() gives up on one")
    return (why, "a device that of_xlate accepted fails a later step and is configured again")
