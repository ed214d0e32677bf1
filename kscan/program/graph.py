# SPDX-License-Identifier: GPL-2.0-only
"""The call graph from one function on: what it reaches, by the shortest way, and through what.

Direct calls, functions handed over as arguments (an edge from the caller that hands them
over), what is queued to be run later and slots are followed; functions of the catalogue's stop
list are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count, pairwise

import networkx as nx

from kscan.kernel.catalogue import Catalogue
from kscan.model import Confidence, weakest
from kscan.program.calls import CallSite, EdgeKind, Slot
from kscan.program.deferred import ways_out
from kscan.program.program import Function, Program

MOST_FUNCTIONS = 6_000
"""Functions one walk visits before it says that it gave up."""

LATER = 100
"""What a queued edge adds to a way: what runs inside the call as well is shown that way."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Control passes from `caller` to `callee` at `site`."""

    caller: Function
    callee: Function
    site: CallSite


@dataclass(frozen=True, slots=True)
class SlotCall:
    """An indirect call in `caller`."""

    caller: Function
    site: CallSite

    @property
    def slot(self) -> Slot:
        """The slot called through."""
        assert self.site.slot is not None
        return self.site.slot


@dataclass(frozen=True, slots=True)
class Assumed:
    """An edge a scenario adds: `caller` also calls through `slot`, or the function `callee`."""

    caller: str
    slot: Slot | None = None
    callee: str = ""

    def __str__(self) -> str:
        return f"{self.caller} -> {self.slot or self.callee}"


@dataclass
class Reach:
    """What a walk found: a tree of shortest ways, and every slot called on it."""

    root: Function
    ways: nx.DiGraph = field(default_factory=nx.DiGraph)
    slots: dict[Slot, SlotCall] = field(default_factory=dict)
    """The first call through each slot: the nearest to the root."""
    calls: dict[Slot, list[SlotCall]] = field(default_factory=dict)
    """Every call through each slot."""
    unresolved: set[str] = field(default_factory=set)
    """Names called of which no definition was found."""
    edges: dict[Function, list[Edge]] = field(default_factory=dict)
    """Every edge between the functions reached, by caller, on a shortest way or not."""
    complete: bool = True
    choose: Callable[[tuple[Edge, ...]], tuple[Edge, ...]] = tuple
    """The way to show in place of a shortest one."""
    is_met: Callable[[Function, CallSite | None], bool] = lambda _target, _site: True
    """The function may run, and come to the place, by what is known on the ways to it."""
    may_run: Callable[[tuple[Edge, ...]], bool] = lambda _way: True
    """What is known along a way does not keep it from being taken to its end."""
    _chosen: dict[Function, tuple[Edge, ...]] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return any(node.name == name for node in self.ways)

    def functions(self) -> tuple[Function, ...]:
        """Every function reached, the root included."""
        return tuple(self.ways)

    def named(self, name: str) -> Function | None:
        """The reached function called `name`."""
        return next((node for node in self.ways if node.name == name), None)

    def way(self, target: Function) -> tuple[Edge, ...]:
        """The edges from the root to `target`."""
        if target not in self._chosen:
            path = nx.shortest_path(self.ways, self.root, target)
            edges = tuple(self.ways.edges[pair]["edge"] for pair in pairwise(path))
            self._chosen[target] = self.choose(edges)
        return self._chosen[target]

    def runs_later(self, target: Function) -> bool:
        """Another thread runs `target`, and need not have before the root returns."""
        return self.handover(target) is not None

    def handover(self, target: Function) -> Edge | None:
        """The edge on the way to `target` that leaves it to another thread, if one does."""
        return next((e for e in self.way(target) if e.site.kind is EdgeKind.QUEUED), None)

    def way_confidence(self, target: Function) -> Confidence:
        """That of the weakest edge on the way to `target`."""
        return weakest(*(edge.site.confidence for edge in self.way(target)))


Implementers = Callable[[SlotCall], Iterable[tuple[Function, Confidence]]]


def nothing(_call: SlotCall) -> Iterable[tuple[Function, Confidence]]:
    """No slot is followed."""
    return ()


