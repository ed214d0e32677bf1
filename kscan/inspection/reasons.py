# SPDX-License-Identifier: GPL-2.0-only
"""Why kscan believes each step of a trace, and what would refute the finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.model import Confidence, Effect, Finding, Step, StepKind
from kscan.program.calls import CallSite, Slot, call_sites
from kscan.program.program import Function
from kscan.rules import Rule
from kscan.window.registrations import Registration

_MEETS = {
    Effect.CRASH: "nothing that kscan sees on this way tests it first",
    Effect.DECLINED: "the test leads to a return that refuses the device",
    Effect.WRONG_VALUE: "it still holds what a fresh object holds, and zero is taken at face value",
    Effect.UNREADY: "the function that makes it fit for use comes later",
}
_OTHERS = {
    StepKind.LOOKUP: "the catalogue says which devices this look-up sees",
    StepKind.LOCK: "the catalogue lists it among the functions that take a lock",
    StepKind.UNLOCK: "the catalogue lists it among the functions that release a lock",
    StepKind.GUARD: "the source tests it here",
    StepKind.READ: "the source reads it here",
}


@dataclass
class Reasons:
    """Explains one finding of one case."""

    case: Case
    rule: Rule
    finding: Finding

    @property
    def _registration(self) -> Registration | None:
        """The registration of the finding."""
        evidence = Evidence(self.case.program, self.case.window)
        wanted = self.finding.registration
        return next(
            (r for r in self.case.registrations if evidence.registration(r) == wanted), None
        )

    def of(self, number: int) -> str:
        """Why step `number` of the trace is believed."""
        step = self.finding.trace[number]
        match step.kind:
            case StepKind.REGISTER:
                contract = self.case.contract
                return f"{contract.why} ({contract.source})"
            case StepKind.CALLBACK:
                return self._entry()
            case StepKind.WRITE:
                return self._write(step)
            case StepKind.CALL | StepKind.SLOT | StepKind.ARGUMENT | StepKind.QUEUED:
                return self._edge(step, self._after(number))
        last = all(later.side == 0 for later in self.finding.trace[number + 1 :])
        met = _MEETS.get(self.finding.effect) if last else None
        return met or _OTHERS.get(step.kind, "")

    def _after(self, number: int) -> str:
        """The function that the next step stands in."""
        following = self.finding.trace[number + 1 : number + 2]
        return following[0].location.function if following else ""

    # Edges

    def _site(self, step: Step) -> CallSite | None:
        caller = self._function(step.location.path, step.location.function)
        reader = self.case.program.reader
        place = (step.location.line, step.location.column)
        for site in call_sites(self.case.program, caller) if caller is not None else ():
            if reader.position(step.location.path, site.at) == place:
                slots = step.kind is StepKind.SLOT
                if (site.slot is not None) == slots and (slots or site.name in step.note):
                    return site
        return None

    def _function(self, path: str, name: str) -> Function | None:
        return next(iter(self.case.program.named(path, name)), None)

    def _edge(self, step: Step, target: str) -> str:
        scenario = self.case.window.scenario
        if scenario is not None and f"assumed by {scenario.name}" in step.note:
            slots = [
                e.slot for e in self.case.window.assumed if e.slot and str(e.slot) in step.note
            ]
            brings = f"{scenario.why}: what {scenario.subject!r} ({scenario.commit}) brings"
            return "; ".join([brings, *(self._filled(slot, target) for slot in slots[:1])])
        if step.kind is StepKind.QUEUED:
            return f"{target}() is what is queued here, and another thread runs it"
        site = self._site(step)
        if site is None:
            return "the call stands in an expansion or in code outside the walk"
        if site.slot is not None:
            return self._filled(site.slot, target)
        found = self.case.program.resolve(site.name, step.location.path)
        places = [f"{function.path}:{function.line}" for function in found]
        if step.kind is StepKind.ARGUMENT:
            where = places[0] if places else "elsewhere"
            return f"who hands {site.name}() ({where}) over is taken to have it run"
        if not places:
            return f"no definition of {site.name}() is found"
        more = f", one of {len(places)}: configuration or arch decides" if len(places) > 1 else ""
        return f"{site.name}() is defined at {places[0]}{more}"

    def _filled(self, slot: Slot, target: str) -> str:
        """Which table puts `target` into `slot`, and why that table."""
        window, registration = self.case.window, self._registration
        if registration is not None and slot.tag in self.case.contract.tables:
            for callback in window.callbacks(registration):
                if (callback.slot, callback.function.name) == (slot, target):
                    entry = callback.entry
                    place = f"{entry.variable} ({entry.path}:{entry.line})"
                    return f"{place} holds {target}, and this registration publishes that table"
        for entry in window.visited(slot):
            if entry.function.name == target:
                walked = self.case.contract.walked
                array = f", which {walked.array}[] names" if walked is not None else ""
                return f"{entry.variable} ({entry.path}:{entry.line}) holds {target}{array}"
        return f"whoever fills {slot} may run"

    # Ends

    def _entry(self) -> str:
        gate, registration = self.case.contract.gate, self._registration
        if gate is None or registration is None:
            return "it is reachable from the registration by the way shown"
        if not registration.gated:
            return "the instance is registered for every device, so no gate keeps callbacks out"
        return f"{gate.needs}() is reachable from the registration: {gate.why}"

    def _write(self, step: Step) -> str:
        registration = self.finding.registration
        if step.side == 1 or registration is None:
            return "the source does it here, and no test on the way keeps it from running"
        kind = self.finding.subject.kind if self.finding.subject else ""
        earlier = "write" if kind not in _SETTING else "call"
        return (
            f"it is behind {self.case.contract.register}() on the success side of "
            f"{registration.function}(), and "
            f"no {earlier} that is certain precedes it ({', '.join(self._searched(step))})"
        )

    def _searched(self, step: Step) -> list[str]:
        """Where an earlier write was looked for."""
        registration = self._registration
        if registration is None:
            return [step.location.path]
        above = self.case.callers.above(registration.function)
        names = [f"{function.name}()" for function in above]
        return [*names, "the driver's functions these call", "its __init functions"]

    # Refutations

    def refuted_by(self) -> Iterator[str]:
        """What would show that the finding is wrong, the likeliest first."""
        for step in self.finding.trace:
            if step.confidence is not Confidence.HIGH:
                where = f"{step.location.path}:{step.location.line}"
                yield f"{where}: {step.note}: this is not certain ({step.confidence})."
        yield from self._of_the_window()
        yield from self._of_the_object()
        for edge in self.case.window.assumed:
            yield (
                f"This tree never gets the call {edge}, or makes it "
                "elsewhere: --as-is shows what stands without it."
            )
        page = _how_it_can_be_wrong(self.rule.page)
        if page:
            yield page

    def _of_the_window(self) -> Iterator[str]:
        callback, registration = self.finding.callback, self.finding.registration
        if callback is None or registration is None:
            return
        yield (
            f"{callback.function}() is not in the table that {registration.function}() registers, "
            f"or {callback.slot} does not run for a device there is while it registers."
        )

    def _of_the_object(self) -> Iterator[str]:
        subject, registration = self.finding.subject, self.finding.registration
        written = any(step.kind is StepKind.WRITE for step in self.finding.trace)
        if subject is None or subject.kind in _NEVER_SET or not written:
            return
        place = f"{registration.path}:{registration.line}" if registration else "the registration"
        setting = _SETTING.get(subject.kind)
        earlier = f"{setting} {subject.name} and" if setting else f"write of {subject.name} that"
        yield f"A {earlier} runs before {place} on every way there."
        if self.finding.effect is Effect.CRASH:
            yield f"A test of {subject.name} on the way that keeps the use from happening."


_SETTING = {
    "runtime PM": "call that enables",
    "clock": "call that switches on",
    "regulator": "call that switches on",
    "reset": "call that releases",
    "pulse": "call that triggers",
}
"""What makes ready that of which nothing is written."""
_NEVER_SET = ("bound devices", "device", "lock", "replay")
"""What findings are about that no write makes ready."""


def _how_it_can_be_wrong(page: str) -> str:
    """The text of that section of a rule's page, on one line."""
    text: list[str] = []
    inside = False
    for line in page.splitlines():
        if line and not line[0].isspace():
            inside = line.strip() == "How it can be wrong"
        elif inside and line.strip():
            text.append(line.strip())
    return " ".join(text)
