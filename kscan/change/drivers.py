# SPDX-License-Identifier: GPL-2.0-only
"""Other drivers' share in a change: those it reaches and those that reach it, nearest first.

Those that meet it inside a registration come before all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kscan.model import AffectedDriver
from kscan.reachability import Implementation
from kscan.window.registrations import driver_of

MOST_DRIVERS = 50
"""Drivers listed beyond those inside a registration; the others are counted."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A way between a changed function and an entry point of a driver, in order of call."""

    distance: int
    """Calls, slots and arguments between the two."""
    path: str
    """The driver's file."""
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What a change alters, and the drivers it concerns though it does not touch them."""

    altered: tuple[Implementation, ...]
    drivers: tuple[AffectedDriver, ...]
    not_listed: int


def share(
    altered: Iterable[Implementation],
    links: Iterable[Link],
    touched: frozenset[str],
    uncounted: Iterable[str],
    is_inside: Callable[[Link], bool],
) -> Share:
    """The drivers of `links` that are not in the files `touched`, each with its shortest way.

    `uncounted` are files that name a changed function or its table and were not looked into;
    `is_inside` tells of a link that the whole of it runs inside a registration.
    """
    nearest: dict[str, tuple[bool, Link]] = {}
    for outside, link in sorted((not is_inside(link), link) for link in links):
        if link.path not in touched:
            nearest.setdefault(driver_of(link.path), (outside, link))
    ranked = sorted(nearest, key=lambda driver: nearest[driver])
    listed = max(MOST_DRIVERS, sum(not outside for outside, _ in nearest.values()))
    more = {driver_of(path) for path in uncounted if path not in touched} - set(ranked)
    return Share(
        tuple(altered),
        tuple(_affected(driver, *nearest[driver]) for driver in ranked[:listed]),
        len(ranked[listed:]) + len(more),
    )


def _affected(driver: str, is_outside: bool, link: Link) -> AffectedDriver:
    return AffectedDriver(driver, link.functions, is_inside=not is_outside)
