# SPDX-License-Identifier: GPL-2.0-only
"""Shared state that a callback resets, or counts, each time it is called."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kscan.facts import ir
from kscan.flow.cfg import Kind as Branch
from kscan.flow.cfg import flow_of
from kscan.flow.paths import root_of, spelled
from kscan.flow.places import Place, field_named, place_of
from kscan.kernel.names import matches
from kscan.program.program import Function
from kscan.program.types import scope_of
from kscan.repeats.again import Again, Hazard, Kind, When
from kscan.repeats.looks import is_looked_at

_STEPS = ("++", "--")


def resets(again: Again) -> Iterator[Hazard]:
    """Writes of a constant, or a step, to what an instance shares between its clients."""
    for function, frames in again.entered.items():
        scope = scope_of(again.program, function)
        tested = _tested(again, function)
        for node in again.program.body(function).nodes:
            target = _overwritten(node)
            if target is None or node in tested or not _is_shared(again, function, target):
                continue
            place = place_of(scope, again.catalogue.functions, target)
            if place is None or not again.happens(function, node.at):
                continue
            counts = isinstance(node, ir.Unary)
            if counts or _is_set_elsewhere(again, function.path, place, node):
                when = When.UNCLEAR if is_looked_at(again, function, node.at) else When.EVERY
                yield Hazard(
                    Kind.RESET, function, node.at, frames, place.spelled,
                    place=place, sure=not counts, when=when,
                )  # fmt: skip


def _tested(again: Again, function: Function) -> list[ir.Expr]:
    """The steps that are guards: ``if (foo->users++)`` lets one caller in, and counts the rest."""
    nodes = flow_of(again.program, function).nodes
    tests = (node.expr for node in nodes if node.kind is Branch.BRANCH and node.expr is not None)
    return [part for test in tests for part in ir.walk(test) if isinstance(part, ir.Unary)]


def _overwritten(node: ir.Expr) -> ir.Expr | None:
    """What `node` resets or counts; None where it does neither."""
    match node:
        case ir.Assign(op="=", target=target, value=ir.Const(is_zero=True)):
            return target
        case ir.Assign(op="=", target=target, value=ir.Unary(op="&", operand=ir.Name())):
            return target
        case ir.Unary(op=op, operand=target) if op in _STEPS:
            return target
    return None


def _is_shared(again: Again, function: Function, target: ir.Expr) -> bool:
    """`target` is a member of an instance that was looked up, or a global.

    An element of an array is chosen by an id: it is one client's.
    """
    if isinstance(target, ir.Index):
        return False
    scope, root = scope_of(again.program, function), root_of(target)
    if not scope.is_automatic(root):
        return bool(root)
    variable = ir.Name(root, target.at)
    if not isinstance(target, ir.Member) or scope.type_of(variable).ptr == 0:
        return False
    client = next((p.type.tag for p in again.callback.fact.params if p.type.ptr), "")
    if scope.tag_of(variable) == client:
        return False
    if isinstance(_outer(target), ir.Member):
        return True
    is_fresh = again.memory_behind(function, target) is not None
    return not (is_fresh or _is_per_client(again, function, target))


def _outer(target: ir.Member) -> ir.Expr:
    """The object that `target` is a member of, members held by value left out."""
    node: ir.Expr = target
    while isinstance(node, ir.Member):
        arrow, node = node.arrow, node.object
        if arrow:
            break
    return node


def _is_per_client(again: Again, function: Function, target: ir.Expr) -> bool:
    """The variable that `target` starts from is read from what the core drops with its client."""
    getters = tuple(
        name
        for keeper in again.catalogue.functions.keeper
        for name in keeper.getters
        if field_named(keeper.field) in again.dropped
    )
    return any(
        isinstance(part, ir.Call) and matches(getters, part.name)
        for _, value in again.sources(function, target)
        for part in ir.walk(value)
    )


def _is_set_elsewhere(again: Again, path: str, place: Place, reset: ir.Expr) -> bool:
    """Another function of the driver sets `place` to something else, or counts in it."""
    value = spelled(reset.value) if isinstance(reset, ir.Assign) else ""
    return any(
        write.place == place
        and not (write.is_zero or write.partial or write.frames)
        and (write.value is None or spelled(write.value) != value)
        for file in _files(again, path, place)
        for function in again.program.functions_in(file)
        if function not in again.entered
        for write in again.writes.of(function)
    )


def _files(again: Again, path: str, place: Place) -> Iterator[str]:
    """`path`, then the driver's files beside it that name the struct or the global of `place`."""
    yield path
    if "/" in place.owner:  # a static global: no other file has it
        return
    words, under = [place.owner or place.name], [posixpath.dirname(path)]
    for other in again.program.reader.tree.files_with(words, suffixes=(".c",), under=under):
        if other != path and again.belongs(other):
            yield other
