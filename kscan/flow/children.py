# SPDX-License-Identifier: GPL-2.0-only
"""The devices below one: making them runs the probe of the drivers that are there for them.

Such a driver stands in the file that makes its devices, and reaches what belongs to the one
above through ``dev->parent``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from kscan.facts import ir
from kscan.flow.depth import Call
from kscan.flow.written import Write
from kscan.program.filled import filling
from kscan.program.program import Function, Program
from kscan.program.tables import slot_of

_DRIVER = "platform_driver"
_PARENT = "parent"

Traced = Callable[[Function, ir.Expr | None], ir.Expr | None]
"""An object in a function, without the locals that led to it; None for unknown."""


def probes(program: Program, path: str) -> tuple[Function, ...]:
    """The probe functions of the platform drivers in the file `path`."""
    names = {
        name
        for fact in filling(program, path, "probe")
        if slot_of(program, path, fact).tag == _DRIVER
        for name in fact.values
    }
    return tuple(function for function in program.functions_in(path) if function.name in names)


def lifted(
    writes: Iterable[Write], device: ir.Expr, frame: Call, traced: Traced
) -> Iterator[Write]:
    """Those of `writes`, by a probe that `frame` enters, that belong to the `device` above."""
    for write in writes:
        base = traced(frame.callee, write.base)
        if base is not None and _leads_up(base):
            yield replace(write, base=device, frames=(frame, *write.frames))


def _leads_up(node: ir.Expr) -> bool:
    """`node` starts from the device above: ``dev_get_drvdata(dev->parent)``."""
    return any(isinstance(part, ir.Member) and part.field == _PARENT for part in ir.walk(node))
