# SPDX-License-Identifier: GPL-2.0-only
"""Objects that a function acquires, and the fates they may have in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kscan.facts import ir
from kscan.flow.depth import Call
from kscan.flow.places import Place
from kscan.program.program import Function

MEMORY = "memory"
REFERENCE = "reference"
RESOURCE = "resource"


class Fate(StrEnum):
    """How a function ends with an object on one way."""

    LEFT = "left"  # nobody holds it any more
    RELEASED = "released"
    STORED = "stored"
    ADOPTED = "adopted"  # released when a device is unbound
    RETURNED = "returned"
    OUTPUT = "output"  # through a pointer argument


@dataclass(frozen=True, slots=True)
class End:
    """One fate of an object."""

    fate: Fate
    function: Function
    at: int
    """Offset, in the file of `function`, where it happens."""
    place: Place | None = None
    """Where it is stored; None where that has no name."""
    target: ir.Expr | None = None
    """What is written, in terms of `function`: an lvalue, a device, a list head."""
    frames: tuple[Call, ...] = ()
    argument: int = -1
    """Position of the pointer argument it is handed out through."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """An allocation, a reference that was taken, or another resource."""

    kind: str
    name: str
    """The function that yields it."""
    function: Function
    at: int
    frames: tuple[Call, ...] = ()
    """Calls that lead there from the function under analysis."""


@dataclass(frozen=True, slots=True)
class Owned:
    """One object acquired in a function, with its fates there."""

    acquired: Acquired
    function: Function
    at: int
    """Offset of the call in `function`, which is `acquired.at` unless a callee acquires it."""
    ends: tuple[End, ...]

    def fates(self, fate: Fate) -> tuple[End, ...]:
        """The ends of one kind."""
        return tuple(end for end in self.ends if end.fate is fate)
