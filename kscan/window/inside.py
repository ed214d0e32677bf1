# SPDX-License-Identifier: GPL-2.0-only
"""Every function that runs inside a window: the registration's own walk, and its callbacks'.

A callback is followed into its driver's files and into inline functions. What it calls
elsewhere is followed only into files that hold one of the words asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.flow.world import Call
from kscan.kernel.catalogue import Catalogue
from kscan.model import Confidence
from kscan.program import macros
from kscan.program.program import OUTSIDE, Function, Program
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
    def functions(self) -> dict[Function, Entered]:
        """Those of the walk and of the drivers, each with the first way into it."""
        found = {f: Entered(f) for f in self.window.reach.functions()}
        for registration, belongs in self.registrations:
            for callback in self.window.callbacks(registration):
                start = Entered(callback.function, registration, callback)
                self._follow(start, found, belongs)
        return found

    def beyond(self, words: Iterable[str]) -> dict[Function, Entered]:
        """Further functions, in files outside the drivers that hold one of `words`."""
        wanted = [word.encode() for word in words]
        inside = self.functions
        found = dict(inside)
        for call in list(self._outward):
            for target in self._holding(call.name, call.entered.function.path, wanted):
                start = _entered(call.entered, target, call.at)
                self._follow(start, found, lambda path: self._holds(path, wanted))
        return {function: way for function, way in found.items() if function not in inside}

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
        for node in ir.walk_body(self.program.body(function)):
            if not isinstance(node, ir.Call):
                continue
            if isinstance(node.callee, ir.Name):
                yield node.callee.id, node.at
                yield from self._expanded(function, node, own)
            yield from ((name, node.at) for name in _handed(node) if name in own)

    def _expanded(
        self, function: Function, call: ir.Call, own: dict[str, Function]
    ) -> Iterator[tuple[str, int]]:
        """The calls in the body of a macro that `function` calls."""
        assert isinstance(call.callee, ir.Name)
        name = call.callee.id
        if name in own or self.catalogue.stops_at(name) or self.program.definitions.files(name):
            return
        inner = macros.expanded(self.program, function.path, call)
        for node in ir.walk(inner) if inner is not None else ():
            if isinstance(node, ir.Call) and isinstance(node.callee, ir.Name) and node != call:
                yield node.callee.id, call.at

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

    def _holding(self, name: str, path: str, words: list[bytes]) -> tuple[Function, ...]:
        """The functions called `name`, unless none of the files that may define it holds a word."""
        files = self.program.definitions.files(name)
        if not any(self._holds(file, words) for file in files):
            return ()
        return tuple(f for f in self.program.resolve(name, path) if self._holds(f.path, words))

    def _holds(self, path: str, words: list[bytes]) -> bool:
        if path.startswith(OUTSIDE) or self.catalogue.stops_in(path):
            return False
        return any(self.program.reader.names(path, word) for word in words)

    def confidence(self, entered: Entered) -> Confidence:
        """How sure the way into a function is."""
        if entered.callback is not None:
            return entered.callback.confidence
        return self.window.reach.way_confidence(entered.function)


def _entered(before: Entered, target: Function, at: int) -> Entered:
    frames = (*before.frames, Call(before.function, target, at))
    return Entered(target, before.registration, before.callback, frames)


def _handed(call: ir.Call) -> Iterator[str]:
    """Names among the arguments of `call`, with or without ``&``."""
    for argument in call.args:
        node = argument.operand if isinstance(argument, ir.Unary) else argument
        if isinstance(node, ir.Name):
            yield node.id
