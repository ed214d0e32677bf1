# SPDX-License-Identifier: GPL-2.0-only
"""What a change makes a registration run: newly, no longer, or at another time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Implementation:
    """One function that fills a slot."""

    function: str
    path: str


@dataclass(frozen=True, slots=True)
class Reach:
    """A slot that became, or ceased to be, reachable inside a registration."""

    api: str
    slot: str
    via: tuple[str, ...]
    """Functions from the registration to the call through the slot."""
    changed: tuple[str, ...]
    """What of that path the range changes: functions, and the array that names its tables."""
    implementations: tuple[Implementation, ...]
    reason: str = ""
    """Set when the slot was reachable before but its gate was shut."""
    is_later: bool = False
    """It is reached by another thread, for which the registration need not wait."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Slots of one registration that run later than before, or are waited for again."""

    api: str
    slots: tuple[str, ...]
    caller: str
    """The function that leaves them to another thread, or did."""
    runner: str
    """The function that such a thread runs."""
    is_later: bool
    """They run later now; else they did before."""
