# SPDX-License-Identifier: GPL-2.0-only
"""The functions of a syntax tree, and which of them the parser understood."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node, Tree

from kscan.syntax import queries


@dataclass(frozen=True, slots=True)
class Definition:
    """One function a file defines."""

    name: str
    line: int
    """Of its name, from 1."""
    node: Node
    broken: bool
    """It has an ERROR or MISSING node, or a function inside, which C does not know."""


def definitions(tree: Tree) -> list[Definition]:
    """The functions that `tree` defines, in source order."""
    matches = [found for _, found in queries.matches("facts/functions", tree.root_node)]
    matches.sort(key=lambda found: found["function"][0].start_byte)
    starts = [found["function"][0].start_byte for found in matches[1:]] + [1 << 62]
    return [
        _definition(found["function"][0], found["name"][0], following)
        for found, following in zip(matches, starts, strict=False)
    ]


def _definition(node: Node, name: Node, following: int) -> Definition:
    return Definition(
        name=(name.text or b"").decode("utf-8", "replace"),
        line=name.start_point[0] + 1,
        node=node,
        broken=node.has_error or node.end_byte > following,
    )
