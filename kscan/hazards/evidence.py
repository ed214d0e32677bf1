# SPDX-License-Identifier: GPL-2.0-only
"""Evidence: what the window analysis found, as the steps and findings a reader can check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.execution.values import Taint
from kscan.execution.world import Event, Happening
from kscan.flow.depth import Call
from kscan.flow.places import RUNTIME_PM
from kscan.flow.written import Write
from kscan.hazards.case import Case
from kscan.lateness.late import Late
from kscan.lateness.masked import LateRead
from kscan.lateness.readers import Reader
from kscan.model import (
    CallbackRef,
    Confidence,
    Effect,
    Finding,
    Location,
    RegistrationRef,
    Severity,
    Step,
    StepKind,
    Subject,
)
from kscan.program.calls import EdgeKind, Slot
from kscan.program.graph import Edge, SlotCall
from kscan.program.program import Function, Program
from kscan.window.inside import Entered
from kscan.window.registrations import Registration, driver_of
from kscan.window.window import Callback, Window

DOES = {
    Effect.CRASH: "dereferences it",
    Effect.DECLINED: "refuses for want of it",
    Effect.WRONG_VALUE: "takes it for zero",
    Effect.UNREADY: "uses it before it is initialised",
    Effect.WARN: "warns",
}
_KINDS = {
    EdgeKind.DIRECT: StepKind.CALL,
    EdgeKind.ARGUMENT: StepKind.ARGUMENT,
    EdgeKind.SLOT: StepKind.SLOT,
    EdgeKind.QUEUED: StepKind.QUEUED,
    EdgeKind.ASSUMED: StepKind.SLOT,
}
_MEETS = {
    Happening.CRASH: "NULL",
    Happening.DECLINED: "not set yet",
    Happening.STORED: "NULL",
    Happening.WRONG: "zero",
    Happening.UNREADY: "not initialised",
    Happening.WARNED: "not set yet",
}

_VERBS = {
    "global": "writes",
    "field": "writes",
    "membership": "joins",
    "driver data": "sets",
    "runtime PM": "enables",
    "clock": "switches on",
    "regulator": "switches on",
    "reset": "releases",
    "pulse": "triggers",
}
"""What the late write does, by the kind of its place; all others are made ready."""
_EXACTLY = {
    Effect.CRASH: ("stops at", "hands", "returns a pointer"),
    Effect.UNREADY: ("calls",),
    Effect.WARN: ("warns",),
}
"""Notes of events that say better than `DOES` what the callback does."""


@dataclass(frozen=True)
class Evidence:
    """Makes steps from places in one program."""

    program: Program
    window: Window

    def location(self, function: Function, at: int) -> Location:
        """The place of byte offset `at` in the file of `function`."""
        line, column = self.program.reader.position(function.path, at)
        return Location(function.path, line, column, function.name)

    def step(
        self, function: Function, at: int, kind: StepKind, note: str, side: int = 0,
        depth: int = 0, confidence: Confidence = Confidence.HIGH,
    ) -> Step:  # fmt: skip
        """One step, with the source line it stands on."""
        location = self.location(function, at)
        source = self.program.reader.source_line(location.path, location.line)
        return Step(location, kind, note, source, side, depth, confidence)

    def registration(self, registration: Registration) -> RegistrationRef:
        """The registration, as a report names it."""
        location = self.location(registration.function, registration.at)
        return RegistrationRef(
            registration.contract.register, location.function, location.path, location.line
        )

    def callback(self, callback: Callback) -> CallbackRef:
        """The callback, as a report names it."""
        function = callback.function
        return CallbackRef(str(callback.slot), function.name, function.path, function.line)

    def registered(self, registration: Registration) -> Step:
        """The call that opens the window."""
        published = ", ".join(registration.published) or "a callback"
        note = f"publishes {published}: the window opens"
        return self.step(registration.function, registration.at, StepKind.REGISTER, note)

    def way(self, slot: Slot) -> Iterator[Step]:
        """The edges from the registration to the call through `slot`, then that call."""
        call = self.window.call_of(slot)
        if call is None:
            return
        for depth, edge in enumerate(self.window.reach.way(call.caller)):
            yield self._edge(edge, depth)
        yield self.called(call)

    def called(self, call: SlotCall) -> Step:
        """The call through a slot that leads to a callback."""
        at, note, sure = call.site.at, f"calls {call.slot}", call.site.confidence
        return self.step(call.caller, at, StepKind.SLOT, note, 1, 0, sure)

    def way_to(self, target: Function) -> Iterator[Step]:
        """The edges from the registration to `target`; none to what it does not reach."""
        if target in self.window.reach.ways:
            yield from self.edges(self.window.reach.way(target))

    def edges(self, way: tuple[Edge, ...], depth: int = 0) -> Iterator[Step]:
        """The edges of a way, each one call deeper than the one before."""
        for number, edge in enumerate(way):
            yield self._edge(edge, depth + number)

    def way_into(self, entered: Entered) -> Iterator[Step]:
        """From the registration to a function that runs inside it, the walk's or a callback's."""
        if entered.callback is None or entered.registration is None:
            if entered.function in self.window.reach.ways:
                yield from self.way_to(entered.function)
            return
        yield self.registered(entered.registration)
        yield from self.way(entered.callback.slot)
        yield self.entered(entered.callback)
        yield from self.inside(entered.frames, 1)

    def _edge(self, edge: Edge, depth: int) -> Step:
        kind = _KINDS[edge.site.kind]
        if edge.site.kind is EdgeKind.ARGUMENT:
            note = f"hands over {edge.callee.name}"
        elif edge.site.kind is EdgeKind.QUEUED:
            note = f"has {edge.callee.name} run later"
        elif edge.site.kind is EdgeKind.ASSUMED:
            scenario = self.window.scenario.name if self.window.scenario else "the scenario"
            note = f"calls {edge.site.name}, assumed by {scenario}"
        elif edge.site.slot is not None:
            note = f"calls {edge.site.slot}"
        else:
            note = f"calls {edge.callee.name}"
        return self.step(edge.caller, edge.site.at, kind, note, 1, depth, edge.site.confidence)

    def entered(self, callback: Callback, note: str = "") -> Step:
        """The entry of a callback."""
        function = callback.function
        runs = "may run from the registration on" if self.window.runs_later(callback.slot) else ""
        note = note or runs or "runs inside the registration"
        sure = callback.confidence
        return self.step(function, function.fact.start, StepKind.CALLBACK, note, 1, 0, sure)

    def inside(self, frames: tuple[Call, ...], side: int) -> Iterator[Step]:
        """The calls that lead from a callback, or from the probe, to where it happens."""
        for depth, frame in enumerate(frames):
            kind = StepKind.QUEUED if frame.later else StepKind.CALL
            note = (
                f"has {frame.callee.name} run later"
                if frame.later
                else f"calls {frame.callee.name}"
            )
            yield self.step(frame.caller, frame.at, kind, note, side, depth + 1)

    def written(self, write: Write, what: str) -> Iterator[Step]:
        """A late write, with the calls that lead to it."""
        yield from self.inside(write.frames, 0)
        yield self.step(write.function, write.at, StepKind.WRITE, what, 0, len(write.frames))

    def read(self, event: Event) -> Iterator[Step]:
        """The read of a late place, and what comes of it."""
        taint = event.taint
        frames = _frames_to(event.frames, taint)
        yield from self.inside(frames, 1)
        reader = frames[-1].callee if frames else self._reader(event, taint)
        note = _met(event)
        here = reader.path == taint.path and reader.name == taint.function
        if here and taint.at == event.at:
            yield self.step(reader, event.at, StepKind.READ, f"{note}, and {event.note}", 1)
            return
        if here:
            yield self.step(reader, taint.at, StepKind.READ, note, 1, len(frames))
        kind = StepKind.GUARD if event.what is Happening.DECLINED else StepKind.READ
        yield from self.inside(event.frames[len(frames) :], 1)
        yield self.step(event.function, event.at, kind, event.note, 1, len(event.frames))

    def own_place(self, event: Event) -> tuple[Function, int]:
        """Where `event` happens; for an inline of a shared header, where that is called."""
        return self.in_source(event.function, event.at, event.frames)

    def in_source(self, where: Function, at: int, frames: tuple[Call, ...]) -> tuple[Function, int]:
        """The same place; for an inline of a shared header, where that is called."""
        for frame in reversed(frames):
            if not where.path.startswith("include/"):
                break
            where, at = frame.caller, frame.at
        return where, at

    def _reader(self, event: Event, taint: Taint) -> Function:
        first = event.frames[0].caller if event.frames else event.function
        if (first.path, first.name) == (taint.path, taint.function):
            return first
        return next(iter(self.program.named(taint.path, taint.function)), first)


def _met(event: Event) -> str:
    """What a reader finds in a place that is written too late."""
    place = event.taint.place
    if place == RUNTIME_PM:
        return f"needs {place.spelled}: still disabled"
    if event.note.endswith("without it"):
        return f"needs {place.spelled}: not switched on"
    what = Happening.DECLINED if event.note.startswith("stops at") else event.what
    met = "nothing on it" if place.kind == "membership" else _MEETS[what]
    return f"reads {place.spelled}: {met}"


def _frames_to(frames: tuple[Call, ...], taint: Taint) -> tuple[Call, ...]:
    """The calls that lead to the function which reads."""
    for number, frame in enumerate(frames):
        if (frame.callee.path, frame.callee.name) == (taint.path, taint.function):
            return frames[: number + 1]
    return ()


def subject_of(late: Late) -> Subject:
    """What a finding about a late place is about."""
    return Subject("list" if late.kind == "membership" else late.kind, late.spelled)


def late_finding(case: Case, found: LateRead, rule: str, what: str) -> Finding:
    """The finding that `found` is; `what` is the place in the words of its message."""
    evidence = Evidence(case.program, case.window)
    reader, registration = found.reader, found.registration
    trace = [
        evidence.registered(registration),
        *evidence.way(reader.callback.slot),
        evidence.entered(reader.callback),
        *_reading(evidence, found),
        *evidence.written(found.late.write, _writing(found)),
    ]
    return Finding(
        rule=rule,
        severity=_severity(case, found),
        confidence=found.confidence,
        effect=reader.effect,
        message=_message(case, found, what),
        primary=evidence.location(registration.function, registration.at),
        driver=driver_of(registration.function.path),
        subject=subject_of(found.late),
        registration=evidence.registration(registration),
        callback=evidence.callback(reader.callback),
        trace=tuple(trace),
        related=(evidence.location(found.late.write.function, found.late.write.at),),
        others=found.late.others,
        assumptions=found.doubts,
    )


def _severity(case: Case, found: LateRead) -> Severity:
    """What follows the NULL in a list that is not ready crashes, as what dereferences one does."""
    if found.reader.effect is Effect.UNREADY and case.catalogue.functions.follows(found.late.kind):
        return Severity.ERROR
    return severity_of(found.reader.effect)


def severity_of(effect: Effect) -> Severity:
    """How bad an effect is: a crash or lost isolation is an error."""
    if effect in (Effect.CRASH, Effect.DECLINED, Effect.DEADLOCK):
        return Severity.ERROR
    return Severity.WARNING


def _reading(evidence: Evidence, found: LateRead) -> Iterator[Step]:
    reader = found.reader
    if reader.stored is None or reader.victim is None:
        yield from evidence.read(reader.event)
        return
    yield from evidence.read(reader.stored)
    victim = reader.victim
    note = f"{victim.slot} of the same table runs next"
    yield evidence.step(victim.function, victim.function.fact.start, StepKind.CALL, note, 1)
    yield from evidence.inside(reader.event.frames, 1)
    kind = StepKind.GUARD if reader.effect is Effect.DECLINED else StepKind.READ
    yield evidence.step(reader.event.function, reader.event.at, kind, reader.event.note, 1)


def _writing(found: LateRead) -> str:
    late, several = found.late, found.late.others
    verb = _VERBS.get(late.kind, "initialises")
    more = f" (+{several} more)" if several else ""
    return f"{verb} {late.spelled} only now{more}"


def _message(case: Case, found: LateRead, what: str) -> str:
    reader, contract = found.reader, found.registration.contract
    callback, api = reader.callback.function.name, contract.register
    what = f"{what}, maybe" if found.late.behind.may_be_early else what
    if case.window.runs_later(reader.callback.slot):
        return f"{what} only after {api}() lets {callback}() run, which {DOES[reader.effect]}"
    if reader.victim is not None:
        victim = reader.victim.function.name
        declines = reader.effect is Effect.DECLINED
        return (
            f"{what} only after {api}() has run {callback}(), which passes it on to "
            f"{victim}(); that one {'then refuses the device' if declines else _does(reader)}"
        )
    return f"{what} only after {api}() has run {callback}(), which {_does(reader)}"


def _does(reader: Reader) -> str:
    """What the one that suffers does with what it finds, as exactly as the event says."""
    note = reader.event.note
    if note.startswith(_EXACTLY.get(reader.effect, ())) and not note.endswith("() on it"):
        return note
    return DOES[reader.effect]
