# SPDX-License-Identifier: GPL-2.0-only
"""Functions that take and release locks, and what keeps an object while none is held.

The shape of ``catalog/locks.toml``; every entry there names the kernel file it rests on.
"""

from __future__ import annotations

from functools import cache

import msgspec

from kscan.kernel.typed import DIRECTORY, read


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that take a lock, and those that release it: the lock is their first argument."""

    take: tuple[str, ...]
    release: tuple[str, ...]
    try_: tuple[str, ...] = msgspec.field(name="try", default=())
    """Those of `take` that give up where another holds it."""
    shared: tuple[str, ...] = ()
    """Those of `take` that take it for reading, as several may at once; guards too."""
    nested: tuple[str, ...] = ()
    """Those of `take` that say that another lock of the same class is held already."""
    guards: tuple[str, ...] = ()
    """Classes of scope guards, as in ``guard(mutex)(&lock)``."""


class DeviceLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock that a bind holds on its device."""

    take: tuple[str, ...]
    try_: tuple[str, ...] = msgspec.field(name="try")
    guards: tuple[str, ...]
    """Classes of scope guards, as in ``guard(device)(dev)``."""
    source: str


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What keeps an object usable while the lock is not held."""

    references: tuple[str, ...]
    unlinks: tuple[str, ...]
    gives_up: tuple[str, ...]
    """Functions that drop a reference: who calls one has held it."""


class Locks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything ``locks.toml`` says."""

    lock: tuple[Pair, ...]
    device: DeviceLock
    kept: Kept


@cache
def locks() -> Locks:
    """The built-in catalogue's locks; raises `KscanError` where the file does not fit."""
    return read(DIRECTORY / "locks.toml", Locks)
