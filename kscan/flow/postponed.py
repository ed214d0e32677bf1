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
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program.calls import EdgeKind
from kscan.program.deferred import functions_of, item_of, named, ways_out
from kscan.program.filled import filling, holding
from kscan.program.program import Function, Program
from kscan.program.types import scope_of


@dataclass(frozen=True, slots=True)
class Postponed:
    """A function that is run later, and how that would be called at once."""

    function: Function
    call: ir.Call
    is_awaited: bool
    """Who has it run waits until it has."""


def postponed(
    program: Program, functions: Functions, caller: Function, call: ir.Call
) -> Iterator[Postponed]:
    """The functions of its file that `call` in `caller` has run later."""
    for name, given in _postponed(program, functions, caller, call):
        for target in program.resolve_within(name, caller.path, caller.path.__eq__)[:1]:
            others = (ir.Opaque("", call.at),) * _untyped(target)
            meant = ir.Call(ir.Name(name, call.at), (*others, *given), call.at)
            awaited = any(
                (site.at, site.name, site.kind) == (call.at, name, EdgeKind.ARGUMENT)
                for site in ways_out(program, functions, caller)
            )
            yield Postponed(target, meant, awaited)


def bringing_up(
    program: Program, functions: Functions, target: Function
) -> Iterator[tuple[Function, ir.Call]]:
    """Who hands over a table that has `target` called for a device later, by which call."""
    bound = functions.later.bound
    tables = {f.variable for f in holding(program, target.path, target.name)}
    for table in sorted(tables - {""}):
        for caller in program.mentioning(target.path, table):
            for call in program.body(caller).calls:
                handed = map(root_name, call.args[bound.table : bound.table + 1])
                if matches(bound.names, call.name) and table in handed:
                    yield caller, call


def _postponed(
    program: Program, functions: Functions, caller: Function, call: ir.Call
) -> Iterator[tuple[str, tuple[ir.Expr, ...]]]:
    """The names of these functions, with what they work on."""
    later, args = functions.later, call.args
    if matches(later.queues, call.name):
        at = position(later.queues, call.name, 0)
        item = item_of(scope_of(program, caller), call, at)
        for name in functions_of(program, functions, caller.path, item) if item else ():
            yield name, args[at : at + 1]
    elif matches(later.threads, call.name):
        at = position(later.given, call.name, len(args))
        yield from ((name, args[at : at + 1]) for name in named(args))
    elif matches(later.bound.names, call.name):
        tables = {*map(root_name, args[later.bound.table : later.bound.table + 1])}
        for fact in filling(program, caller.path, later.bound.member):
            if fact.variable in tables:
                device = args[later.bound.device : later.bound.device + 1]
                yield from ((name, device) for name in fact.values)


def _untyped(function: Function) -> int:
    """The position of its parameter that may point to anything; the first if it has none."""
    kinds = [parameter.type for parameter in function.fact.params]
    return next((at for at, kind in enumerate(kinds) if kind.base == "void"), 0)
