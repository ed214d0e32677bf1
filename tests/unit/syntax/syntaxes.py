# SPDX-License-Identifier: GPL-2.0-only
"""Snippets of kernel C as syntax trees."""

from __future__ import annotations

from tree_sitter import Node, Query, QueryCursor, Tree

from kscan.syntax.dialect import respell
from kscan.syntax.parser import language, parse
from kscan.syntax.queries import captures


def tree_of(source: bytes) -> Tree:
    return parse(respell(source).text)


def parsed(source: str) -> Node:
    return tree_of(source.encode()).root_node


def function_names(root: Node) -> list[Node]:
    return captures("facts/functions", root).get("name", [])


def calls(root: Node) -> list[str]:
    """Callees by name, in source order."""
    query = Query(language(), "(call_expression function: (identifier) @callee)")
    found = QueryCursor(query).captures(root).get("callee", [])
    return [node.text.decode() for node in sorted(found, key=lambda node: node.start_byte)]
