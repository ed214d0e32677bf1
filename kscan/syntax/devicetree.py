# SPDX-License-Identifier: GPL-2.0-only
"""Devicetree source as syntax trees: the nodes and properties of one ``.dts`` or ``.dtsi``.

The grammar knows cpp's lines, but not that either branch of an ``#ifdef`` may open a node that
the other closes; so it is given text in which those lines are blank already.
"""

from __future__ import annotations

from functools import cache

import tree_sitter_devicetree
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from kscan.syntax.parser import NESTING_LIMIT, SIZE_LIMIT, Unparsable, nested_deeper_than


@cache
def language() -> Language:
    """The devicetree grammar."""
    return Language(tree_sitter_devicetree.language())


@cache
def _parser() -> Parser:
    return Parser(language())


@cache
def _query(source: str) -> Query:
    return Query(language(), source)


def captures(text: bytes, query: str) -> dict[str, list[Node]]:
    """What `query` captures in `text`, by capture name; raises `Unparsable`."""
    if len(text) > SIZE_LIMIT:
        raise Unparsable(f"{len(text)} bytes, more than the {SIZE_LIMIT} that are parsed")
    if nested_deeper_than(text, NESTING_LIMIT):
        raise Unparsable(f"brackets nested more than {NESTING_LIMIT} deep")
    return QueryCursor(_query(query)).captures(_parser().parse(text).root_node)
