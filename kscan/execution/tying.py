# SPDX-License-Identifier: GPL-2.0-only
"""Resources that a callback puts on the device it is called for.

devres_add() and every devm_ function put an entry on the device's own list, which
devres_release_all() empties when a driver is unbound (drivers/base/devres.c).
"""

from __future__ import annotations

from kscan.execution.frame import Frame
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow.places import Place

RESOURCE = Place("resource", "", "resource")
"""What stands on the list of a device."""


def ties(frame: Frame, node: ir.Call, name: str) -> None:
    """Notes that `node` puts a resource on the callback's own client."""
    functions = frame.execution.world.functions
    at = functions.ties.position(name)
    if name in functions.unties or at >= len(node.args):
        return
    if frame.value(node.args[at]).origin == "client":
        frame.note(Happening.TIED, frame.taint(RESOURCE, node.at), node.at, name)
