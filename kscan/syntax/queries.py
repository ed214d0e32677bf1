# SPDX-License-Identifier: GPL-2.0-only
"""Tree-sitter queries as files: ``queries/facts/functions.scm`` is ``facts/functions``.

A wheel carries them as ``kscan/queries``; a checkout has them beside the package.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from tree_sitter import Node, Query, QueryCursor, QueryError

from kscan.model import KscanError
from kscan.syntax.parser import language

_LARGE = 64 << 10
"""Bytes up to which tree-sitter's own captures are the quicker way."""


@cache
def directory() -> Path:
    """Where the query files are; raises `KscanError` when the installation lacks them."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "queries", package.parent / "queries"):
        if place.is_dir():
            return place
    raise KscanError(f"no query files beside {package}: install kscan again")


_FROM_ZERO = re.compile(r"row (\d+), column (\d+)")


def compile_query(source: str, name: str) -> Query:
    """`source` as a query; raises `KscanError` that says where in `name` it is wrong."""
    try:
        return Query(language(), source)
    except QueryError as error:
        said = _FROM_ZERO.sub(_from_one, str(error).replace("\n", " "))
        raise KscanError(f"{name}: {said}: see tree-sitter's query syntax") from None


def _from_one(place: re.Match[str]) -> str:
    return f"line {int(place[1]) + 1}, column {int(place[2]) + 1}"


@cache
def query(name: str) -> Query:
    """The compiled query of ``queries/NAME.scm``; raises `KscanError` if there is none."""
    path = directory() / f"{name}.scm"
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KscanError(f"query {name}: {error.strerror or error}: {path}") from None
    return compile_query(source, str(path))


@cache
def digest() -> str:
    """SHA-256, in hex, of the names and texts of all query files: the key of cached facts."""
    total = hashlib.sha256()
    for path in sorted(directory().rglob("*.scm")):
        name = path.relative_to(directory()).as_posix().encode()
        text = path.read_bytes()
        total.update(b"%d %s %d " % (len(name), name, len(text)) + text)
    return total.hexdigest()


def captures(name: str, node: Node) -> dict[str, list[Node]]:
    """The nodes that query `name` captures at or below `node`, by capture name.

    In source order, outer before inner: tree-sitter itself gives them in no order.
    """
    if node.end_byte - node.start_byte > _LARGE:
        return _captures_by_match(name, node)
    found = QueryCursor(query(name)).captures(node)
    return {capture: sorted(nodes, key=_place) for capture, nodes in found.items()}


def _captures_by_match(name: str, node: Node) -> dict[str, list[Node]]:
    """The same for a large text, in which a list of n elements takes `captures` n² steps."""
    found: dict[str, dict[int, Node]] = {}
    for _, captured in QueryCursor(query(name)).matches(node):
        for capture, nodes in captured.items():
            found.setdefault(capture, {}).update((each.id, each) for each in nodes)
    return {capture: sorted(nodes.values(), key=_place) for capture, nodes in found.items()}


def matches(name: str, node: Node) -> list[tuple[int, dict[str, list[Node]]]]:
    """The matches of query `name` at or below `node`: pattern number and its captures."""
    return [
        (pattern, {capture: sorted(nodes, key=_place) for capture, nodes in found.items()})
        for pattern, found in QueryCursor(query(name)).matches(node)
    ]


def _place(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte
