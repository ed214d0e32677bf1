# SPDX-License-Identifier: GPL-2.0-only
"""What one function sets: its variables, and members by the way that leads to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.flow.paths import spelled
from kscan.program.program import Function, Program


@dataclass(frozen=True)
class Assigned:
    """The assignments and initialisers of one function."""

    body: ir.Body
    stores: dict[str, tuple[ir.Assign, ...]]
    """By what they set, in source order."""

    def values(self, name: str) -> list[ir.Expr]:
        """Whatever the variable `name` is set to, or counted on by."""
        stores = self.stores.get(name, ())
        return [store.value for store in stores if isinstance(store.target, ir.Name)]

    def before(self, path: str, at: int) -> ir.Assign | None:
        """The last that sets `path` before offset `at`; a plain zero says nothing."""
        stores = (one for one in self.stores.get(path, ()) if one.op == "=" and one.at < at)
        return next((one for one in reversed([*stores]) if not _is_zero(one.value)), None)

    def rests_on(self, target: ir.Expr, value: ir.Expr | None) -> bool:
        """``x->start = PAGE_ALIGN(x->start)``: what is written rests on what was there.

        So it does where local variables in between were computed from that.
        """
        path = spelled(target) if isinstance(target, ir.Member) else ""
        waiting, seen = [value] if path and value is not None else [], set[str]()
        while waiting:
            for part in ir.walk(waiting.pop()):
                if isinstance(part, ir.Member) and spelled(part) == path:
                    return True
                if isinstance(part, ir.Name) and part.id not in seen:
                    seen.add(part.id)
                    waiting += self.values(part.id)
        return False

    @cached_property
    def counters(self) -> frozenset[str]:
        """Variables that are set to plain numbers and counted up: ``for (i = 0; i < nr; i++)``.

        Those that are written in no other way.
        """
        plain = {
            name
            for name in self.stores
            if (values := self.values(name)) and all(isinstance(v, ir.Const) for v in values)
        }
        loops = (one for one in ir.statements(self.body.statements) if isinstance(one, ir.ForEach))
        cursors = {arg.id for loop in loops for arg in loop.args if isinstance(arg, ir.Name)}
        return frozenset(plain - cursors - set(map(_changed_otherwise, self.body.nodes)))


def assigned_in(program: Program, function: Function) -> Assigned:
    """What `function` sets, found once."""
    known: Assigned | None = program.assigned.get(function)
    if known is None:
        known = program.assigned[function] = _assigned(program.body(function))
    return known


def changed_names(program: Program, function: Function) -> frozenset[str]:
    """The names that `function` sets, or hands the address of."""
    targets = changed(program.body(function))
    return frozenset(target.id for target in targets if isinstance(target, ir.Name))


def changed(body: ir.Body) -> Iterator[ir.Expr]:
    """What `body` sets, or hands the address of."""
    for node in body.nodes:
        match node:
            case ir.Assign(target=target):
                yield target
            case ir.Unary(op="&" | "++" | "--", operand=target):
                yield target


def _assigned(body: ir.Body) -> Assigned:
    found: dict[str, list[ir.Assign]] = {}
    for one in ir.declarations(body.statements):
        if one.value is not None:
            store = ir.Assign("=", ir.Name(one.name, one.at), one.value, one.at)
            found.setdefault(one.name, []).append(store)
    for store in body.assignments:
        path = spelled(store.target)
        if path:
            found.setdefault(path, []).append(store)
    for stores in found.values():
        stores.sort(key=lambda store: store.at)
    return Assigned(body, {path: tuple(stores) for path, stores in found.items()})


def _changed_otherwise(node: ir.Expr) -> str:
    """The variable that `node` counts down, computes with or hands the address out of, or none."""
    match node:
        case ir.Unary(op="--" | "&", operand=ir.Name(id=name)):
            return name
        case ir.Assign(op=op, target=ir.Name(id=name)) if op != "=":
            return name
    return ""


def _is_zero(value: ir.Expr) -> bool:
    return isinstance(value, ir.Const) and value.is_zero
