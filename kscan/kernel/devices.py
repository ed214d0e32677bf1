# SPDX-License-Identifier: GPL-2.0-only
"""How a device comes into being, who is handed one with a driver, and what configures its DMA.

The shape of ``catalog/devices.toml``; every entry there names the kernel file it rests on.
"""

from __future__ import annotations

from functools import cache

import msgspec

from kscan.kernel.typed import DIRECTORY, read


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that make a device, those that add one to its bus, and what its maker sets."""

    allocators: tuple[str, ...]
    initialisers: tuple[str, ...]
    adders: tuple[str, ...]
    registers: tuple[str, ...]
    members: tuple[str, ...]


class OwnNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Members and functions that lead from a device to its firmware node."""

    members: tuple[str, ...]
    accessors: tuple[str, ...]


class Around(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that lead from a device to the object around it, and the member that leads back."""

    accessors: tuple[str, ...]
    member: str


class Handed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callbacks that run for a device which has a driver."""

    slots: tuple[str, ...]
    arguments: tuple[int, ...]
    """Positions of such devices, or of the bus's object around one."""
    source: str
    by: tuple[str, ...] = ()
    """``function:position`` of functions and macros that are handed such a callback."""
    driver: str = ""
    """The struct of the driver that those put it into."""


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A callback that is told of events of devices, and which of them say who has a driver."""

    slot: str
    event: int
    argument: int
    """Position of the device, as that of the event is `event`."""
    without: tuple[str, ...]
    """Events of a device that has no driver yet."""
    bound: tuple[str, ...]
    source: str


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that ask firmware about a device's DMA, and the bus slot they belong below."""

    contract: str
    slot: str
    functions: tuple[str, ...]
    device: int
    node: tuple[str, ...]
    """``function:position`` of the firmware node; others take the device's own."""
    id: tuple[str, ...]
    """``function:position`` of an id that overrides what the node says."""
    maker: str
    """The function without which an instance does not serve a device."""
    replays: tuple[str, ...]
    """Functions that offer a device to its instance once more."""
    within: str
    """``struct.field`` that is set while the probe path is asking."""
    bound: str
    """``struct.field`` that is set while a driver is bound."""
    source: str
    why: str


class Devices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything ``devices.toml`` says."""

    made: Made
    node: OwnNode
    object: Around
    handed: tuple[Handed, ...]
    told: Told
    configuration: tuple[Configuration, ...]

    def configured_by(self, contract: str) -> Configuration | None:
        """The configuration whose callbacks belong to `contract`; None where it has none."""
        return next((found for found in self.configuration if found.contract == contract), None)


@cache
def devices() -> Devices:
    """The built-in catalogue's devices; raises `KscanError` where the file does not fit."""
    return read(DIRECTORY / "devices.toml", Devices)
