# SPDX-License-Identifier: GPL-2.0-only
"""What a call has run later, on an object that it names: as a call of that, in the caller's terms.

schedule_work(&foo->work);                              foo_work(&foo->work)
kthread_run(foo_thread, foo, "foo");                    foo_thread(foo)
component_master_add_with_match(dev, &foo_ops, match);  foo_bind(dev)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.paths import root_name
from kscan.kernel.functions import Bound, Functions
from kscan.kernel.names import matches, position
from kscan.program.calls import EdgeKind
from kscan.program.deferred import functions_of, item_of, named, ways_out
from kscan.program.filled import filling, holding
from kscan.program.program import Function, Program
from kscan.program.tables import home
from kscan.program.types import scope_of


@dataclass(frozen=True, slots=True)
class Postponed:
    """A function that is run later, and how that would be called at once."""

    function: Function
    call: ir.Call
    is_awaited: bool
    """Who has it run waits until it has."""
    for_devices: bool
    """It is the probe of a driver: who registers that names no device."""


def postponed(
    program: Program, functions: Functions, caller: Function, call: ir.Call
) -> Iterator[Postponed]:
    """The functions that `call` in `caller` has run later."""
    drivers = [bound for bound in functions.later.bound if bound.device is None]
    for_devices = any(matches(bound.names, call.name) for bound in drivers)
    for name, path, given in _postponed(program, functions, caller, call):
        for target in program.resolve_within(name, path, path.__eq__)[:1]:
            others = (ir.Opaque("", call.at),) * _untyped(target)
            meant = ir.Call(ir.Name(name, call.at), (*others, *given), call.at)
            awaited = any(
                (site.at, site.name, site.kind) == (call.at, name, EdgeKind.ARGUMENT)
                for site in ways_out(program, functions, caller)
            )
            yield Postponed(target, meant, awaited, for_devices)


def bringing_up(
    program: Program, functions: Functions, target: Function
) -> Iterator[tuple[Function, ir.Call]]:
    """Who hands over a table that has `target` called for a device later, by which call."""
    tables = {f.variable for f in holding(program, target.path, target.name)}
    for table in sorted(tables - {""}):
        for caller in program.mentioning(target.path, table):
            for call in program.body(caller).calls:
                if any(_is_handed(one, call, table) for one in functions.later.bound):
                    yield caller, call


def _is_handed(bound: Bound, call: ir.Call, table: str) -> bool:
    handed = map(root_name, call.args[bound.table : bound.table + 1])
    return bound.device is not None and matches(bound.names, call.name) and table in handed


def _postponed(
    program: Program, functions: Functions, caller: Function, call: ir.Call
) -> Iterator[tuple[str, str, tuple[ir.Expr, ...]]]:
    """The names of these functions, where they are known, and what they work on."""
    later, args, path = functions.later, call.args, caller.path
    if matches(later.queues, call.name):
        at = position(later.queues, call.name, 0)
        item = item_of(scope_of(program, caller), call, at)
        for name in functions_of(program, functions, caller.path, item) if item else ():
            yield name, path, args[at : at + 1]
    elif matches(later.threads, call.name):
        at = position(later.given, call.name, len(args))
        yield from ((name, path, args[at : at + 1]) for name in named(args))
    for bound in (one for one in later.bound if matches(one.names, call.name)):
        device = () if bound.device is None else args[bound.device : bound.device + 1]
        for table in map(root_name, args[bound.table : bound.table + 1]):
            place = home(program, caller.path, table) or caller.path
            for fact in filling(program, place, bound.member):
                if fact.variable == table:
                    yield from ((name, place, device) for name in fact.values)


def _untyped(function: Function) -> int:
    """The position of its parameter that may point to anything; the first if it has none."""
    kinds = [parameter.type for parameter in function.fact.params]
    return next((at for at, kind in enumerate(kinds) if kind.base == "void"), 0)
