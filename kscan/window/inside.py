# SPDX-License-Identifier: GPL-2.0-only
"""Every function that runs inside a window: the registration's own walk, and its callbacks'.

A callback is followed into its driver's files and into inline functions. What it calls
elsewhere is followed, on demand, into files that hold the text asked for.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from kscan.facts import ir
from kscan.flow.depth import Call
from kscan.kernel.catalogue import Catalogue
from kscan.model import Confidence
from kscan.program import macros
from kscan.program.program import OUTSIDE, Function, Program
from kscan.source.tree import Unreadable
from kscan.window.registrations import Registration
from kscan.window.window import Callback, Window

Belongs = Callable[[str], bool]


@dataclass(frozen=True)
class Entered:
    """How a function is entered: by the walk itself, or from a callback through `frames`."""

    function: Function
    registration: Registration | None = None
    callback: Callback | None = None
    frames: tuple[Call, ...] = ()


@dataclass(frozen=True)
class _Outward:
    """A call that leaves the driver."""

    entered: Entered
    name: str
    at: int


@dataclass
class Inside:
    """The functions inside the windows of some registrations."""

    program: Program
    catalogue: Catalogue
    window: Window
    registrations: tuple[tuple[Registration, Belongs], ...]
    """With the files that are each driver's own."""
    _outward: list[_Outward] = field(default_factory=list)
    _named: dict[str, dict[str, Function]] = field(default_factory=dict)

    @cached_property
    def walked(self) -> dict[Function, Entered]:
        """Those of the registration's own walk."""
        return {function: Entered(function) for function in self.window.reach.functions()}

    @cached_property
    def functions(self) -> dict[Function, Entered]:
        """Those of the walk and of the drivers, each with the first way into it."""
        found = dict(self.walked)
        for registration, belongs in self.registrations:
            for callback in self.window.callbacks(registration):
                start = Entered(callback.function, registration, callback)
                self._follow(start, found, belongs)
        return found

    def beyond(self, pattern: re.Pattern[bytes]) -> dict[Function, Entered]:
        """Further functions, in files outside the drivers that `pattern` is found in."""

        @cache
        def holds(path: str) -> bool:
            if path.startswith(OUTSIDE) or self.catalogue.stops_in(path):
                return False
            return pattern.search(self._source(path)) is not None

        return self.beyond_in(holds)

    def beyond_in(self, holds: Belongs) -> dict[Function, Entered]:
        """Further functions, in files outside the drivers that `holds` says yes to."""
        inside = self.functions
        found = dict(inside)
        for call in list(self._outward):
            for target in self._holding(call.name, call.entered.function.path, holds):
                self._follow(_entered(call.entered, target, call.at), found, holds)
        return {function: way for function, way in found.items() if function not in inside}

    @cached_property
    def registering(self) -> dict[Function, Entered]:
        """The functions that register: a window opens in their midst."""
        return {found.function: Entered(found.function, found) for found, _ in self.registrations}

    def spelling(self, among: Iterable[Entered], *patterns: re.Pattern[bytes]) -> Iterator[Entered]:
        """Those of `among` in whose own text `patterns` are found, one below the other.

        Every file is read once.
        """
        sources: dict[str, bytes] = {}
        for entered in among:
            path = entered.function.path
            if path not in sources:
                sources[path] = self._source(path)
            if _follow_each_other(sources[path], entered.function, patterns):
                yield entered

    def _source(self, path: str) -> bytes:
        try:
            return self.program.reader.tree.read(path)
        except Unreadable:
            return b""

    def _follow(self, start: Entered, found: dict[Function, Entered], belongs: Belongs) -> None:
        """Adds what `start` leads to, nearest first."""
        waiting = deque([start])
        while waiting:
            entered = waiting.popleft()
            if entered.function in found:
                continue
            found[entered.function] = entered
            for name, at in self._calls(entered.function):
                for target in self._targets(entered, name, at, belongs):
                    if target not in found:
                        waiting.append(_entered(entered, target, at))

    def _calls(self, function: Function) -> Iterator[tuple[str, int]]:
        """Functions that `function` calls by name or hands over, with the call's offset."""
        own = self._own(function.path)
        for call in self.program.body(function).calls:
            if call.name:
                yield call.name, call.at
                yield from self._expanded(function, call, own)
            yield from ((name, call.at) for name in _handed(call) if name in own)

    def _expanded(
        self, function: Function, call: ir.Call, own: dict[str, Function]
    ) -> Iterator[tuple[str, int]]:
        """The calls in the body of a macro that `function` calls."""
        name = call.name
        if name in own or self.catalogue.stops_at(name) or self.program.definitions.files(name):
            return
        inner = macros.expanded(self.program, function.path, call)
        for node in ir.walk(inner) if inner is not None else ():
            if isinstance(node, ir.Call) and node.name and node != call:
                yield node.name, call.at

    def _targets(
        self, entered: Entered, name: str, at: int, belongs: Belongs
    ) -> tuple[Function, ...]:
        """The functions that `name` means, where they are the driver's own or inline."""
        path = entered.function.path
        if self.catalogue.stops_at(name):
            return ()
        own = self._own(path).get(name)
        if own is not None:
            return (own,)
        files = self.program.definitions.files(name)
        if files and not any(belongs(file) for file in files):
            self._outward.append(_Outward(entered, name, at))
            return ()
        found = self.program.resolve(name, path)[:1]
        return tuple(f for f in found if belongs(f.path) or f.fact.inline)

    def _own(self, path: str) -> dict[str, Function]:
        """The functions of `path` by name; of two bodies the longer, the other being a stub."""
        if path not in self._named:
            functions = self.program.functions_in(path)
            shortest_first = sorted(functions, key=lambda f: f.fact.end - f.fact.start)
            self._named[path] = {function.name: function for function in shortest_first}
        return self._named[path]

    def _holding(self, name: str, path: str, holds: Belongs) -> tuple[Function, ...]:
        """The functions called `name`, where a file that may define it is one that `holds`."""
        if not any(holds(file) for file in self.program.definitions.files(name)):
            return ()
        return tuple(found for found in self.program.resolve(name, path) if holds(found.path))

    def confidence(self, entered: Entered) -> Confidence:
        """How sure the way into a function is."""
        if entered.callback is not None:
            return entered.callback.confidence
        if entered.function in self.window.reach.ways:
            return self.window.reach.way_confidence(entered.function)
        return Confidence.HIGH


def _entered(before: Entered, target: Function, at: int) -> Entered:
    frames = (*before.frames, Call(before.function, target, at))
    return Entered(target, before.registration, before.callback, frames)


def _follow_each_other(
    source: bytes, function: Function, patterns: Iterable[re.Pattern[bytes]]
) -> bool:
    at, end = function.fact.start, function.fact.end
    for pattern in patterns:
        found = pattern.search(source, at, end)
        if found is None:
            return False
        at = found.end()
    return True


def _handed(call: ir.Call) -> Iterator[str]:
    """Names among the arguments of `call`, with or without ``&``."""
    for argument in call.args:
        node = argument.operand if isinstance(argument, ir.Unary) else argument
        if isinstance(node, ir.Name):
            yield node.id
