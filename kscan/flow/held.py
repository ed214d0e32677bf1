# SPDX-License-Identifier: GPL-2.0-only
"""Locks that are held at a place of a function, or on a way through calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.flow.cfg import EXIT, Cfg, flow_of
from kscan.flow.gaps import calls_at
from kscan.flow.places import Place, place_of
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.locks import Pair
from kscan.kernel.names import matches
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of


@dataclass(frozen=True)
class Take:
    """One place that takes a lock, and waits for it."""

    place: Place
    lock: ir.Expr
    at: int
    node: int
    is_shared: bool
    """Others who take it this way may hold it as well."""
    ends: int = 0
    """The offset at which a scope guard lets go; 0 where the function does itself."""


@dataclass
class Locking:
    """What one function does with the locks that have a name in the program."""

    cfg: Cfg = field(default_factory=lambda: Cfg([]))
    takes: list[Take] = field(default_factory=list)
    drops: dict[Place, set[int]] = field(default_factory=dict)

    @cached_property
    def places(self) -> frozenset[Place]:
        """The locks that it takes or drops."""
        return frozenset((*(take.place for take in self.takes), *self.drops))

    def held(self, place: Place, at: int) -> Take | None:
        """The take by which every way to `at` holds the lock; the last of several."""
        taking = [take for take in self.takes if take.place == place]
        for take in taking:
            if take.at < at < take.ends:
                return take
        plain = {take.node: take for take in taking if not take.ends}
        node = self.cfg.containing(at) if plain else None
        drops = self.drops.get(place, set())
        if node is None or not _is_held(self.cfg, node.index, set(plain), drops, at_entry=False):
            return None
        last = self.cfg.last_before(node.index, plain)
        return plain[max(last)] if last else None

    def keeps(self, place: Place, at: int) -> bool:
        """The lock, held at the entry, is not dropped on some way to `at`."""
        drops = self.drops.get(place, set())
        node = self.cfg.containing(at) if drops else None
        return node is None or not self.cfg.passes(drops - {node.index}, node.index)


def locking_of(program: Program, catalogue: Catalogue, function: Function) -> Locking:
    """The takes and drops of `function`, in the order of its text."""
    cfg, scope = flow_of(program, function), scope_of(program, function)
    found = Locking(cfg)
    for node in cfg.nodes:
        for call in calls_at(node):
            for pair in catalogue.locks.lock if call.args else ():
                _sort(found, scope, catalogue, pair, node.index, call)
    guarded = _scopes(program.body(function).statements, function.fact.end)
    found.takes += _guards(cfg, scope, catalogue, guarded)
    return found


def _sort(
    found: Locking, scope: Scope, catalogue: Catalogue, pair: Pair, node: int, call: ir.Call
) -> None:
    waits = matches(pair.take, call.name) and not matches((*pair.try_, *pair.nested), call.name)
    if not waits and not matches(pair.release, call.name):
        return
    place = place_of(scope, catalogue.functions, call.args[0])
    if place is None:
        return
    if waits:
        shared = matches(pair.shared, call.name)
        found.takes.append(Take(place, call.args[0], call.at, node, shared))
    else:
        found.drops.setdefault(place, set()).add(node)


def _guards(
    cfg: Cfg, scope: Scope, catalogue: Catalogue, guarded: Iterable[tuple[ir.Guarded, int]]
) -> Iterator[Take]:
    for guard, ends in guarded:
        match guard.args:
            case (ir.Name(id=name), *_, lock):
                pairs = [pair for pair in catalogue.locks.lock if name in pair.guards]
                place = place_of(scope, catalogue.functions, lock) if pairs else None
                node = cfg.containing(lock.at)
                if place is not None and node is not None:
                    shared = name in pairs[0].shared
                    yield Take(place, lock, guard.at, node.index, shared, ends)


def _scopes(block: tuple[ir.Stmt, ...], end: int) -> Iterator[tuple[ir.Guarded, int]]:
    """The scope guards of a block, each with the offset at which it lets go."""
    for number, statement in enumerate(block):
        after = block[number + 1].at if number + 1 < len(block) else end
        match statement:
            case ir.Guarded(macro="guard"):
                yield statement, end
            case ir.Guarded(body=body):
                yield statement, after
                yield from _scopes(body, after)
            case ir.If(then=then, other=other):
                yield from _scopes(then, other[0].at if other else after)
                yield from _scopes(other, after)
            case ir.While(body=body) | ir.ForEach(body=body) | ir.Switch(body=body):
                yield from _scopes(body, after)


def taken_twice(
    program: Program, catalogue: Catalogue, way: Iterable[tuple[Function, int | None]]
) -> Place | None:
    """The lock that a `way` takes while it holds it, as it does whatever the turns it takes.

    The way is one of functions, each with the offset at which it goes on to the next; None where
    it returns. Locks of the whole program alone count.
    """
    held: set[Place] = set()
    for function, at in way:
        locking = locking_of(program, catalogue, function)
        cfg = locking.cfg
        node = cfg.nodes[EXIT] if at is None else cfg.containing(at)
        if node is None:
            continue
        before = cfg.reaching(node.index)
        known = {place for place in (*held, *locking.places) if place.kind == "global"}
        for take in locking.takes:
            is_known = take.node in before and take.place in known
            if is_known and _is_held_at(locking, take.place, take.node, take.place in held):
                return take.place
        held = {p for p in known if _is_held_at(locking, p, node.index, p in held)}
    return None


def _is_held_at(locking: Locking, place: Place, target: int, at_entry: bool) -> bool:
    takes = {take.node for take in locking.takes if take.place == place and not take.ends}
    drops = locking.drops.get(place, set())
    return _is_held(locking.cfg, target, takes - {target}, drops, at_entry)


def _is_held(cfg: Cfg, target: int, takes: set[int], drops: set[int], at_entry: bool) -> bool:
    """Every way to `target` took the lock, or has it from the start, and did not drop it."""
    if not at_entry and not cfg.passes(takes, target):
        return False
    return cfg.last_before(target, takes | drops) <= takes
