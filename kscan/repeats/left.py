# SPDX-License-Identifier: GPL-2.0-only
"""What the first call of a callback leaves in the places that outlive it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.execution.values import KEPT, SET, Value, What
from kscan.facts import ir
from kscan.flow.fates import Fate, Owned
from kscan.flow.paths import root_name
from kscan.flow.places import Place, field_named, place_of
from kscan.flow.stores import assignments
from kscan.flow.written import Write
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.program.program import Function, Program
from kscan.program.types import scope_of


@dataclass(frozen=True)
class FirstCall:
    """What a callback does, and what it calls inside the driver."""

    program: Program
    functions: Functions
    entered: tuple[Function, ...]
    owned: tuple[Owned, ...]
    """The objects that it acquires."""
    writes: tuple[Write, ...]

    def left(self) -> dict[Place, Value]:
        """Every place that it stored something in, and what is known of that.

        Of an allocation, that it is no object with a name; of an address, whose it is.
        """
        found: dict[Place, Value] = {}
        for place, value in (*self._kept(), *self._written()):
            if found.setdefault(place, value) != value:
                found[place] = SET
        return found | {place: SET for place in self._handed() if place not in found}

    def changed(self) -> frozenset[Place]:
        """The places that it changed in any way: counts, bits and lists, too.

        Not those of which it merely hands the address to a function.
        """
        written = (w.place for w in self.writes if w.target is not None or not w.partial)
        return frozenset({*self.left(), *written, *self._bits()})

    def set_on(self, parameter: str) -> frozenset[Place]:
        """The places that it wrote in what `parameter` leads to."""
        return frozenset(w.place for w in self.writes if root_name(w.base) == parameter != "")

    def _kept(self) -> Iterator[tuple[Place, Value]]:
        """Objects that it acquired."""
        for owned in self.owned:
            for end in owned.fates(Fate.STORED):
                if end.place is not None:
                    yield end.place, Value(What.SET, None, KEPT)

    def _written(self) -> Iterator[tuple[Place, Value]]:
        """Everything else that it wrote."""
        kept = {(e.function, e.at) for o in self.owned for e in o.fates(Fate.STORED)}
        for write in self.writes:
            if write.partial or write.is_zero or write.place.kind == "membership":
                continue
            if (write.function, write.at) not in kept:
                yield write.place, _value(write)

    def _handed(self) -> Iterator[Place]:
        """What it hands to a function that is known to store it."""
        for _, _, name in self._calls():
            for keeper in self.functions.keeper:
                if matches(keeper.setters, name):
                    yield field_named(keeper.field)

    def _bits(self) -> Iterator[Place]:
        """Bitmaps in which it sets one bit of many."""
        for function, call, name in self._calls():
            for store in assignments(self.functions, call, name):
                target = store.target
                inner = target.operand if isinstance(target, ir.Unary) else target
                place = place_of(scope_of(self.program, function), self.functions, inner)
                if place is not None:
                    yield place

    def _calls(self) -> Iterator[tuple[Function, ir.Call, str]]:
        for function in self.entered:
            for call in self.program.body(function).calls:
                yield function, call, call.name


def _value(write: Write) -> Value:
    match write.value:
        case ir.Unary(op="&", operand=ir.Name(id=name)):
            return Value(What.SET, None, f"&{name}")
    return SET
