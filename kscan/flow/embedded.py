# SPDX-License-Identifier: GPL-2.0-only
"""Objects that lie in another: those in different members are not the same."""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.paths import addressed
from kscan.program.types import Scope

Holders = tuple[tuple[str, str], ...]
"""The members that an object lies in, the innermost first: the struct around, and the name."""


def holders(scope: Scope, node: ir.Expr) -> Holders:
    """The members that the object `node` lies in, or the one it points at, as far as it tells."""
    found: list[tuple[str, str]] = []
    node = addressed(node)
    while isinstance(node, ir.Member | ir.Index):
        if isinstance(node, ir.Index):
            if not scope.type_of(node.object).array:
                break
            node = node.object
            continue
        tag = scope.tag_of(node.object)
        if not tag or scope.type_of(node).ptr:
            break
        found.append((tag, node.field))
        outer = addressed(node.object)
        if node.arrow and outer is node.object:
            break
        node = outer
    return tuple(found)


def are_apart(one: Holders, other: Holders) -> bool:
    """What lies in `one` is not what lies in `other`, as far as both are known."""
    return any(mine != theirs for mine, theirs in zip(one, other, strict=False))
