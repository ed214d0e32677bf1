# SPDX-License-Identifier: GPL-2.0-only
"""Declarators: which name a C declaration gives, and of which type."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from tree_sitter import Node

from kscan.facts.unit import CType, Field

_NAMES = ("identifier", "field_identifier", "type_identifier", "primitive_type")
_RECORDS = {"struct_specifier": "struct", "union_specifier": "union", "enum_specifier": "enum"}


def text_of(node: Node | None) -> str:
    """The source text of `node`, one object however often it stands there.

    Bytes that are not UTF-8 are replaced.
    """
    text = node.text if node is not None else None
    return intern(text.decode("utf-8", "replace")) if text is not None else ""


def base_type(node: Node | None, outer: str = "") -> str:
    """What a type specifier names: ``struct device``, ``u32``; `outer` names an anonymous body."""
    if node is None:
        return ""
    kind = _RECORDS.get(node.type)
    if kind is None:
        return " ".join(text_of(node).split())
    tag = text_of(node.child_by_field_name("name"))
    return f"{kind} {tag or outer}" if tag or outer else kind


def _inner_declarator(node: Node) -> Node | None:
    """The declarator below `node`, also where the grammar gives it no field name."""
    found = node.child_by_field_name("declarator")
    if found is not None:
        return found
    for child in node.named_children:
        if child.type.endswith("declarator") or child.type in _NAMES:
            return child
    return None


def declared(declarator: Node | None, base: str) -> tuple[str, CType, Node | None]:
    """Name and type that `declarator` gives over `base`, and its parameter list if it has one."""
    ptr, array, fn = 0, False, False
    parameters: Node | None = None
    node = declarator
    while node is not None and node.type not in _NAMES:
        if node.type in ("pointer_declarator", "abstract_pointer_declarator"):
            ptr += 0 if fn else 1
        elif node.type in ("array_declarator", "abstract_array_declarator"):
            ptr += 0 if fn else 1
            array = True
        elif node.type in ("function_declarator", "abstract_function_declarator"):
            parameters = parameters or node.child_by_field_name("parameters")
            inner = _inner_declarator(node)
            fn = fn or (inner is not None and inner.type.endswith("parenthesized_declarator"))
        node = _inner_declarator(node)
    return text_of(node), CType(base, ptr, array, fn), parameters


def parameters_of(parameters: Node | None) -> tuple[Field, ...]:
    """The parameters of a function, in order; an unnamed one has an empty name."""
    if parameters is None:
        return ()
    found = []
    for child in parameters.named_children:
        if child.type != "parameter_declaration":
            continue
        name, kind, _ = declared(
            child.child_by_field_name("declarator"), base_type(child.child_by_field_name("type"))
        )
        if name or kind.ptr or kind.base != "void":
            found.append(Field(name, kind))
    return tuple(found)


def fields_of(body: Node, outer: str) -> Iterator[Field]:
    """The members of a struct body; those of anonymous inner bodies count as its own."""
    for child in body.named_children:
        if child.type.startswith("preproc_"):
            yield from fields_of(child, outer)
            continue
        if child.type != "field_declaration":
            continue
        kind = child.child_by_field_name("type")
        inner = kind.child_by_field_name("body") if kind is not None else None
        declarators = child.children_by_field_name("declarator")
        if inner is not None and not declarators:
            yield from fields_of(inner, outer)
        for declarator in declarators:
            name, _, _ = declared(declarator, "")
            base = base_type(kind, f"{outer}.{name}" if inner is not None else "")
            yield Field(*declared(declarator, base)[:2])


def storage_of(node: Node) -> frozenset[bytes | None]:
    """The storage classes that a declaration carries, ``inline`` among them."""
    return frozenset(c.text for c in node.children if c.type == "storage_class_specifier")
