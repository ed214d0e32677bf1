# SPDX-License-Identifier: GPL-2.0-only
"""What the assignment of a struct sets: ``foo->hw = (struct foo_hw){ .base = base }``."""

from __future__ import annotations

from collections.abc import Iterator

from kscan.facts import ir

_Held = tuple[tuple[str, ...], ir.Expr]
"""The path of a member in its struct, and what it holds."""


def members(body: ir.Body, target: ir.Expr, value: ir.Expr, at: int) -> Iterator[ir.Assign]:
    """The members that ``target = value``, at offset `at` of `body`, is seen to set.

    Of a literal these are the ones it names, of a local struct those that were set in it: what
    it was copied from in turn is not looked at.
    """
    for path, held in _held(body, value, at):
        yield ir.Assign("=", _member(target, path, at), held, at)


def is_told(value: ir.Expr | None) -> bool:
    """`value` says which members it sets; the others are zero."""
    return isinstance(value, ir.Literal) and all(_is_named(path) for path, _ in value.items)


def _held(body: ir.Body, value: ir.Expr, at: int) -> Iterator[_Held]:
    match value:
        case ir.Literal(items=items):
            yield from ((path, held) for path, held in items if _is_named(path))
        case ir.Name(id=name):
            for declared in ir.declarations(body.statements):
                if declared.name == name and isinstance(declared.value, ir.Literal):
                    yield from _held(body, declared.value, at)
            yield from _set_in(body, name, at)


def _set_in(body: ir.Body, name: str, at: int) -> Iterator[_Held]:
    """What is stored before `at` in the members of the local struct `name`."""
    for node in body.nodes:
        match node:
            case ir.Assign(op="=", target=ir.Member(object=ir.Name(id=root), field=field)) if (
                root == name and node.at < at
            ):
                yield (field,), node.value


def _is_named(path: tuple[str, ...]) -> bool:
    """Every step of `path` is a member: no element, and nothing that goes by its position."""
    return bool(path) and all(step.isidentifier() for step in path)


def _member(target: ir.Expr, path: tuple[str, ...], at: int) -> ir.Expr:
    first, *further = path
    match target:
        case ir.Unary(op="*", operand=pointer):
            found = ir.Member(pointer, first, arrow=True, at=at)
        case _:
            found = ir.Member(target, first, arrow=False, at=at)
    for step in further:
        found = ir.Member(found, step, arrow=False, at=at)
    return found
