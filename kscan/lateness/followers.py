# SPDX-License-Identifier: GPL-2.0-only
"""Drivers that are registered after the one whose probe registers the instance.

    platform_driver_register(&foo_driver);          probe opens the window
    platform_driver_register(&foo_bank_driver);     probe sets the driver data of a bank

Until the first call returns no bank has been probed: what callbacks in the window find as its
driver data is NULL.  Whose driver data a callback reads is told by its type alone, so only a
driver counts whose data is of a struct of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kscan.execution.values import Taint, Value, What
from kscan.facts import ir
from kscan.flow.cfg import flow_of
from kscan.flow.depth import Call
from kscan.flow.paths import root_name
from kscan.flow.places import DRVDATA
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.lateness.late import Late
from kscan.lateness.order import Behind
from kscan.lateness.probing import Probing
from kscan.program.filled import filling, holding
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of
from kscan.window.callers import registered_by

Sites = Mapping[tuple[str, int], Value]
"""Calls, by path and offset, and what they yield."""

_PROBE = "probe"


@dataclass(frozen=True)
class Follower:
    """What the probe of such a driver sets for its devices."""

    probe: Function
    late: Late
    tag: str
    """The struct that its driver data is."""


@dataclass(frozen=True)
class Followers:
    """Finds the drivers that follow a probe."""

    program: Program
    functions: Functions
    writes: Writes

    def of(self, above: tuple[Function, ...]) -> Iterator[Follower]:
        """Those that follow the driver whose probe is among `above`: it registers, or calls it."""
        found = [
            (Call(init, other, second.at), other)
            for probe in above
            for init, first in registered_by(self.program, self.functions, probe)
            for other, second in self._probed_after(init, first)
            if other not in above
        ]
        own = {tag for probe in above if found for _, tag in self._set_by(probe)}
        for frame, other in found:
            for write, tag in self._set_by(other):
                if tag and tag not in own:
                    yield Follower(other, _late(write, frame, tag), tag)

    def _set_by(self, probe: Function) -> Iterator[tuple[Write, str]]:
        """What `probe` sets as driver data of its own device, and the struct that it is."""
        probing = Probing(self.program, probe)
        for write in self.writes.of(probe):
            if write.place != DRVDATA or write.base is None or write.value is None:
                continue
            if probing.leads_to_it(write.base):
                yield write, scope_of(self.program, write.function).tag_of(write.value)

    def _probed_after(self, init: Function, first: ir.Call) -> Iterator[tuple[Function, ir.Call]]:
        """The probes of drivers that `init` registers only once `first` has returned; and how."""
        for fact in filling(self.program, init.path, _PROBE):
            if fact.variable:
                for probe in self.program.named(init.path, fact.values[0]):
                    calls = list(registered_by(self.program, self.functions, probe))
                    after = all(c == init and self._follows(init, first, s) for c, s in calls)
                    if calls and after and not self._is_listed(probe):
                        yield probe, calls[0][1]

    def _follows(self, init: Function, first: ir.Call, second: ir.Call) -> bool:
        """In `init` some way leads from the call `first` to `second`."""
        cfg = flow_of(self.program, init)
        before, after = cfg.containing(first.at), cfg.containing(second.at)
        return (
            before is not None and after is not None and before.index in cfg.reaching(after.index)
        )

    def _is_listed(self, probe: Function) -> bool:
        """A macro at file scope registers the driver of `probe`, whenever that is."""
        toplevel = self.program.unit(probe.path).toplevel
        drivers = {fact.variable for fact in holding(self.program, probe.path, probe.name)}
        return any(drivers & set(call.arguments) for call in toplevel)


def _late(write: Write, frame: Call, tag: str) -> Late:
    """Driver data that is set by `write` in a probe that runs inside the call of `frame`."""
    inside, spelled = replace(write, frames=(frame, *write.frames)), f"{DRVDATA.spelled} of {tag}"
    return Late(DRVDATA, inside, behind=Behind.DRIVER, kind=DRVDATA.kind, spelled=spelled)


def reads(program: Program, functions: Functions, reached: tuple[Function, ...], tag: str) -> Sites:
    """Where `reached`, a callback and what it calls, look at driver data that is a struct `tag`.

    Not where the callback asks its own client.
    """
    own = reached[0].parameters
    return {
        (function.path, call.at): Value(
            What.ZERO, Taint(DRVDATA, call.at, function.path, function.name)
        )
        for function in reached
        for call in _got(scope_of(program, function), tag)
        if matches(functions.drvdata.getters, call.name)
        if call.args and not (function == reached[0] and root_name(call.args[0]) in own)
    }


def _got(scope: Scope, tag: str) -> Iterator[ir.Call]:
    """The calls whose value becomes a pointer to a struct `tag`, or is returned as one."""
    body = scope.program.body(scope.function)
    for statement in ir.statements(body.statements):
        match statement:
            case ir.Declare(type=kind, value=ir.Call() as call) if scope.tag(kind) == tag:
                yield call
            case ir.Return(value=ir.Call() as call) if scope.tag(scope.function.fact.result) == tag:
                yield call
    for node in body.nodes:
        match node:
            case ir.Assign(target=target, value=ir.Call() as call) if scope.tag_of(target) == tag:
                yield call
