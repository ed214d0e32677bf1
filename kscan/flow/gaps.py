# SPDX-License-Identifier: GPL-2.0-only
"""Gaps: where a function drops a lock, calls something, and takes the lock again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.flow.cfg import Cfg, Kind, Node
from kscan.flow.paths import spelled
from kscan.kernel.locks import Pair
from kscan.kernel.names import matches
from kscan.model import Confidence


@dataclass(frozen=True)
class Indirect:
    """A call in a gap that leads into other code."""

    at: int
    what: str
    """``bus_type.dma_configure``, or the function known to make such a call."""
    confidence: Confidence


@dataclass(frozen=True)
class Gap:
    """`lock` is dropped at one node and taken again at another."""

    lock: str
    dropped: int
    """Offset of the release."""
    taken: int
    """Offset of the re-take."""
    before: frozenset[int]
    """Nodes at which the lock is held, and from which the release is reached."""
    release: int
    take: int
    call: Indirect


@dataclass
class Gaps:
    """Finds the gaps of one function."""

    cfg: Cfg
    pairs: tuple[Pair, ...]
    indirect: Callable[[ir.Call], Indirect | None]
    """What a call leads into; None where it stays in code that is known."""
    _takes: dict[int, dict[str, int]] = field(default_factory=dict)
    _drops: dict[int, dict[str, int]] = field(default_factory=dict)

    def all(self) -> Iterator[Gap]:
        """Every gap, by release and re-take."""
        for node in self.cfg.nodes:
            self._takes[node.index], self._drops[node.index] = {}, {}
            for call in calls_at(node):
                self._sort(node, call)
        for index, dropped in self._drops.items():
            for lock, at in dropped.items():
                yield from self._from(index, lock, at)

    def _sort(self, node: Node, call: ir.Call) -> None:
        if not isinstance(call.callee, ir.Name) or not call.args:
            return
        lock = spelled(call.args[0])
        for pair in self.pairs if lock else ():
            if matches(pair.take, call.callee.id):
                self._takes[node.index][lock] = call.at
            elif matches(pair.release, call.callee.id):
                self._drops[node.index][lock] = call.at

    def _from(self, release: int, lock: str, at: int) -> Iterator[Gap]:
        after = self._spread(release, lock, self._successors)
        for take in sorted(after):
            if lock not in self._takes[take] or take == release:
                continue
            between = after & self._spread(take, lock, self._predecessors)
            call = self._most_telling(between - {take})
            if call is not None:
                before = self._spread(release, lock, self._predecessors) - {release}
                held = frozenset(n for n in before if lock not in self._drops[n])
                taken = self._takes[take][lock]
                yield Gap(lock, at, taken, held, release, take, call)

    def _spread(
        self, start: int, lock: str, following: Callable[[int], Iterable[int]]
    ) -> frozenset[int]:
        """Nodes reached from `start` up to, and with, those that take or drop `lock`."""
        found: set[int] = set()
        waiting = list(following(start))
        while waiting:
            index = waiting.pop()
            if index in found:
                continue
            found.add(index)
            if lock not in self._takes[index] and lock not in self._drops[index]:
                waiting += following(index)
        return frozenset(found)

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


def calls_at(node: Node) -> Iterator[ir.Call]:
    """The calls that `node` evaluates; a scope guard's are no calls of the function's own."""
    if node.kind is Kind.GUARD:
        return
    for expr in node.expressions():
        for part in ir.walk(expr):
            if isinstance(part, ir.Call):
                yield part
