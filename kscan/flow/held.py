# SPDX-License-Identifier: GPL-2.0-only
"""A lock of the whole program that is taken, on a way through calls, while it is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kscan.flow.cfg import EXIT, Cfg, flow_of
from kscan.flow.gaps import calls_at
from kscan.flow.places import Place, place_of
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.names import matches
from kscan.program.program import Function, Program
from kscan.program.types import scope_of

_TRIES = "trylock"


def taken_twice(
    program: Program, catalogue: Catalogue, way: Iterable[tuple[Function, int | None]]
) -> Place | None:
    """The lock that a `way` takes while it holds it, as it does whatever the turns it takes.

    The way is one of functions, each with the offset at which it goes on to the next; None where
    it returns.
    """
    held: set[Place] = set()
    for function, at in way:
        cfg = flow_of(program, function)
        node = cfg.nodes[EXIT] if at is None else cfg.containing(at)
        if node is None:
            continue
        takes, drops = _changes(program, catalogue, function, cfg)
        before = cfg.reaching(node.index)
        for lock, places in takes.items():
            for take in places & before:
                if _is_held(cfg, take, places - {take}, drops[lock], lock in held):
                    return lock
        known = {*held, *takes}
        held = {o for o in known if _is_held(cfg, node.index, takes[o], drops[o], o in held)}
    return None


def _is_held(cfg: Cfg, target: int, takes: set[int], drops: set[int], at_entry: bool) -> bool:
    """Every way to `target` took the lock, or has it from the start, and did not drop it."""
    if not at_entry and not cfg.passes(takes, target):
        return False
    return cfg.last_before(target, takes | drops) <= takes


_Nodes = defaultdict[Place, set[int]]


def _changes(
    program: Program, catalogue: Catalogue, function: Function, cfg: Cfg
) -> tuple[_Nodes, _Nodes]:
    """The nodes that take each lock, and those that drop it."""
    takes: _Nodes = defaultdict(set)
    drops: _Nodes = defaultdict(set)
    for index, lock, is_taken in _calls(program, catalogue, function, cfg):
        (takes if is_taken else drops)[lock].add(index)
    return takes, drops


def _calls(
    program: Program, catalogue: Catalogue, function: Function, cfg: Cfg
) -> Iterator[tuple[int, Place, bool]]:
    scope = scope_of(program, function)
    for node in cfg.nodes:
        for call in calls_at(node):
            for pair in catalogue.locks.lock if call.args else ():
                takes = matches(pair.take, call.name) and _TRIES not in call.name
                if takes or matches(pair.release, call.name):
                    lock = place_of(scope, catalogue.functions, call.args[0])
                    if lock is not None and lock.kind == "global":
                        yield node.index, lock, takes
