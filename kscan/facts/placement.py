# SPDX-License-Identifier: GPL-2.0-only
"""Where a node of an initialiser stands: in which table, below which of its members."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tree_sitter import Node

from kscan.facts.declarators import base_type, declared, text_of

_INSIDE = (
    "initializer_list",
    "initializer_pair",
    "compound_literal_expression",
    "pointer_expression",
    "parenthesized_expression",
    "cast_expression",
    "conditional_expression",
)
_MANY = 1_000
"""Nodes of one file above which it costs less to remember the parents of all nodes."""

_HOLDERS = ("initializer_pair", "pointer_expression", "parenthesized_expression")
"""What makes a compound literal part of the table around it."""

Parent = Callable[[Node], Node | None]


class Placement(NamedTuple):
    """A place in a table; the fields are those of `kscan.facts.unit.SlotFact`."""

    owner: str
    variable: str
    fields: tuple[str, ...]
    inner: str = ""


def parents_of(nodes: int) -> Parent:
    """How to find parents where those of so many `nodes` are asked for."""
    return _Parents().of if nodes > _MANY else _parent


def placed(node: Node, parent: Parent) -> Placement:
    """The place of `node`, which is a designated entry or stands beside such."""
    fields: list[str] = []
    inner = ""
    current: Node | None = node
    while current is not None:
        if current.type == "initializer_pair":
            fields[:0] = designated(current)
        elif current.type == "compound_literal_expression" and not inner:
            inner = _literal_type(current)
            above = parent(current)
            if above is not None and above.type not in _HOLDERS:
                return Placement(inner, "", tuple(fields))
            inner = f"{inner}#{len(fields)}"
        elif current.type == "init_declarator":
            return Placement(*_declared(current), tuple(fields), inner)
        current = parent(current)
    return Placement("", "", tuple(fields), inner)


def designated(pair: Node) -> list[str]:
    """The members that the designators of `pair` name, outermost first."""
    return [
        text_of(d.named_children[0])
        for d in pair.children_by_field_name("designator")
        if d.type == "field_designator"
    ]


def _declared(node: Node) -> tuple[str, str]:
    """Type and name of the object that `node` declares."""
    parent = node.parent
    base = base_type(parent.child_by_field_name("type")) if parent is not None else ""
    return base, declared(node, base)[0]


def _literal_type(node: Node) -> str:
    descriptor = node.child_by_field_name("type")
    return base_type(descriptor.child_by_field_name("type")) if descriptor is not None else ""


class _Parents:
    """The parents of nodes; tree-sitter looks for one from the root on, among all siblings.

    So the outermost initialiser list is walked once, and knows the parents of all below it.
    """

    def __init__(self) -> None:
        self._known: dict[int, Node | None] = {}

    def of(self, node: Node) -> Node | None:
        """The parent of `node`; None for the root."""
        if node.id not in self._known:
            self._known[node.id] = node.parent
            outermost = _outermost(node)
            if outermost is not None:
                self._learn(outermost)
        return self._known[node.id]

    def _learn(self, top: Node) -> None:
        pending = [top]
        while pending:
            parent = pending.pop()
            for child in parent.named_children:
                self._known[child.id] = parent
                if child.named_child_count:
                    pending.append(child)


def _outermost(node: Node) -> Node | None:
    """The outermost initialiser list that `node` lies in; None where it lies in none."""
    found = None
    above = node.parent
    while above is not None and above.type in _INSIDE:
        if above.type == "initializer_list":
            found = above
        above = above.parent
    return found


def _parent(node: Node) -> Node | None:
    return node.parent
