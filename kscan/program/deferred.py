# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a call has another thread run: that of a work item, or of a new thread.

Queueing an item names no function: that is said where the item is made, as by
``INIT_WORK(&foo->work, foo_work_fn)``, and looked for in the file that queues it. Where the
queueing function then waits for the item, or for a completion that its function signals, that
runs inside the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kscan.facts import ir
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program.calls import CallSite, EdgeKind, call_sites
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of


@dataclass(frozen=True, slots=True)
class Item:
    """What a work item, its queue or a completion is known by within its file."""

    holder: str
    """The struct it is a member of, or the function it is a local of; empty for a global."""
    name: str


def ways_out(program: Program, functions: Functions, caller: Function) -> list[CallSite]:
    """The ways out of `caller`, with those to what it has another thread run."""
    later, found = functions.later, list[CallSite]()
    for site in call_sites(program, caller):
        if any(matches(later.threads, name) for name in site.through):
            is_awaited = _signals(program, functions, caller, site.at, site.name)
            found.append(replace(site, kind=_kind(is_awaited), through=()))
            continue
        found.append(site)
        if site.kind is EdgeKind.DIRECT and matches(later.queues, site.name):
            found += _queued(program, functions, caller, site)
    return found


def queueing(
    program: Program, functions: Functions, target: Function
) -> Iterator[tuple[Function, ir.Call]]:
    """Who has another thread run `target`, in its file and without waiting, by which call."""
    if not _is_handed_over(program, functions, target):
        return
    names = (*functions.later.queues, *functions.later.threads)
    for caller in program.functions_in(target.path):
        calls = {call.at: call for call in _calls(scope_of(program, caller), names)}
        for site in ways_out(program, functions, caller) if calls else ():
            if (site.kind, site.name) == (EdgeKind.QUEUED, target.name) and site.at in calls:
                yield caller, calls[site.at]


def _is_handed_over(program: Program, functions: Functions, target: Function) -> bool:
    """A work item is made with `target`, or a thread, as far as its file tells."""
    later, path = functions.later, target.path
    names = (*functions.makers("work"), *later.threads)
    return any(
        matches(later.declares, made.name) and target.name in made.arguments
        for made in program.unit(path).toplevel
    ) or any(
        target.name in named(call.args)
        for function in program.mentioning(path, target.name)
        for call in _calls(scope_of(program, function), names)
    )


def _queued(
    program: Program, functions: Functions, caller: Function, site: CallSite
) -> Iterator[CallSite]:
    """The ways to the functions of the item that is queued at `site`."""
    later, scope = functions.later, scope_of(program, caller)
    item = next((one for one, at in _items(scope, later.queues) if at == site.at), None)
    if item is None:
        return
    is_awaited = _waits(scope, later.awaits, item, site.at) or _drains(scope, functions, site.at)
    for name in dict.fromkeys(functions_of(program, functions, caller.path, item)):
        ends_inside = is_awaited or _signals(program, functions, caller, site.at, name)
        yield CallSite(_kind(ends_inside), name, None, site.at)


def _waits(scope: Scope, names: tuple[str, ...], item: Item, at: int) -> bool:
    """A call of one of `names`, after the offset `at`, is given `item`."""
    return any(one == item and place > at for one, place in _items(scope, names))


def _drains(scope: Scope, functions: Functions, at: int) -> bool:
    """The queue that the call at the offset `at` is given is waited for after it.

    A queue stands before its item.
    """
    later = functions.later
    queue = next((one for one, place in _items(scope, later.queues, 1) if place == at), None)
    return queue is not None and _waits(scope, later.drains, queue, at)


def _kind(is_awaited: bool) -> EdgeKind:
    return EdgeKind.ARGUMENT if is_awaited else EdgeKind.QUEUED


def _signals(program: Program, functions: Functions, caller: Function, at: int, name: str) -> bool:
    """The function `name` signals a completion that `caller` waits for after the offset `at`."""
    later, scope = functions.later, scope_of(program, caller)
    awaited = {one for one, place in _items(scope, later.waits) if place > at}
    return bool(awaited) and any(
        one in awaited
        for runner in program.resolve(name, caller.path)
        for one, _ in _items(scope_of(program, runner), later.signals)
    )


def functions_of(program: Program, functions: Functions, path: str, item: Item) -> Iterator[str]:
    """The functions that the file `path` makes `item` with."""
    for made in program.unit(path).toplevel:
        if matches(functions.later.declares, made.name) and made.arguments[:1] == (item.name,):
            yield from made.arguments[1:2]
    makers = functions.makers("work")
    for function in program.mentioning(path, item.name):
        scope = scope_of(program, function)
        for call in _calls(scope, makers):
            at = position(makers, call.name, 0)
            if item_of(scope, call, at) == item:
                yield from named(call.args[at + 1 : at + 2])


def _items(scope: Scope, names: tuple[str, ...], before: int = 0) -> Iterator[tuple[Item, int]]:
    """The items that calls of `names` are given, with the offset of the call.

    Or what they are given so many places `before` their item.
    """
    for call in _calls(scope, names):
        item = item_of(scope, call, position(names, call.name, 0) - before)
        if item is not None:
            yield item, call.at


def _calls(scope: Scope, names: tuple[str, ...]) -> Iterator[ir.Call]:
    calls = scope.program.body(scope.function).calls
    return (call for call in calls if matches(names, call.name))


def item_of(scope: Scope, call: ir.Call, at: int) -> Item | None:
    """The item that `call` is given at the position `at`."""
    match call.args[at : at + 1]:
        case (
            ir.Unary(op="&", operand=ir.Member(object=holder, field=name))
            | ir.Member(object=holder, field=name),
        ):
            return Item(scope.tag_of(holder), name)
        case (ir.Unary(op="&", operand=ir.Name(id=name)) | ir.Name(id=name),):
            return Item(scope.function.name if scope.is_automatic(name) else "", name)
    return None


def named(arguments: tuple[ir.Expr, ...]) -> Iterator[str]:
    """The names among `arguments`."""
    for argument in arguments:
        if isinstance(argument, ir.Name):
            yield argument.id
