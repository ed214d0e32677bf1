# SPDX-License-Identifier: GPL-2.0-only
"""The devices below one: making them runs the probe of the drivers that are there for them.

Such a driver stands in the file that makes its devices, and reaches what belongs to the one
above through ``dev->parent``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from kscan.facts import ir
from kscan.flow.world import Call
from kscan.flow.written import Write
from kscan.program import macros
from kscan.program.filled import slot_facts
from kscan.program.program import Function, Program
from kscan.program.tables import slot_of

_DRIVER = "platform_driver"
_PARENT = "parent"
_HOPS = 3

Origin = Callable[[Function, str], ir.Expr | None]
"""What a local of a function is set from; None for a new object or unknown."""


def probes(program: Program, path: str) -> tuple[Function, ...]:
    """The probe functions of the platform drivers in the file `path`."""
    names = {
        name
        for fact in slot_facts(program, path)
        if fact.fields[-1:] == ("probe",) and slot_of(program, path, fact).tag == _DRIVER
        for name in fact.values
    }
    return tuple(function for function in program.functions_in(path) if function.name in names)


def lifted(
    writes: Iterable[Write], device: ir.Expr, frame: Call, origin: Origin
) -> Iterator[Write]:
    """Those of `writes`, by a probe that `frame` enters, that belong to the `device` above."""
    for write in writes:
        base = _resolved(write.base, partial(origin, frame.callee))
        if base is not None and _leads_up(base):
            yield replace(write, base=device, frames=(frame, *write.frames))


def _resolved(base: ir.Expr | None, origin: Callable[[str], ir.Expr | None]) -> ir.Expr | None:
    """`base` with the locals in it replaced by what they were set from."""
    for _ in range(_HOPS):
        names = [part.id for part in ir.walk(base) if isinstance(part, ir.Name)] if base else []
        held = {name: value for name in names if (value := origin(name)) is not None}
        if base is None or not held:
            break
        base = macros.substituted(base, held, base.at)
    return base


def _leads_up(node: ir.Expr) -> bool:
    """`node` starts from the device above: ``dev_get_drvdata(dev->parent)``."""
    return any(isinstance(part, ir.Member) and part.field == _PARENT for part in ir.walk(node))
