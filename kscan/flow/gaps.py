# SPDX-License-Identifier: GPL-2.0-only
"""Gaps: where a function drops a lock, calls something, and takes the lock again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.flow.cfg import ENTRY, EXIT, Cfg, Kind, Node
from kscan.flow.paths import spelled
from kscan.flow.setting import moves_on, sets
from kscan.kernel.locks import Pair
from kscan.kernel.names import matches
from kscan.model import Confidence
from kscan.program.program import Function


@dataclass(frozen=True)
class Indirect:
    """A call in a gap that leads into other code."""

    at: int
    what: str
    """``bus_type.dma_configure``, or the function known to make such a call."""
    confidence: Confidence


@dataclass(frozen=True)
class Gap:
    """A lock is dropped at one node and taken again at another, or both in a call at one node."""

    guard: ir.Expr
    """The lock, as the function has it."""
    dropped: int
    """Offset of the release, or of the call."""
    taken: int
    """Offset of the re-take, or of the call."""
    before: frozenset[int]
    """Nodes at which the lock is held, and from which the release is reached."""
    release: int
    take: int
    call: Indirect
    is_outer: bool
    """The lock is held when the function is called, and held again when it returns."""
    lent: Lent | None = None
    """What is called has the gap; None where it is the function's own."""

    @property
    def lock(self) -> str:
        """The lock, as a reader writes it."""
        return spelled(self.guard)


@dataclass(frozen=True)
class Lent:
    """A gap that a function has because what it calls has it."""

    function: Function
    gap: Gap
    guard: ir.Expr
    """The lock, as the caller has it."""


@dataclass
class Gaps:
    """Finds the gaps of one function."""

    cfg: Cfg
    pairs: tuple[Pair, ...]
    indirect: Callable[[ir.Call], Indirect | None]
    """What a call leads into; None where it stays in code that is known."""
    _takes: dict[int, dict[str, ir.Call]] = field(default_factory=dict)
    _drops: dict[int, dict[str, ir.Call]] = field(default_factory=dict)
    _changed: dict[str, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.cfg.nodes:
            self._takes[node.index], self._drops[node.index] = {}, {}
            for call in calls_at(node):
                self._sort(node, call)

    def own(self) -> Iterator[Gap]:
        """Every gap that the function makes itself, by release and re-take."""
        for index, dropped in self._drops.items():
            for lock, call in dropped.items():
                yield from self._from(index, lock, call)

    def borrowed(self, lent: Callable[[ir.Call], Iterable[Lent]]) -> Iterator[Gap]:
        """Every gap that what it calls has, by call."""
        for node in self.cfg.nodes:
            for call in calls_at(node):
                for one in lent(call):
                    yield self._across(node.index, call, one)

    def _sort(self, node: Node, call: ir.Call) -> None:
        lock = spelled(call.args[0]) if call.args else ""
        for pair in self.pairs if lock else ():
            if matches(pair.take, call.name):
                self._takes[node.index][lock] = call
            elif matches(pair.release, call.name):
                self._drops[node.index][lock] = call

    def _from(self, release: int, lock: str, drop: ir.Call) -> Iterator[Gap]:
        after = self._spread(release, lock, self._successors)
        for take in sorted(after):
            if lock not in self._takes[take] or take == release:
                continue
            between = after & self._spread(take, lock, self._predecessors)
            call = self._most_telling(between - {take})
            if call is not None:
                before = self._held(release, lock)
                taken = self._takes[take][lock].at
                outer = self._is_outer(before, take, lock)
                yield Gap(drop.args[0], drop.at, taken, before, release, take, call, outer)

    def _across(self, index: int, call: ir.Call, lent: Lent) -> Gap:
        lock = spelled(lent.guard)
        before = self._held(index, lock)
        outer = self._is_outer(before, index, lock)
        led = lent.gap.call
        return Gap(lent.guard, call.at, call.at, before, index, index, led, outer, lent)

    def _held(self, release: int, lock: str) -> frozenset[int]:
        """Nodes at which `lock` is held, and from which `release` is reached."""
        before = self._spread(release, lock, self._predecessors) - {release}
        return frozenset(n for n in before if lock not in self._drops[n])

    def _is_outer(self, before: frozenset[int], take: int, lock: str) -> bool:
        """Neither is `lock` taken on some way to a gap, nor dropped on some way from it."""
        return ENTRY in before and EXIT in self._spread(take, lock, self._successors)

    def _spread(
        self, start: int, lock: str, following: Callable[[int], Iterable[int]]
    ) -> frozenset[int]:
        """Nodes reached from `start` up to, and with, those that take or drop `lock`.

        Or, as a loop does with the elements of a list, have its name mean another one.
        """
        found: set[int] = set()
        waiting = list(following(start))
        while waiting:
            index = waiting.pop()
            if index in found:
                continue
            found.add(index)
            if lock not in self._takes[index] and lock not in self._drops[index]:
                waiting += following(index) if index not in self._changing(lock) else ()
        return frozenset(found)

    def _changing(self, lock: str) -> frozenset[int]:
        """The nodes behind which `lock` is another one."""
        if lock not in self._changed:
            self._changed[lock] = frozenset(
                node.index
                for node in self.cfg.nodes
                for name in _VARIABLE.findall(lock)
                if sets(node, name) or moves_on(node, name)
            )
        return self._changed[lock]

    def _successors(self, index: int) -> Iterable[int]:
        return self.cfg.nodes[index].then

    def _predecessors(self, index: int) -> Iterable[int]:
        return self._leading_to[index]

    @cached_property
    def _leading_to(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {node.index: [] for node in self.cfg.nodes}
        for node in self.cfg.nodes:
            for target in node.then:
                found[target].append(node.index)
        return found

    def _most_telling(self, between: frozenset[int]) -> Indirect | None:
        """The call in a gap that most surely leads into other code."""
        calls = (call for index in sorted(between) for call in calls_at(self.cfg.nodes[index]))
        found = [led for call in calls if (led := self.indirect(call)) is not None]
        return max(found, key=lambda led: led.confidence.rank, default=None)


_VARIABLE = re.compile(r"(?<![\w.>])[a-zA-Z_]\w*")
"""A name in a lock as it is spelled that is no member's."""


def calls_at(node: Node) -> Iterator[ir.Call]:
    """The calls that `node` evaluates; a scope guard's are no calls of the function's own."""
    if node.kind is Kind.GUARD:
        return
    for expr in node.expressions():
        for part in ir.walk(expr):
            if isinstance(part, ir.Call):
                yield part
