# SPDX-License-Identifier: GPL-2.0-only
"""The call edges that leave one function: direct, through a slot, and as an argument."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from kscan.facts import ir
from kscan.model import Confidence
from kscan.program import macros
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of


class EdgeKind(StrEnum):
    """How control passes from one function to another."""

    DIRECT = "direct"
    SLOT = "slot"
    ARGUMENT = "argument"
    QUEUED = "queued"  # another thread runs it, later
    ASSUMED = "assumed"  # a scenario adds it


@dataclass(frozen=True, slots=True)
class Slot:
    """A member of an ops table; an empty `tag` means the table's type stays unknown."""

    tag: str
    field: str

    def __str__(self) -> str:
        return f"{self.tag or '?'}.{self.field}"

    @classmethod
    def named(cls, spelled: str) -> Slot:
        """The slot that the catalogue spells ``struct.member``."""
        tag, _, name = spelled.partition(".")
        return cls(tag, name)


@dataclass(frozen=True, slots=True)
class CallSite:
    """One way out of a function: a name or a slot, at a byte offset of its file."""

    kind: EdgeKind
    name: str
    """The callee's name; for a slot, its spelling."""
    slot: Slot | None
    at: int
    confidence: Confidence = Confidence.HIGH
    through: tuple[str, ...] = field(default=(), compare=False)
    """The functions and macros, outermost first, that an argument is handed to."""


def call_sites(program: Program, caller: Function) -> tuple[CallSite, ...]:
    """Every way out of `caller`, in source order; remembered with the program."""
    known: tuple[CallSite, ...] | None = program.sites.get(caller)
    if known is None:
        known = program.sites[caller] = _call_sites(program, caller)
    return known


def _call_sites(program: Program, caller: Function) -> tuple[CallSite, ...]:
    scope = scope_of(program, caller)
    found: dict[CallSite, None] = {}
    for call in program.body(caller).calls:
        for site in _sites(scope, call):
            found.setdefault(site)
    return tuple(sorted(found, key=lambda s: s.at))


def sites_of(
    program: Program, caller: Function, names: Collection[str]
) -> Iterator[tuple[CallSite, str]]:
    """The ways out of `caller` at calls that spell one of `names`, each with that name.

    A name is spelled by the callee, by the field called through or as an argument.
    """
    scope = scope_of(program, caller)
    for call in program.body(caller).calls:
        spelled = next((name for name in _spelled(call) if name in names), "")
        if spelled:
            for site in _sites(scope, call):
                yield site, spelled


def _spelled(call: ir.Call) -> Iterator[str]:
    for node in (call.callee, *call.args):
        inner = node.operand if isinstance(node, ir.Unary) else node
        if isinstance(inner, ir.Name):
            yield inner.id
        elif isinstance(inner, ir.Member) and node is call.callee:
            yield inner.field


def _sites(
    scope: Scope,
    call: ir.Call,
    outer: tuple[str, ...] = (),
    left: Iterator[int] | None = None,
) -> list[CallSite]:
    """The ways out at `call`, which stands in the macros `outer`, and at those it is made of."""
    left = iter(range(macros.MOST_EXPANSIONS)) if left is None else left
    found = [callee_of(scope, call)]
    through = (*outer, call.name) if call.name else outer
    if call.name and len(outer) < 4 and next(left, None) is not None:
        inner = macros.expanded(scope.program, scope.function.path, call)
        if inner is not None:
            found += [
                site
                for node in ir.walk(inner)
                if isinstance(node, ir.Call)
                for site in _sites(scope, node, through, left)
            ]
    found += [_handed(scope, argument, call.at, through) for argument in call.args]
    return [site for site in found if site is not None]


def callee_of(scope: Scope, call: ir.Call) -> CallSite | None:
    """The way out that `call` itself is: to a function by name, or through a slot."""
    match call.callee:
        case ir.Name(id=name) if not scope.is_local(name):
            return CallSite(EdgeKind.DIRECT, name, None, call.at)
        case (
            ir.Member(object=table, field=field)
            | ir.Unary(op="*", operand=ir.Member(object=table, field=field))
        ):
            slot = Slot(scope.tag_of(table), field)
            sure = Confidence.HIGH if slot.tag else Confidence.LOW
            return CallSite(EdgeKind.SLOT, str(slot), slot, call.at, sure)
    return None


def _handed(scope: Scope, argument: ir.Expr, at: int, through: tuple[str, ...]) -> CallSite | None:
    """A function passed as an argument is an edge from the caller that passes it."""
    if isinstance(argument, ir.Unary) and argument.op == "&":
        argument = argument.operand
    if not isinstance(argument, ir.Name) or scope.is_local(argument.id):
        return None
    name, path = argument.id, scope.function.path
    declared = scope.program.defines(name, path) or scope.program.prototype(name, path) is not None
    if not declared or scope.program.variable(name, path) is not None:
        return None
    return CallSite(EdgeKind.ARGUMENT, name, None, at, through=through)
