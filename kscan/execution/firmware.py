# SPDX-License-Identifier: GPL-2.0-only
"""Firmware nodes: whose node it is, and so whose device it leads to.

device_add() makes ``fwnode->dev`` the device that has the node (drivers/base/core.c), long before
a probe: from the client's own node one comes back to the client, from the one that firmware
names as its IOMMU's to the instance.
"""

from __future__ import annotations

from collections.abc import Sequence

from kscan.execution.frame import Frame
from kscan.execution.values import ANY, Value, What
from kscan.facts import ir
from kscan.flow.places import Place
from kscan.kernel.devices import devices
from kscan.kernel.functions import Functions

_OWN = ("own", "client")
_OWN_NODE = Value(What.ANY, None, "own node")
_OF_A_NODE = (_OWN_NODE.origin, "elsewhere")


def found(nodes: Sequence[Value]) -> Value:
    """The device that a look-up by one of `nodes` yields."""
    origins = {value.origin for value in nodes}
    if "elsewhere" in origins:
        return Value(What.ANY, None, "elsewhere")
    return Value(What.ANY, None, "client" if _OWN_NODE.origin in origins else "found")


def member(functions: Functions, place: Place, base: Value) -> Value:
    """What the member `place` of the object `base` leads to, as far as it has to do with nodes."""
    if f"{place.owner}.{place.name}" in functions.lookups.members:
        return found([_OWN_NODE if base.origin in _OWN else base])
    own = base.origin in _OWN and place.name in devices().node.members
    return _OWN_NODE if own else ANY


def another_form(frame: Frame, node: ir.Call, _name: str) -> Value | None:
    """The value of a call that leads to a device's own node, or from one form of it to another."""
    if not node.args:
        return None
    given = frame.value(node.args[0])
    if given.origin in _OWN:
        return _OWN_NODE
    return Value(What.ANY, None, given.origin) if given.origin in _OF_A_NODE else None
