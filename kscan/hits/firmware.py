# SPDX-License-Identifier: GPL-2.0-only
"""By which firmware names a driver is found: device tree, ACPI, platform bus.

Read from the driver's own tables: ``struct of_device_id`` (compatible), ``acpi_device_id``
(ACPI0001), ``platform_device_id`` and the name of a ``platform_driver``
(``include/linux/mod_devicetable.h``), and from ``…_OF_DECLARE(name, "compatible", …)``
(``include/linux/of.h``).  A table that no driver names and no ``MODULE_DEVICE_TABLE()`` exports
is there to look other devices up with, and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from kscan.hits import kbuild
from kscan.source.tree import Tree, Unreadable
from kscan.syntax import dialect, parser, queries

_WORTH_PARSING = re.compile(
    rb"of_device_id|acpi_device_id|platform_device_id|platform_driver\b|OF_DECLARE|IRQCHIP_"
)
_EXPORTED = re.compile(rb"\bMODULE_DEVICE_TABLE[ \t]*\([ \t\n]*\w+[ \t\n]*,[ \t\n]*(\w+)")
_MATCHED = re.compile(
    rb"\.(?:of_match_table|acpi_match_table|id_table)[ \t\n]*+=[ \t\n]*+"
    rb"(?:of_match_ptr|ACPI_PTR)?[ \t\n]*+\(?[ \t\n]*+(\w+)"
)
_DECLARED = re.compile(
    rb"\b(?:(?=[A-Z0-9_]*OF_DECLARE)\w++|IRQCHIP_DECLARE)[ \t\n]*\([ \t\n]*\w+[ \t\n]*,"
    rb"[ \t\n]*\"([^\"\n]+)\""
    rb"|\bIRQCHIP_MATCH[ \t\n]*\([ \t\n]*\"([^\"\n]+)\""
)
_COMPATIBLE = re.compile(rb"\.\s*compatible\s*=\s*((?:\"[^\"\n]*\"\s*)+|[A-Za-z_]\w*)")
_FIRST = re.compile(rb"^\{\s*(?:\.(?:id|name)\s*=\s*)?((?:\"[^\"\n]*\"\s*)+|[A-Za-z_]\w*)")
_NAME = re.compile(rb"\.name\s*=\s*((?:\"[^\"\n]*\"\s*)+|[A-Za-z_]\w*)")
_DEFINE = re.compile(
    rb"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(\"[^\"\n]*\")[ \t]*\r?$", re.MULTILINE
)
_STRING = re.compile(rb"\"([^\"\n]*)\"")
_COMMENT = re.compile(
    rb"//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|((?<!\\)\"(?:[^\"\\\n]|\\.)*+\")", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Matches:
    """The firmware names one driver answers to, each kind sorted."""

    compatibles: tuple[str, ...] = ()
    acpi: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.compatibles or self.acpi or self.platform)

    def names(self) -> tuple[str, ...]:
        """All of them; ACPI and platform names as in a module alias: ``acpi:ACPI0001``."""
        return (
            *self.compatibles,
            *(f"acpi:{name}" for name in self.acpi),
            *(f"platform:{name}" for name in self.platform),
        )


def matches(tree: Tree, path: str, *, alone: bool = False) -> Matches:
    """What `path` is matched by; where it has no table, what its module's other files are.

    These are left out where it is to be looked at `alone`.
    """
    own = in_source(_content(tree, path))
    if alone or _is_whole(own):
        return own
    found = [in_source(_content(tree, member)) for member in kbuild.members(tree, path)[1:]]
    return _together([own, *found])


def stands_alone(tree: Tree, path: str) -> bool:
    """`path` has a table of its own, and none of another file is asked for."""
    return _is_whole(in_source(_content(tree, path)))


def _is_whole(own: Matches) -> bool:
    return bool(own.compatibles or own.acpi)


def _content(tree: Tree, path: str) -> bytes:
    try:
        return tree.read(path) if tree.exists(path) else b""
    except Unreadable:
        return b""


def _together(several: list[Matches]) -> Matches:
    return Matches(
        tuple(sorted({name for one in several for name in one.compatibles})),
        tuple(sorted({name for one in several for name in one.acpi})),
        tuple(sorted({name for one in several for name in one.platform})),
    )


def in_source(source: bytes) -> Matches:
    """The firmware names in one C file; empty for one that has none or cannot be parsed."""
    if not _WORTH_PARSING.search(source):
        return Matches()
    text = dialect.respell(_without_bodies(source)).text
    try:
        root = parser.parse(text).root_node
    except parser.Unparsable:
        return Matches()
    plain = _COMMENT.sub(lambda m: m[1] or b" ", source)
    strings = dict(_DEFINE.findall(plain))
    found: dict[str, set[str]] = {"of": set(), "acpi": set(), "platform": set()}
    for tag, value in _driver_tables(root, plain):
        kind = tag.partition("_")[0]
        found[kind].update(_names(tag, value, text, strings))
    found["of"].update((a or b).decode("utf-8", "replace") for a, b in _DECLARED.findall(plain))
    return Matches(*(tuple(sorted(found[kind] - {""})) for kind in ("of", "acpi", "platform")))


def _without_bodies(source: bytes) -> bytes:
    """`source` without the function bodies that have no table: most of a file.

    A body begins after a parenthesis, and it begins and ends with a brace that stands first on
    its line; one that an ``#ifdef`` begins in or ends in stays.
    """
    parts, kept = [], 0
    while (start := source.find(b"\n{", kept)) >= 0 and (end := source.find(b"\n}", start)) >= 0:
        body = source[start:end]
        goes = (
            source[max(0, start - 80) : start].rstrip().endswith(b")")
            and body.count(b"#if") == body.count(b"#endif")
            and b"_device_id" not in body
        )
        parts.append(source[kept : start + 2 if goes else end])
        kept = end
    return b"".join([*parts, source[kept:]])


def _driver_tables(root: Node, plain: bytes) -> Iterator[tuple[str, Node]]:
    """Struct tag and initialiser of each table that says what the driver is matched by."""
    used = {*_EXPORTED.findall(plain), *_MATCHED.findall(plain)}
    for _, nodes in queries.matches("hits/firmware", root):
        tag = (nodes["tag"][0].text or b"").decode()
        if tag == "platform_driver" or nodes["name"][0].text in used:
            yield tag, nodes["value"][0]


def _names(tag: str, value: Node, text: bytes, strings: dict[bytes, bytes]) -> Iterator[str]:
    content = text[value.start_byte : value.end_byte]
    if tag == "of_device_id":
        spelled = _COMPATIBLE.findall(content)
    elif tag == "platform_driver":
        spelled = _NAME.findall(content)
    else:
        rows = (row for row in value.named_children if row.type == "initializer_list")
        firsts = (_FIRST.match(text[row.start_byte : row.end_byte]) for row in rows)
        spelled = [first[1] for first in firsts if first]
    for name in dict.fromkeys(spelled):
        parts = _STRING.findall(strings.get(name, name))
        yield b"".join(parts).decode("utf-8", "replace")
