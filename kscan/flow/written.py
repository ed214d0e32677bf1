# SPDX-License-Identifier: GPL-2.0-only
"""One write, and which of those that a function makes are not taken back before it returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.depth import Call
from kscan.flow.places import Place
from kscan.program.program import Function


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a place, seen from the function the search began in."""

    place: Place
    function: Function
    """Where it stands."""
    at: int
    base: ir.Expr | None
    """The object written to, in terms of the first function; None where that is not known."""
    value: ir.Expr | None = None
    frames: tuple[Call, ...] = ()
    target: ir.Expr | None = None
    """What is written, in terms of `function`."""
    partial: bool = False
    """An address was handed out, an element set, or what was there is made more exact.

    The place may have been written.
    """
    element: bool = False
    """One element of an array, which is the place as a whole."""
    off: bool = False
    """It takes back what an earlier one did: a clock is switched off."""

    @property
    def spot(self) -> int:
        """Offset of it, or of the call that leads to it, in the function the search began in."""
        return self.frames[0].at if self.frames else self.at

    @property
    def indices(self) -> tuple[ir.Expr, ...]:
        """Which element it sets, where the function the search began in says so."""
        target = self.target if self.element and not self.frames else None
        return (target.index,) if isinstance(target, ir.Index) else ()

    def passes(self, function: Function) -> bool:
        """The calls that lead to it pass through `function`."""
        return any(frame.callee == function for frame in self.frames)

    def spots_in(self, function: Function) -> Iterator[int]:
        """Offsets in `function` of it, or of a call that leads to it."""
        yield from (frame.at for frame in self.frames if frame.caller == function)
        if self.function == function:
            yield self.at

    @property
    def is_later(self) -> bool:
        """It is not made on the way: something runs later that is told to at its spot."""
        return any(frame.later for frame in self.frames)

    @property
    def is_zero(self) -> bool:
        """It writes what a fresh object holds anyway."""
        return isinstance(self.value, ir.Const) and self.value.is_zero


def lasting(rows: Iterable[tuple[ir.Stmt, Sequence[Write]]]) -> Iterator[Sequence[Write]]:
    """The writes of each statement, without what is taken back on the way to a failure only."""
    ended = False
    for statement, writes in rows:
        always = not ended and _always(statement, writes)
        yield [write for write in writes if always or not write.off]
        ended = ended or isinstance(statement, ir.Return | ir.Goto)


def _always(statement: ir.Stmt, writes: Sequence[Write]) -> bool:
    """What `statement` switches off is off from there on: it ends nothing and tests that alone."""
    match statement:
        case ir.Evaluate():
            return True
        case ir.If(then=then, other=()):
            leaves = any(isinstance(inner, ir.Return | ir.Goto) for inner in then)
            return not leaves and all(write.off for write in writes)
    return False


def momentary(writes: Iterable[Write]) -> frozenset[tuple[Place, int]]:
    """Those of `writes` that the same function takes back, each by place and spot."""
    standing: dict[Place, list[int]] = defaultdict(list)
    found: set[tuple[Place, int]] = set()
    for write in writes:
        if not write.off:
            standing[write.place].append(write.spot)
        elif write.place in standing:
            spots = (*standing.pop(write.place), write.spot)
            found.update((write.place, spot) for spot in spots)
    return frozenset(found)
