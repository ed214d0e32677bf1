# SPDX-License-Identifier: GPL-2.0-only
"""Doubts: what lowers the confidence that a late write is a hazard to its reader, and how far."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.cfg import Kind, flow_of
from kscan.flow.places import RUNTIME_PM, Place
from kscan.flow.writes import Writes
from kscan.hits.architectures import Architectures
from kscan.kernel.contracts import slot_matches
from kscan.lateness.besides import Besides
from kscan.lateness.late import Late
from kscan.lateness.order import Behind
from kscan.lateness.readers import Reader
from kscan.model import Confidence, Effect
from kscan.program.hooks import declaring
from kscan.program.program import Program
from kscan.window.registrations import Registration
from kscan.window.scope import Ownership
from kscan.window.window import Callback, Window

Doubt = tuple[Confidence, str]
"""The most that is left of the confidence, and why."""

_OF_A_STATE = (Effect.WRONG_VALUE, Effect.DECLINED)
"""What is told, or refused, as long as a device is in the state that it begins in."""
_OF_USE = (Effect.CRASH, Effect.WARN)
"""What the first use of a value comes to, whoever makes it."""


@dataclass(frozen=True)
class Doubts:
    """The doubts about the late writes around one registration."""

    program: Program
    window: Window
    registration: Registration
    writes: Writes
    belongs: Ownership
    architectures: Architectures
    besides: Besides

    def about(self, late: Late, reader: Reader) -> Iterator[Doubt]:
        """Everything that speaks against `reader` suffering from `late`."""
        yield from self._of_reader(reader)
        callback = reader.sufferer
        yield from self.of_callback(callback)
        if reader.effect is Effect.UNREADY and late.place == RUNTIME_PM and self._is_awake(late):
            yield Confidence.LOW, "the driver says that the device is active before"
        if late.place == RUNTIME_PM and callback.entry.via in self.window.contract.through.undoing:
            yield Confidence.LOW, f"{callback.entry.via} takes back what was done, and nothing was"
        if reader.effect in _OF_USE and self._is_met_as_well(late, reader):
            yield Confidence.LOW, "what sets it reads it before: it would suffer from that itself"
        yield from self._of_write(late, wrong=reader.effect is Effect.WRONG_VALUE)
        if reader.effect in _OF_A_STATE and self.besides.is_kept_up(late.place):
            yield Confidence.LOW, "an interrupt handler or the like sets it too: it is a state"

    def excludes(self, late: Late, reader: Reader) -> bool:
        """The registration does not run what suffers from `late`, or has it do nothing."""
        callback, contract = reader.sufferer, self.window.contract
        if self._passed_over(callback) or self.window.is_excluded(self.registration, callback):
            return True
        is_undoing = callback.entry.via in contract.through.undoing
        return late.place == RUNTIME_PM and is_undoing and self._may_do_without(reader)

    def _may_do_without(self, reader: Reader) -> bool:
        """The callback may succeed without coming to what it suffers from: nothing was done yet."""
        function, event = reader.sufferer.function, reader.event
        cfg = flow_of(self.program, function)
        node = cfg.containing(event.frames[0].at if event.frames else event.at)
        return node is not None and any(
            other.kind is Kind.RETURN
            and isinstance(other.expr, ir.Const)
            and other.expr.is_zero
            and not cfg.passes({node.index}, other.index)
            for other in cfg.nodes
        )

    def _of_reader(self, reader: Reader) -> Iterator[Doubt]:
        if reader.effect is Effect.WRONG_VALUE:
            yield Confidence.MEDIUM, "zero is assumed to be the wrong value here"
        if reader.waits:
            yield Confidence.LOW, "what leads there is not set before either"
        if reader.event.again:
            yield Confidence.LOW, "its error says to come again"
        if reader.event.sure:
            return
        if reader.effect is Effect.UNREADY:
            yield Confidence.MEDIUM, "something else may have switched the device on"
        else:
            yield Confidence.MEDIUM, "code outside the driver is assumed to use the pointer"

    def of_callback(self, callback: Callback) -> Iterator[Doubt]:
        """What speaks against `callback` being run by the registration at all."""
        slot, contract = str(callback.slot), self.window.contract
        if slot in contract.failure.slots:
            yield Confidence.LOW, f"{slot} runs only after something else failed"
        lacking = self.window.unmet(self.registration, slot)
        if lacking:
            yield Confidence.LOW, lacking
        passed_over = self._passed_over(callback)
        if passed_over:
            yield Confidence.LOW, passed_over

    def _passed_over(self, callback: Callback) -> str:
        """Why another table is taken wherever this driver is built; empty where none is."""
        slot, path = str(callback.slot), self.registration.function.path
        return next(
            (
                preferred.why
                for preferred in self.window.contract.preferred
                if preferred.through != callback.entry.via
                and slot_matches(preferred.slots, slot)
                and self._leads(preferred.through)
                and self.architectures.is_only_for(path, preferred.architecture)
            ),
            "",
        )

    def _leads(self, field: str) -> bool:
        """A `field` of the registered table leads to another table."""
        return any(one.entry.via == field for one in self.window.callbacks(self.registration))

    def _of_write(self, late: Late, *, wrong: bool) -> Iterator[Doubt]:
        """Doubts about the late write; the value of what is read as zero is doubtful already."""
        if late.behind is Behind.DRIVER:
            yield (
                Confidence.MEDIUM,
                "a device is there when the driver is registered, so that probe runs then",
            )
        if late.behind is Behind.QUEUE:
            yield Confidence.MEDIUM, "what registers runs later, and may do so before the write"
        if late.behind is Behind.NOTHING:
            yield (
                Confidence.MEDIUM,
                "what sets it runs later, and may do so before the registration",
            )
        elif late.early is not None:
            yield Confidence.MEDIUM, "an earlier write precedes the registration on some paths"
        foreign, runtime = self._is_foreign(late), self._is_runtime_state(late)
        if foreign:
            why = f"struct {late.place.owner} is not the driver's own: other code may set it"
            doubtful = wrong or runtime or self._is_hidden(late)
            yield (Confidence.LOW if doubtful else Confidence.MEDIUM), why
        if wrong and late.in_caller:
            yield Confidence.LOW, "the late write stands in a caller"
        if runtime:
            why = "other functions write it too: it may be run-time state, not set-up"
            yield (Confidence.LOW if wrong else Confidence.MEDIUM), why

    def _is_met_as_well(self, late: Late, reader: Reader) -> bool:
        """The function that reads the place alone sets it, after it has read it."""
        taint = reader.taint
        for function in self.program.named(taint.path, taint.function):
            cfg = flow_of(self.program, function)
            read = cfg.containing(taint.at)
            if read is not None and late.comes_by(function):
                nodes = map(cfg.containing, late.spots_in(function))
                if any(node and read.index in cfg.reaching(node.index) for node in nodes):
                    return True
        return False

    def _is_awake(self, late: Late) -> bool:
        """Who enables runtime PM, or registers, says that the device is active already."""
        names = self.writes.catalogue.functions.runtime_pm.awake
        functions = {late.write.function, self.registration.function}
        return any(self.program.mentions(f, name) for f in functions for name in names)

    def _is_foreign(self, late: Late) -> bool:
        """A field of a struct that the driver's own files do not define.

        Of one object that a setter keeps in its own file, the registering file need not see it.
        """
        place = late.place
        if place.kind == "global" or not place.owner or "/" in place.owner:
            return False
        home = self._home(place)
        if home is None and late.kind == "global":
            home = declaring(self.program, place.owner, late.write.function.path)
        return home is None or not self.belongs(home)

    def _is_hidden(self, late: Late) -> bool:
        """The struct is another directory's, and the registering file does not see what is in it.

        There are many such objects, and nothing tells whose is meant.
        """
        path, own = late.write.function.path, self.registration.function.path
        return posixpath.dirname(path) != posixpath.dirname(own) and self._home(late.place) is None

    def _home(self, place: Place) -> str | None:
        """The file that declares the struct of `place`, as the registering file sees it."""
        return declaring(self.program, place.owner, self.registration.function.path)

    def _is_runtime_state(self, late: Late) -> bool:
        """A callback writes the place as well."""
        return any(
            write.place == late.place and not write.partial
            for callback in self.window.callbacks(self.registration)
            for write in self.writes.of(callback.function)
        )
