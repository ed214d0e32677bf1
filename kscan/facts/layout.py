# SPDX-License-Identifier: GPL-2.0-only
"""Where the statements of a function stand in its text: what an edit of the source needs.

Offsets are bytes from the start of the blob, as everywhere; they are those of the respelled text,
which are true of the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tree_sitter import Node

from kscan.facts.unit import FunctionFact
from kscan.syntax import dialect, parser

LEAVING = ("return", "goto", "break", "continue")


@dataclass(frozen=True)
class Statement:
    """One statement, with the blocks below it."""

    kind: str
    """The grammar's word: ``expression``, ``if``, ``return``, ``declaration`` …"""
    start: int
    end: int
    condition: tuple[int, int] = (0, 0)
    """What stands in the parentheses of an ``if`` or loop; empty where there are none."""
    blocks: tuple[Block, ...] = ()
    """Of an ``if``, what follows it and what follows ``else``."""

    def holds(self, at: int) -> bool:
        """Offset `at` lies in it."""
        return self.start <= at < self.end

    def tests(self, at: int) -> bool:
        """Offset `at` lies in its condition."""
        return self.condition[0] <= at < self.condition[1]

    def all(self) -> Iterator[Statement]:
        """The statement and every one below it, outermost first."""
        yield self
        for block in self.blocks:
            for statement in block.statements:
                yield from statement.all()

    @property
    def leaves(self) -> bool:
        """Control may go elsewhere from inside it."""
        return any(statement.kind in LEAVING for statement in self.all())


@dataclass(frozen=True)
class Block:
    """Statements in a row: in braces, or the single one of an ``if``."""

    start: int
    end: int
    braced: bool
    statements: tuple[Statement, ...]

    def holds(self, at: int) -> bool:
        """Offset `at` lies in it."""
        return self.start <= at < self.end

    def index(self, at: int) -> int:
        """Which statement holds offset `at`; -1 for none."""
        return next((n for n, found in enumerate(self.statements) if found.holds(at)), -1)


@dataclass(frozen=True)
class Layout:
    """The statements of one function."""

    body: Block

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, outermost first."""
        return tuple(found for top in self.body.statements for found in top.all())

    def way(self, at: int) -> tuple[tuple[Block, int], ...]:
        """The blocks around offset `at`, outermost first, each with the index that leads there."""
        found: list[tuple[Block, int]] = []
        blocks: tuple[Block, ...] = (self.body,)
        while blocks:
            inside = [(block, block.index(at)) for block in blocks if block.index(at) >= 0]
            if not inside:
                break
            found.append(inside[0])
            block, index = inside[0]
            blocks = block.statements[index].blocks
        return tuple(found)

    def innermost(self, at: int) -> Statement | None:
        """The smallest statement that holds offset `at`."""
        way = self.way(at)
        return way[-1][0].statements[way[-1][1]] if way else None


def layout(source: bytes, function: FunctionFact) -> Layout | None:
    """The statements of `function` of the file `source`; None where they are not understood."""
    text = _respelled(source)[function.start : function.end]
    try:
        root = parser.parse(text).root_node
    except parser.Unparsable:
        return None
    for node in root.children:
        body = node.child_by_field_name("body")
        if node.type == "function_definition" and body is not None and not node.has_error:
            return Layout(_block(body, function.start))
    return None


@lru_cache(maxsize=1)
def _respelled(source: bytes) -> bytes:
    """`source` as the parser takes it: fixes ask about one file again and again."""
    return dialect.respell(source).text


def _block(node: Node, base: int) -> Block:
    braced = node.type in ("compound_statement", "else_clause")
    children = node.named_children if node.type == "compound_statement" else [node]
    kept = [child for child in children if child.type != "comment"]
    statements = tuple(_statement(child, base) for child in kept)
    return Block(base + node.start_byte, base + node.end_byte, braced, statements)


def _statement(node: Node, base: int) -> Statement:
    condition = node.child_by_field_name("condition")
    inside = (0, 0)
    if condition is not None and condition.type == "parenthesized_expression":
        inside = (base + condition.start_byte + 1, base + condition.end_byte - 1)
    elif condition is not None:
        inside = (base + condition.start_byte, base + condition.end_byte)
    return Statement(
        node.type.removesuffix("_statement"),
        base + node.start_byte,
        base + node.end_byte,
        inside,
        tuple(_block(below, base) for below in _below(node)),
    )


def _below(node: Node) -> Iterator[Node]:
    """The blocks directly below a statement."""
    if node.type == "compound_statement":
        yield node
    for name in ("consequence", "alternative", "body"):
        child = node.child_by_field_name(name)
        if child is None:
            continue
        if child.type == "else_clause":
            child = child.named_children[-1] if child.named_children else child
        yield child
    if node.type in ("labeled_statement", "case_statement"):
        label = node.child_by_field_name("label") or node.child_by_field_name("value")
        for child in node.named_children:
            if child != label and child.type.endswith("statement"):
                yield child
