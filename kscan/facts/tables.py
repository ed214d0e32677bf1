# SPDX-License-Identifier: GPL-2.0-only
"""Ops tables: which functions the initialisers and assignments of a blob put into which slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tree_sitter import Node

from kscan.facts.declarators import base_type, declared, text_of
from kscan.facts.placement import parents_of, placed
from kscan.facts.unit import SlotFact

_WRAPPERS = ("parenthesized_expression", "cast_expression", "pointer_expression")


def slots(found: Mapping[str, list[Node]]) -> Iterator[SlotFact]:
    """Every table entry, `found` by ``facts/tables``, that may hold a function or an object."""
    pairs = found.get("pair", [])
    parent = parents_of(len(pairs))
    for pair in pairs:
        values = tuple(_identifiers(pair.child_by_field_name("value")))
        if values:
            owner, variable, fields, inner = placed(pair, parent)
            yield SlotFact(owner, variable, fields, values, pair.start_point[0] + 1, inner)
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
