# SPDX-License-Identifier: GPL-2.0-only
"""Macros in initialisers: ``FOO_COMMON_OPS,`` among the entries, ``.driver = FOO_DRIVER(foo)``.

What such a macro fills depends on its definition, which may stand in another blob: the fact
says that it stands there, and with which arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from kscan.facts.declarators import text_of
from kscan.facts.defines import without_comments
from kscan.facts.placement import Parent, Placement, parents_of, placed
from kscan.facts.unit import InvocationFact
from kscan.syntax.declaring import commas

_MEMBERS = ("initializer_pair", "initializer_list", "identifier", "call_expression", "ERROR")
"""What stands in a list beside entries that macros make; a constant is a value by position."""
_LITERAL = re.compile(rb'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'', re.DOTALL)
_WRAPPERS = ("parenthesized_expression", "pointer_expression")


def invocations(found: Mapping[str, list[Node]], source: bytes) -> Iterator[InvocationFact]:
    """The macros among what ``facts/tables`` has `found` in `source`, in source order."""
    places = [
        *((node, place, False) for node, place in _among_entries(found.get("among", []))),
        *((node, place, True) for node, place in _values(found)),
        *((node, place, True) for node, place in _elements(found.get("element", []))),
    ]
    for node, place, whole in sorted(places, key=lambda each: each[0].start_byte):
        yield from _made(node, place, source, whole)


def _values(found: Mapping[str, list[Node]]) -> Iterator[tuple[Node, Placement]]:
    """Those that a member or an object is initialised with, each with its place."""
    pairs = found.get("pair", [])
    parent = parents_of(len(pairs))
    for pair in pairs:
        value = _unwrapped(pair.child_by_field_name("value"))
        if value is not None and value.type == "call_expression":
            yield value, placed(pair, parent)
    for value in found.get("whole", []):
        yield value, placed(value, parent)


def _elements(nodes: list[Node]) -> Iterator[tuple[Node, Placement]]:
    """Those that an element of an array of structs is initialised with."""
    parent = parents_of(len(nodes))
    for node in nodes:
        place = placed(node, parent)
        if _is_struct(place):
            yield node, place


def _among_entries(nodes: list[Node]) -> Iterator[tuple[Node, Placement]]:
    """Those that stand in the list of a struct's members, or in that of an array of structs."""
    parent = parents_of(len(nodes))
    lists: dict[int, Placement | None] = {}
    for node in nodes:
        around = parent(node)
        if around is None:
            continue
        if around.id not in lists:
            lists[around.id] = _table(around, parent)
        place = lists[around.id]
        if place is not None:
            yield node, place


def _table(around: Node, parent: Parent) -> Placement | None:
    """Where the entries of a list belong; None where they are no members of a struct."""
    if any(child.type not in _MEMBERS for child in around.named_children):
        return None
    place = placed(around, parent)
    return place if _is_struct(place) else None


def _is_struct(place: Placement) -> bool:
    """A macro at `place` may stand for members."""
    is_named = place.owner.startswith(("struct ", "union "))
    return is_named or bool(place.fields or place.inner)


def _unwrapped(value: Node | None) -> Node | None:
    """`value` without parentheses and ``&`` around it."""
    while value is not None and value.type in _WRAPPERS:
        value = value.child_by_field_name("argument") or next(iter(value.named_children), None)
    return value


def _made(node: Node, place: Placement, source: bytes, whole: bool) -> Iterator[InvocationFact]:
    """The fact of the macro that `node` may be; none for what can be no macro's name."""
    name = node.child_by_field_name("function") or node
    if name.type != "identifier" or text_of(name) == "NULL":
        return
    given = node.child_by_field_name("arguments")
    arguments = texts(source[given.start_byte : given.end_byte]) if given is not None else None
    line = node.start_point[0] + 1
    yield InvocationFact(
        place.owner, place.variable, place.fields, text_of(name), arguments, line, place.inner,
        whole,
    )  # fmt: skip


def texts(spelled: bytes) -> tuple[str, ...]:
    """The arguments that stand between the parentheses of `spelled`, as the source has them."""
    plain = without_comments(spelled)
    hidden = _LITERAL.sub(lambda literal: b"_" * len(literal[0]), plain)
    ends = [*commas(hidden), len(plain) - 1]
    starts = [1, *(end + 1 for end in ends)]
    texts = [plain[s:e].decode("utf-8", "replace").strip() for s, e in zip(starts, ends)]  # noqa: B905
    return tuple(texts) if any(texts) else ()
