# SPDX-License-Identifier: GPL-2.0-only
"""Look-ups among bound devices: which driver's, with which error, and the steps that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kscan.execution.world import Event, Happening
from kscan.facts import ir
from kscan.hazards.evidence import Evidence
from kscan.hazards.instance import BoundRead
from kscan.kernel.contracts import Contract
from kscan.model import Confidence, Step, StepKind
from kscan.program.program import Function, Program

_ERRNO = re.compile(r"E[A-Z0-9_]{2,}")


def fatal_error(contract: Contract, program: Program, found: BoundRead) -> str:
    """The errno with which the callback makes the registration itself fail; empty where not."""
    slot = str(found.callback.slot)
    tolerated = next((t.errors for t in contract.tolerated if t.slot == slot), None)
    errno = _errno(program, found.outcome) if found.outcome is not None else ""
    return errno if tolerated is not None and errno not in tolerated else ""


def _errno(program: Program, outcome: Event) -> str:
    """The errno that the callback's return names; empty where it is a variable."""
    if outcome.what is not Happening.DECLINED:
        return ""
    for node in program.body(outcome.function).nodes:
        if node.at == outcome.at:
            return next(_errnos(node), "")
    return ""


def _errnos(node: ir.Expr) -> Iterator[str]:
    for part in ir.walk(node):
        match part:
            case ir.Unary(op="-", operand=ir.Name(id=name)) if _ERRNO.fullmatch(name):
                yield name


def searched_driver(program: Program, lookup: Event) -> str:
    """The driver struct whose devices are searched."""
    for call in program.body(lookup.function).calls_at(lookup.at):
        if call.args:
            return next((p.id for p in ir.walk(call.args[0]) if isinstance(p, ir.Name)), "")
    return ""


def is_one_of_two(program: Program, function: Function) -> bool:
    """A second definition stands in the file: the configuration chooses."""
    return sum(f.name == function.name for f in program.unit(function.path).functions) > 1


def looking_up(evidence: Evidence, found: BoundRead) -> Iterator[Step]:
    """From the registration to the look-up, and what comes of its finding nothing."""
    lookup, outcome = found.lookup, found.outcome
    yield evidence.registered(found.registration)
    yield from evidence.way(found.callback.slot)
    yield evidence.entered(found.callback)
    yield from evidence.inside(lookup.frames, 1)
    note = f"{lookup.note}: probe has not returned, driver_bound() comes after it"
    depth = len(lookup.frames)
    stub = is_one_of_two(evidence.program, lookup.function)
    sure = Confidence.MEDIUM if stub else Confidence.HIGH
    yield evidence.step(lookup.function, lookup.at, StepKind.LOOKUP, note, 1, depth, sure)
    if outcome is not None:
        kind = StepKind.GUARD if outcome.what is Happening.DECLINED else StepKind.READ
        yield evidence.step(outcome.function, outcome.at, kind, outcome.note, 1)
    if found.late is not None:
        yield from evidence.written(found.late.write, "sets driver data only now")
