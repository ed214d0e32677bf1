# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a C value while a function is executed under an assumption."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from kscan.flow.embedded import Holders
from kscan.flow.places import Place


class What(IntEnum):
    """The part of a value's range that matters."""

    ANY = 0
    ZERO = 1  # NULL, 0, false
    SET = 2  # a valid pointer, a non-zero number
    ERROR = 3  # a negative errno or an error pointer
    BOGUS = 4  # not NULL, yet not a pointer to anything: NULL plus an offset, a list head


UNSET = "unset"
"""The origin of a zero that is there for sure: what dereferences it goes no further."""
KEPT = "kept"
"""The origin of what an earlier call allocated: no object that has a name."""
INVALID = (What.ZERO, What.BOGUS)
"""What must not be dereferenced."""


@dataclass(frozen=True, slots=True)
class Taint:
    """A value that is what it is because a late place was read too early."""

    place: Place
    at: int
    """Offset of the read, in the file of `path`."""
    path: str
    function: str
    typed: bool = True
    """False where the place was matched by field name alone."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its range, why it is so, and which object it points into."""

    what: What = What.ANY
    taint: Taint | None = None
    origin: str = ""
    """``fresh``: allocated here. ``found``: looked up. ``own``: the callback's own argument.
    ``client``: the device it is called for. ``own node``: the firmware node of that.
    ``elsewhere``: neither its node nor the instance's. ``offered``: what the core asks for.
    ``kept``: what an earlier call allocated. ``&name``: the address of that global.
    ``again``: an error that says to come again."""
    chosen: bool = False
    """What was read too early decided that it is this value, and is no part of it."""
    points: Place | None = None
    """The list or map whose address it is."""
    within: Holders = ()
    """The members that what it is, or points at, lies in."""

    @property
    def is_of_instance(self) -> bool:
        """It leads to the instance, or to its device: no other is looked up."""
        return self.origin in ("found", "instance")


ANY = Value()
ZERO = Value(What.ZERO)
UNSET_YET = Value(What.ZERO, None, UNSET)
"""What a place holds that is set later than another one which is looked at."""
SET = Value(What.SET)
ERROR = Value(What.ERROR)


def truth(value: Value) -> bool | None:
    """Whether C takes `value` for true; None where that is open."""
    if value.what is What.ANY:
        return None
    return value.what is not What.ZERO


def joined(first: Value, second: Value) -> Value:
    """What is known where two ways meet."""
    if first == second:
        return first
    origin = first.origin if first.origin == second.origin else ""
    if first.what is second.what:
        chosen = first.chosen and second.chosen
        points = first.points if first.points == second.points else None
        return Value(first.what, first.taint or second.taint, origin, chosen, points)
    return Value(What.ANY, None, origin)


def inverted(value: Value) -> Value:
    """``!value``."""
    known = truth(value)
    if known is None:
        return ANY
    return Value(What.ZERO if known else What.SET, value.taint)


def offset_into(value: Value) -> Value:
    """``&value->field`` or ``container_of(value, …)``: NULL is no longer recognised as such."""
    if value.what is What.ZERO:
        return replace(value, what=What.BOGUS)
    return value