def reach(
    program: Program,
    catalogue: Catalogue,
    root: Function,
    implementers: Implementers = nothing,
    assumed: tuple[Assumed, ...] = (),
    last: tuple[str, ...] = (),
    own: str = "",
) -> Reach:
    """Everything `root` reaches, nearest first; `implementers` says which slots to follow.

    A way through one of the functions `last` is taken only where there is no other. Functions
    of files below `own` are entered whatever the catalogue stops at.
    """
    bounds = _Bounds(program, catalogue, f"{own}/" if own else "")
    found = Reach(root)
    number = count()
    waiting: list[tuple[int, int, int, Function, Edge | None]] = [(0, 0, 0, root, None)]
    while waiting:
        cost, rank, _, caller, edge = heappop(waiting)
        if caller in found.ways:
            continue
        if len(found.ways) >= MOST_FUNCTIONS:
            found.complete = False
            return found
        found.ways.add_node(caller)
        if edge is not None:
            found.ways.add_edge(edge.caller, caller, edge=edge)
        for site in _sites(bounds, caller, assumed):
            for callee, sure in _callees(bounds, found, caller, site, implementers):
                following = Edge(caller, callee, _weakened(site, sure))
                found.edges.setdefault(caller, []).append(following)
                if callee not in found.ways:
                    further, turn = length(following, last), next(number)
                    order = (cost + further, turn if further else rank, turn)
                    heappush(waiting, (*order, callee, following))
    return found


def length(edge: Edge, last: tuple[str, ...] = ()) -> int:
    """What an edge adds to a way: an inline function next to nothing, a queued one most."""
    if edge.callee.name in last:
        return 1_000
    if edge.site.kind is EdgeKind.QUEUED:
        return LATER
    if edge.site.kind is EdgeKind.ARGUMENT:
        return 3
    return 0 if edge.callee.fact.inline else 2


def _sites(bounds: _Bounds, caller: Function, assumed: tuple[Assumed, ...]) -> list[CallSite]:
    sites = ways_out(bounds.program, bounds.catalogue.functions, caller)
    for edge in assumed:
        if edge.caller == caller.name:
            name = str(edge.slot) if edge.slot is not None else edge.callee
            sites.append(CallSite(EdgeKind.ASSUMED, name, edge.slot, caller.fact.start))
    return sites


@dataclass(frozen=True)
class _Bounds:
    """Which functions a walk enters."""

    program: Program
    catalogue: Catalogue
    own: str

    def stop_at(self, name: str, caller: Function) -> bool:
        """The walk does not enter what `caller` calls `name`."""
        if not self.catalogue.stops_at(name):
            return False
        is_own = self.own and self._has(name, caller.path)
        return not is_own or self.catalogue.always_stops_at(name)

    def enter(self, path: str) -> bool:
        """The walk enters functions of the file `path`."""
        return self._is_own(path) or self.catalogue.walks_in(path)

    def _has(self, name: str, path: str) -> bool:
        """`name` is one of the own functions, as `path` sees it."""
        if self._is_own(path) and self.program.defines(name, path):
            return True
        return any(map(self._is_own, self.program.definitions.files(name)))

    def _is_own(self, path: str) -> bool:
        return bool(self.own) and path.startswith(self.own)


def _callees(
    bounds: _Bounds,
    found: Reach,
    caller: Function,
    site: CallSite,
    implementers: Implementers,
) -> Iterable[tuple[Function, Confidence]]:
    if site.slot is not None:
        call = SlotCall(caller, site)
        found.slots.setdefault(site.slot, call)
        found.calls.setdefault(site.slot, []).append(call)
        return implementers(call)
    if bounds.stop_at(site.name, caller) or any(map(bounds.catalogue.keeps, site.through)):
        return ()
    targets = bounds.program.resolve_among(site.name, caller.path, bounds.enter)
    if not targets and not site.name.startswith("__"):
        found.unresolved.add(site.name)
    sure = Confidence.HIGH if len(targets) == 1 else Confidence.MEDIUM
    return [(target, sure) for target in targets]


def _weakened(site: CallSite, sure: Confidence) -> CallSite:
    return CallSite(site.kind, site.name, site.slot, site.at, weakest(site.confidence, sure))
