# SPDX-License-Identifier: GPL-2.0-only
"""Calls that are followed, each from inside the one before, and how deep."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.program.program import Function

DEPTH = 24
"""Calls followed below the first function; an audit of 6.12 needs 14."""

TOO_DEEP = f"calls nested more than {DEPTH} deep below it are not followed"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is followed: `callee` is entered from offset `at` of `caller`."""

    caller: Function
    callee: Function
    at: int
    later: bool = False
    """It is not entered there and then: another thread is told to, or whoever completes a set."""
    for_devices: bool = False
    """It is entered for each device that is there: the probe of a driver that is registered."""
