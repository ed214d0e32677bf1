# SPDX-License-Identifier: GPL-2.0-only
"""Late writes to objects that are allocated late, too: until then nobody can meet them.

Who comes to such an object before meets the pointer to it, which is late itself. Where a
callback may come in between, it is there and not complete: in a window that stays open, or where
what registers, or what sets it, is only told to run.
"""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.places import place_of
from kscan.flow.written import Write
from kscan.kernel.functions import Functions
from kscan.lateness.order import Behind, Order
from kscan.program.program import Program
from kscan.program.types import scope_of
from kscan.window.registrations import Registration


@dataclass(frozen=True)
class Unborn:
    """The late writes around one `registration` to what does not exist before, of its `order`."""

    program: Program
    functions: Functions
    registration: Registration
    order: Order

    def has(self, write: Write) -> bool:
        """The member that leads to the object of `write` holds a new one, from late on only."""
        base = write.base
        if not isinstance(base, ir.Member) or write.place.kind == "membership":
            return False
        if self.registration.contract.window == "open":
            return False
        first = write.frames[0].caller if write.frames else write.function
        place = place_of(scope_of(self.program, first), self.functions, base)
        late = self.order.late.get(place) if place is not None else None
        if place is None or not late or place in self.order.must or place in self.order.may:
            return False
        if self.order.behind[place] in (Behind.QUEUE, Behind.NOTHING):
            return False
        fresh = self.functions.fresh
        return all(isinstance(w.value, ir.Call) and w.value.name in fresh for w in late)
