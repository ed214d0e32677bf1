# SPDX-License-Identifier: GPL-2.0-only
"""Where a function takes the lock of a device: calls and scope guards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.cfg import Cfg, Kind
from kscan.kernel.locks import DeviceLock
from kscan.kernel.names import matches


@dataclass(frozen=True)
class Taken:
    """One place that takes, or tries to take, a lock."""

    name: str
    """The function, or the guard as it is written."""
    lock: ir.Expr
    """What is locked."""
    at: int
    tries: bool
    """Gives up where another holds the lock."""


def device_locks(cfg: Cfg, locks: DeviceLock) -> Iterator[Taken]:
    """The places of one function that take a device's lock, in no order."""
    for node in cfg.nodes:
        if isinstance(node.statement, ir.Guarded) and node.kind is Kind.GUARD:
            yield from _guard(node.statement, locks)
        for expr in node.expressions():
            for part in ir.walk(expr):
                match part:
                    case ir.Call(callee=ir.Name(id=name), args=(lock, *_)):
                        if matches((*locks.take, *locks.try_), name):
                            yield Taken(name, lock, part.at, matches(locks.try_, name))


def _guard(guard: ir.Guarded, locks: DeviceLock) -> Iterator[Taken]:
    match guard.args:
        case (ir.Name(id=name), lock, *_) if name in locks.guards:
            yield Taken(f"{guard.macro}({name})", lock, guard.at, name.endswith("_try"))


def retries(cfg: Cfg, taken: Taken) -> bool:
    """The function comes back to `taken` after it failed, for the same object.

    A loop macro that goes on to the next object does not.
    """
    node = cfg.containing(taken.at)
    if node is None:
        return False
    waiting = [node.then[-1]] if node.kind is Kind.BRANCH else list(node.then)
    seen: set[int] = set()
    while waiting:
        current = cfg.nodes[waiting.pop()]
        if current.index == node.index:
            return True
        if current.index not in seen and current.kind is not Kind.LOOP:
            seen.add(current.index)
            waiting += current.then
    return False
