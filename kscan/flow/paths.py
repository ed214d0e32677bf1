# SPDX-License-Identifier: GPL-2.0-only
"""Access paths as a reader writes them, and what one function sets them to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kscan.facts import ir


def spelled(node: ir.Expr | None) -> str:
    """``foo->slots[0].lock`` for an access path, `&` and casts left out; empty for the rest."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Member(object=inner, field=name, arrow=arrow):
            outer = spelled(inner)
            return f"{outer}{'->' if arrow else '.'}{name}" if outer else ""
        case ir.Unary(op="&" | "*", operand=inner) | ir.Cast(operand=inner):
            return spelled(inner)
        case ir.Index(object=inner, index=index):
            outer, place = spelled(inner), spelled(index)
            place = index.text if isinstance(index, ir.Const) else place
            return f"{outer}[{place}]" if outer and place else ""
        case ir.Call(callee=ir.Name(id=name), args=args) if args:
            given = [spelled(argument) for argument in args]
            return f"{name}({', '.join(given)})" if all(given) else ""
    return ""


def is_path(node: ir.Expr) -> bool:
    """`node` names memory without calling anything: a variable, a member, an element."""
    match node:
        case ir.Name():
            return True
        case ir.Member(object=inner) | ir.Index(object=inner) | ir.Cast(operand=inner):
            return is_path(inner)
        case ir.Unary(op="*", operand=inner):
            return is_path(inner)
    return False


def addressed(node: ir.Expr) -> ir.Expr:
    """What `node` is the address of; `node` itself where it is none."""
    return node.operand if isinstance(node, ir.Unary) and node.op == "&" else node


def root_of(node: ir.Expr | None) -> str:
    """The variable that an access path starts from; empty where it starts from a call."""
    match node:
        case ir.Name(id=name):
            return name
        case ir.Member(object=inner) | ir.Index(object=inner) | ir.Cast(operand=inner):
            return root_of(inner)
        case ir.Unary(op="&" | "*", operand=inner):
            return root_of(inner)
    return ""


def rests_on(
    target: ir.Expr, value: ir.Expr | None, values: Mapping[str, Iterable[ir.Expr]]
) -> bool:
    """``x->start = PAGE_ALIGN(x->start)``: what is written rests on what was there.

    So it does where local variables in between, of which `values` tells what they are set to,
    were computed from that.
    """
    path = spelled(target) if isinstance(target, ir.Member) else ""
    waiting, seen = [value] if path and value is not None else [], set[str]()
    while waiting:
        for part in ir.walk(waiting.pop()):
            if isinstance(part, ir.Member) and spelled(part) == path:
                return True
            if isinstance(part, ir.Name) and part.id not in seen:
                seen.add(part.id)
                waiting += values.get(part.id, ())
    return False


@dataclass(frozen=True)
class Assigned:
    """What the variables and members of one function are set to, in source order."""

    values: dict[str, tuple[tuple[int, ir.Expr], ...]]

    def before(self, path: str, at: int) -> tuple[int, ir.Expr] | None:
        """The last value of `path` that stands before offset `at`, with its own offset."""
        found = None
        for place, value in self.values.get(path, ()):
            if place < at:
                found = (place, value)
        return found


def assigned(body: ir.Body) -> Assigned:
    """The assignments and initialisers of `body`; plain zeros say nothing and are left out."""
    found: dict[str, list[tuple[int, ir.Expr]]] = {}
    for declaration in ir.declarations(body.statements):
        if declaration.value is not None:
            found.setdefault(declaration.name, []).append((declaration.at, declaration.value))
    for node in body.nodes:
        if isinstance(node, ir.Assign) and node.op == "=":
            path = spelled(node.target)
            if path:
                found.setdefault(path, []).append((node.at, node.value))
    return Assigned({
        path: tuple(sorted((v for v in values if not _is_zero(v[1])), key=lambda v: v[0]))
        for path, values in found.items()
    })  # fmt: skip


def _is_zero(value: ir.Expr) -> bool:
    return isinstance(value, ir.Const) and value.is_zero
