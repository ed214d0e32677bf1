# SPDX-License-Identifier: GPL-2.0-only
"""What may change its place when a driver is put in order, and what undoes what.

The shape of ``catalog/fixes.toml``; every entry there names the kernel file it rests on.
"""

from __future__ import annotations

from functools import cache

import msgspec

from kscan.kernel.typed import DIRECTORY, read


class Unmoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions whose result and effect do not depend on where they stand."""

    names: tuple[str, ...]


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions whose effect another one takes back."""

    does: tuple[str, ...]
    undo: str
    node: int


class Put(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a reference to a device is put."""

    function: str
    member: str
    device: str


class Once(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a pointer is read once, and what the local that keeps it may be called."""

    function: str
    locals: tuple[str, ...]


class Mending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything ``fixes.toml`` says."""

    steady: Unmoved
    hardware: Unmoved
    undo: tuple[Undo, ...]
    put: Put
    once: Once


@cache
def mending() -> Mending:
    """The built-in catalogue's fixes; raises `KscanError` where the file does not fit."""
    return read(DIRECTORY / "fixes.toml", Mending)
