# SPDX-License-Identifier: GPL-2.0-only
"""Firmware code that makes a fwspec, and who then offers the device to its IOMMU again.

Both are followed upwards, from the function that makes the fwspec and from the one that
replays, as far as those that the bus calls: through the functions the window reaches or, where
it comes by no bus's configuration, through those beside it, which run when a driver binds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import flow_of
from kscan.flow.conditions import Condition, conditions_of, reduced
from kscan.flow.depth import Call
from kscan.flow.paths import spelled
from kscan.kernel.devices import Configuration
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.callers import Callers, is_private
from kscan.window.inside import Inside
from kscan.window.origins import Origins


class Guard(StrEnum):
    """What is known of the device where it is offered again."""

    OUTSIDE = "outside"  # the probe path is not the one that asks
    BOUND = "bound"  # it has a driver
    DRIVERLESS = "driverless"  # it has none, and the probe path may be asking
    NONE = "none"  # the probe path may be asking


@dataclass(frozen=True)
class Replay:
    """One offer of the device, with the calls that lead to it from the outermost function."""

    function: Function
    at: int
    name: str
    frames: tuple[Call, ...]
    guard: Guard


@dataclass(frozen=True)
class FirmwareCode:
    """The outermost function that makes a fwspec, below what the bus calls."""

    function: Function
    at: int
    """Offset of its first call that leads to the fwspec."""
    frames: tuple[Call, ...]
    """From there to the function that makes it."""
    made_at: int
    """Offset, in that function, of the call that makes it."""
    above: tuple[Function, ...]
    """Functions of the bus, or of the family it calls, that call this one."""
    replays: tuple[Replay, ...]


@dataclass(frozen=True)
class _Link:
    """The next function on a way, and the call that leads there; none at its end."""

    callee: Function | None
    at: int
    name: str


@dataclass
class Replays:
    """Answers for one configuration in one window."""

    program: Program
    inside: Inside
    origins: Origins
    configuration: Configuration
    tables: tuple[str, ...]
    """Struct tags of the tables whose callbacks are the probe itself."""
    outside: Callers | None = None
    """Finds callers in the whole tree; None: only what the window reaches counts."""
    _ways: dict[str, dict[Function, _Link]] = field(default_factory=dict)

    @cached_property
    def all(self) -> tuple[FirmwareCode, ...]:
        """Every outermost function, by file and line."""
        makers = self._leading_to(self.configuration.maker)
        outermost = (f for f in makers if self._is_outermost(f, makers))
        found = [self._described(function, makers) for function in outermost]
        return tuple(sorted(found, key=lambda c: (c.function.path, c.function.line)))

    def below(self, name: str, path: str) -> tuple[FirmwareCode, ...]:
        """The code that a call of `name`, one of the family, in `path` comes down to."""
        targets = self.program.resolve(name, path)
        return tuple(code for code in self.all if any(self._leads(t, code) for t in targets))

    def _leads(self, target: Function, code: FirmwareCode) -> bool:
        names = {function.name for function in code.above}
        return target.name in names or any(self.program.mentions(target, n) for n in names)

    def _is_outermost(self, function: Function, makers: dict[Function, _Link]) -> bool:
        """The bus calls `function` to have a fwspec made, or makes one in it."""
        if self._is_top(function):
            return any(link.callee is None for link in self._links(function, makers))
        return bool(self._above(function))

    def _described(self, function: Function, makers: dict[Function, _Link]) -> FirmwareCode:
        above = self._above(function)
        first = min(self._links(function, makers), key=lambda link: link.at)
        frames = self._frames(function, first, makers)
        made_at = makers[frames[-1].callee].at if frames else first.at
        replays = tuple(self._replays_of(function, above))
        return FirmwareCode(function, first.at, frames, made_at, above, replays)

    # Ways up

    def _leading_to(self, name: str) -> dict[Function, _Link]:
        """The functions looked at that lead to `name`, each with its next call."""
        if name not in self._ways:
            found: dict[Function, _Link] = {}
            level: dict[str, Function | None] = {name: None}
            while level:
                following: dict[str, Function | None] = {}
                for caller, link in self._callers(level):
                    if caller in found or self._is_probe(caller):
                        continue
                    found[caller] = link
                    if not self._is_top(caller):
                        following[caller.name] = caller
                level = following
            self._ways[name] = found
        return self._ways[name]

    def _callers(self, level: dict[str, Function | None]) -> Iterator[tuple[Function, _Link]]:
        """The functions looked at that call, or hand on, one of the functions of `level`."""
        if self.outside is not None:
            yield from self._beside_window(self.outside, level)
            return
        names = "|".join(map(re.escape, level))
        pattern = re.compile(rf"\b(?:{names})\b".encode())
        for entered in self.inside.spelling(self.inside.walked.values(), pattern):
            yield from self._mentions(entered.function, level)

    def _beside_window(
        self, callers: Callers, level: dict[str, Function | None]
    ) -> Iterator[tuple[Function, _Link]]:
        """The same of the functions that no registration walks through."""
        wide = [name for name, found in level.items() if found is None or not is_private(found)]
        callers.prepare(wide)
        own = {found.path for found in level.values() if found is not None}
        near = own.union(*(callers.files[name] for name in wide))
        if self.configuration.maker in self._ways:  # a replay: where fwspecs are made, no further
            near &= self._making
        for path in sorted(near):
            for function in self.program.functions_in(path):
                if function not in self.inside.walked:
                    yield from self._mentions(function, level)

    @cached_property
    def _making(self) -> set[str]:
        """The files of the functions that lead to a fwspec, and of those that make or replay."""
        names = (self.configuration.maker, *self.configuration.replays)
        defining = {path for name in names for path in self.program.definitions.files(name)}
        return defining.union(f.path for f in self._ways[self.configuration.maker])

    def _mentions(
        self, caller: Function, level: dict[str, Function | None]
    ) -> Iterator[tuple[Function, _Link]]:
        if not any(self.program.mentions(caller, name) for name in level):
            return
        for call in self.program.body(caller).calls:
            for part in (call.callee, *call.args):
                name = part.id if isinstance(part, ir.Name) else ""
                if name not in level or name == caller.name:
                    continue
                target = level[name]
                if target is None or target in self.program.resolve(name, caller.path):
                    yield caller, _Link(target, call.at, name)

    def _is_top(self, function: Function) -> bool:
        """The bus calls `function`: a callback of its, or one of the family."""
        slots = self.origins.roles.filled(function)
        filled = any(str(slot) == self.configuration.slot for slot in slots)
        return filled or function.name in self.configuration.functions

    def _is_probe(self, function: Function) -> bool:
        """`function` fills a slot of the contract's own tables."""
        return any(slot.tag in self.tables for slot in self.origins.roles.filled(function))

    def _above(self, function: Function) -> tuple[Function, ...]:
        """The functions the bus calls that call `function`, and those of them that call these."""
        found: dict[Function, None] = {}
        level: dict[str, Function | None] = {function.name: function}
        while level:
            callers = [caller for caller, _ in self._callers(level) if self._is_top(caller)]
            level = {caller.name: caller for caller in callers if caller not in found}
            found |= dict.fromkeys(callers)
        return tuple(found)

    def _links(self, function: Function, makers: dict[Function, _Link]) -> list[_Link]:
        """The calls of `function` that lead to a fwspec."""
        level: dict[str, Function | None] = {f.name: f for f in makers if f != function}
        level[self.configuration.maker] = None
        return [link for _, link in self._mentions(function, level)]

    def _frames(
        self, start: Function, link: _Link, ways: dict[Function, _Link]
    ) -> tuple[Call, ...]:
        """The calls from `start` down to the end of the way that `link` begins."""
        found: list[Call] = []
        while link.callee is not None and len(found) < len(ways):
            found.append(Call(start, link.callee, link.at))
            start, link = link.callee, ways[link.callee]
        return tuple(found)

    # Replays

    def _replays_of(self, function: Function, above: tuple[Function, ...]) -> Iterator[Replay]:
        """The offers that `function` makes, or else those of the functions above it."""
        for name in self.configuration.replays:
            ways = self._leading_to(name)
            for start in (function, *above):
                if start in ways:
                    yield self._replay(start, name, ways)
                    break

    def _replay(self, start: Function, name: str, ways: dict[Function, _Link]) -> Replay:
        frames = self._frames(start, ways[start], ways)
        holder = frames[-1].callee if frames else start
        at = ways[holder].at
        places = [*((frame.caller, frame.at) for frame in frames), (holder, at)]
        return Replay(holder, at, name, frames, self._guard(places))

    def _guard(self, places: list[tuple[Function, int]]) -> Guard:
        """What the conditions on the way say of the device."""
        met = {
            guard
            for step, (function, at) in enumerate(places)
            for condition in conditions_of(flow_of(self.program, function), at)
            for guard in self._said(places[: step + 1], condition)
        }
        return next((guard for guard in Guard if guard in met), Guard.NONE)

    def _said(self, places: list[tuple[Function, int]], condition: Condition) -> Iterator[Guard]:
        """What one condition, at the last of `places`, says of the device."""
        function, at = places[-1]
        known = assigned_in(self.program, function).before(spelled(condition.test), at)
        met = reduced(known.value, condition.holds) if known is not None else condition
        if self._is_field(function, met, self.configuration.within) and not met.holds:
            yield Guard.OUTSIDE
        if self._is_field(function, met, self.configuration.bound):
            yield Guard.BOUND if met.holds else Guard.DRIVERLESS
        given = self._given(places[:-1], function, met)
        if given is not None:
            yield from self._said(places[:-1], given)

    def _given(
        self, places: list[tuple[Function, int]], function: Function, condition: Condition
    ) -> Condition | None:
        """The condition in the terms of the caller, where it tests a parameter."""
        name = spelled(condition.test)
        for caller, at in places[-1:]:
            for call in self.program.body(caller).calls_at(at):
                given = function.given(call)
                if name in given:
                    return reduced(given[name], condition.holds)
        return None

    def _is_field(self, function: Function, condition: Condition, wanted: str) -> bool:
        """The condition tests the member ``struct.field`` that `wanted` names."""
        tag, _, name = wanted.partition(".")
        test = condition.test
        if not isinstance(test, ir.Member) or test.field != name:
            return False
        return scope_of(self.program, function).tag_of(test.object) in ("", tag)
