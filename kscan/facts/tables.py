# SPDX-License-Identifier: GPL-2.0-only
"""Ops tables: which functions the initialisers and assignments of a blob put into which slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from kscan.facts.declarators import base_type, declared, text_of
from kscan.facts.unit import SlotFact
from kscan.syntax import queries

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
"""Entries of one file above which it costs less to remember the parents of all nodes."""

_WRAPPERS = ("parenthesized_expression", "cast_expression", "pointer_expression")


def slots(root: Node) -> Iterator[SlotFact]:
    """Every table entry of the blob that may hold a function or name an object."""
    found = queries.captures("facts/tables", root)
    pairs = found.get("pair", [])
    parent = _Parents().of if len(pairs) > _MANY else _parent
    for pair in pairs:
        values = tuple(_identifiers(pair.child_by_field_name("value")))
        if values:
            yield _initialised(pair, values, parent)
    for node in found.get("assignment", []):
        yield _assigned(node)
    for node in dict.fromkeys(found.get("array", [])):
        yield _array(node)


def _identifiers(value: Node | None) -> Iterator[str]:
    """The identifiers a table entry may hold."""
    if value is None:
        return
    if value.type == "identifier":
        if text_of(value) != "NULL":
            yield text_of(value)
    elif value.type == "conditional_expression":
        yield from _identifiers(value.child_by_field_name("consequence"))
        yield from _identifiers(value.child_by_field_name("alternative"))
    elif value.type in _WRAPPERS:
        inner = value.child_by_field_name("value") or value.child_by_field_name("argument")
        if inner is None and value.named_children:
            inner = value.named_children[-1]
        yield from _identifiers(inner)
    elif value.type == "call_expression":  # pm_ptr(&foo_ops), PTR_IF(CONFIG, &foo_ops)
        arguments = value.child_by_field_name("arguments")
        yield from _identifiers(
            arguments.named_children[-1] if arguments and arguments.named_children else None
        )


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
                if child.named_child_count:
                    self._known[child.id] = parent
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


def _initialised(
    pair: Node, values: tuple[str, ...], parent: Callable[[Node], Node | None]
) -> SlotFact:
    fields: list[str] = []
    inner = ""
    node: Node | None = pair
    while node is not None:
        if node.type == "initializer_pair":
            names = [
                text_of(d.named_children[0])
                for d in node.children_by_field_name("designator")
                if d.type == "field_designator"
            ]
            fields[:0] = names
        elif node.type == "compound_literal_expression" and not inner:
            inner = _literal_type(node)
            depth = len(fields)
            above = parent(node)
            if above is not None and above.type not in (
                "initializer_pair",
                "pointer_expression",
                "parenthesized_expression",
            ):
                return SlotFact(inner, "", tuple(fields), values, pair.start_point[0] + 1)
            inner = f"{inner}#{depth}"
        elif node.type == "init_declarator":
            return _in_declaration(node, tuple(fields), values, pair, inner)
        node = parent(node)
    return SlotFact("", "", tuple(fields), values, pair.start_point[0] + 1, inner)


def _in_declaration(
    node: Node, fields: tuple[str, ...], values: tuple[str, ...], pair: Node, inner: str
) -> SlotFact:
    parent = node.parent
    base = base_type(parent.child_by_field_name("type")) if parent is not None else ""
    name = declared(node, base)[0]
    return SlotFact(base, name, fields, values, pair.start_point[0] + 1, inner)


def _literal_type(node: Node) -> str:
    descriptor = node.child_by_field_name("type")
    return base_type(descriptor.child_by_field_name("type")) if descriptor is not None else ""


def _assigned(node: Node) -> SlotFact:
    target = node.child_by_field_name("left")
    fields: list[str] = []
    while target is not None and target.type == "field_expression":
        fields.insert(0, text_of(target.child_by_field_name("field")))
        target = target.child_by_field_name("argument")
    values = tuple(_identifiers(node.child_by_field_name("right")))
    return SlotFact("", text_of(target), tuple(fields), values, node.start_point[0] + 1)


def _array(node: Node) -> SlotFact:
    """An array of addresses: all of them are values of one entry without fields."""
    items: list[str] = []
    value = node.child_by_field_name("value")
    for item in _flat(value):
        if item.type == "pointer_expression":
            items += _identifiers(item)
    base = base_type(node.parent.child_by_field_name("type")) if node.parent is not None else ""
    return SlotFact(base, declared(node, base)[0], (), tuple(items), node.start_point[0] + 1)


def _flat(node: Node | None) -> Iterator[Node]:
    """The items of an initialiser list, those under ``#ifdef`` included."""
    for child in node.named_children if node is not None else ():
        if child.type.startswith("preproc_") or child.type == "ERROR":
            yield from _flat(child)
        else:
            yield child
