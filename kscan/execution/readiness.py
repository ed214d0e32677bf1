# SPDX-License-Identifier: GPL-2.0-only
"""What must have been made ready before it is used: locks, lists, work items."""

from __future__ import annotations

from kscan.execution.frame import Frame
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow.places import place_of, ready_place
from kscan.kernel.names import position


def used(frame: Frame, node: ir.Call, name: str) -> None:
    """`name` is called, which may need a lock, list or work made ready before."""
    for entry in frame.execution.world.functions.used_by(name):
        at = position(entry.users, name, entry.argument)
        if at >= len(node.args):
            continue
        needs(frame, node.args[at], entry.kind, node.at, f"calls {name}() on it")


def walked(frame: Frame, macro: str, head: ir.Expr, at: int) -> None:
    """The loop `macro` walks the list `head`, which must have been made ready."""
    for entry in frame.execution.world.functions.used_by(macro):
        needs(frame, head, entry.kind, at, f"{macro}() walks it")


def needs(frame: Frame, node: ir.Expr, kind: str, at: int, note: str) -> None:
    """The object `node` must have been made ready."""
    place = place_of(frame.scope, frame.execution.world.functions, node)
    if place is None:
        return
    ready = ready_place(place, kind)
    frame.execution.touched.add(ready)
    world = frame.execution.world
    if ready in world.late and not (
        ready in world.embedded and world.is_of_another(ready, frame.value(node).within[1:])
    ):
        frame.note(Happening.UNREADY, frame.taint(ready, at), at, note)
