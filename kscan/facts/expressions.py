# SPDX-License-Identifier: GPL-2.0-only
"""Lowering of expressions: what stands in a statement of the syntax tree, in terms of `ir`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from tree_sitter import Node

from kscan.facts import ir
from kscan.facts.declarators import base_type, declared, text_of
from kscan.facts.unit import UNKNOWN, CType
from kscan.syntax import parser

_NESTING = 200
"""Expressions within expressions; the deepest of 6.12 has 190."""


class Expressions(ABC):
    """Lowers the expressions of one slice; `base` is the slice's offset in the blob."""

    def __init__(self, base: int) -> None:
        self.base = base
        self.depth = 0

    @abstractmethod
    def block(self, node: Node | None) -> tuple[ir.Stmt, ...]:
        """The statements of a block, which may stand in an expression too."""

    def at(self, node: Node) -> int:
        """The offset of `node` in its blob."""
        return self.base + node.start_byte

    def expr(self, node: Node | None) -> ir.Expr:
        """The expression `node`; `ir.Opaque` for what is not evaluated or not understood.

        Raises `Unparsable` when expressions are nested too deeply.
        """
        if node is None:
            return ir.Opaque("", self.base)
        lower = _EXPRESSIONS.get(node.type)
        if self.depth > _NESTING:
            raise parser.Unparsable(f"expressions nested more than {_NESTING} deep")
        if lower is None:
            return ir.Opaque(text_of(node)[:80], self.at(node))
        self.depth += 1
        found = lower(self, node)
        self.depth -= 1
        return found

    def _condition(self, node: Node | None) -> ir.Expr:
        if node is not None and node.type == "parenthesized_expression":
            inner = _inner(node)
            return self.expr(inner)
        return self.expr(node)

    def _listed(self, node: Node | None) -> tuple[ir.Expr, ...]:
        """The arguments of a respelled macro head: a comma expression in parentheses."""
        found = self._condition(node)
        items: list[ir.Expr] = []
        while isinstance(found, ir.Several) and len(found.items) == 2:
            items.append(found.items[0])
            found = found.items[1]
        return (*items, found)

    def _args(self, node: Node) -> tuple[ir.Expr, ...]:
        arguments = node.child_by_field_name("arguments")
        if arguments is None:
            return ()
        return tuple(self.expr(a) for a in arguments.named_children if a.type not in _NOISE)

    def _name(self, node: Node) -> ir.Expr:
        return ir.Name(text_of(node), self.at(node))

    def _const(self, node: Node) -> ir.Expr:
        return ir.Const(text_of(node), self.at(node))

    def _member(self, node: Node) -> ir.Expr:
        operator = node.child_by_field_name("operator")
        field = node.child_by_field_name("field")
        return ir.Member(
            self.expr(node.child_by_field_name("argument")),
            text_of(field),
            operator is not None and operator.type == "->",
            self.at(field) if field is not None else self.at(node),
        )

    def _unary(self, node: Node) -> ir.Expr:
        operand = node.child_by_field_name("argument")
        operator = node.child_by_field_name("operator")
        op = operator.type if operator is not None else "?"
        if operator is None or operator.start_byte == node.start_byte:
            return ir.Unary(op, self.expr(operand), self.at(node))
        return self._postfix(op, self.expr(operand), operand)

    def _postfix(self, op: str, found: ir.Expr, operand: Node | None) -> ir.Expr:
        """``x++``, which binds tighter than a prefix: the grammar takes ``!x++`` for ``(!x)++``."""
        prefixed = operand is not None and operand.type == "unary_expression"
        if operand is not None and prefixed and isinstance(found, ir.Unary):
            inner = operand.child_by_field_name("argument")
            return ir.Unary(found.op, self._postfix(op, found.operand, inner), found.at)
        return ir.Unary(op, found, found.at if operand is None else self.at(operand), True)

    def _binary(self, node: Node) -> ir.Expr:
        operator = node.child_by_field_name("operator")
        return ir.Binary(
            operator.type if operator is not None else "?",
            self.expr(node.child_by_field_name("left")),
            self.expr(node.child_by_field_name("right")),
            self.at(node),
        )

    def _assign(self, node: Node) -> ir.Expr:
        operator = node.child_by_field_name("operator")
        return ir.Assign(
            operator.type if operator is not None else "=",
            self.expr(node.child_by_field_name("left")),
            self.expr(node.child_by_field_name("right")),
            self.at(node),
        )

    def _call(self, node: Node) -> ir.Expr:
        return ir.Call(
            self.expr(node.child_by_field_name("function")), self._args(node), self.at(node)
        )

    def _index(self, node: Node) -> ir.Expr:
        return ir.Index(
            self.expr(node.child_by_field_name("argument")),
            self.expr(node.child_by_field_name("index")),
            self.at(node),
        )

    def _choice(self, node: Node) -> ir.Expr:
        then = node.child_by_field_name("consequence")
        return ir.Choice(
            self.expr(node.child_by_field_name("condition")),
            None if then is None else self.expr(then),
            self.expr(node.child_by_field_name("alternative")),
            self.at(node),
        )

    def _cast(self, node: Node) -> ir.Expr:
        kind = _descriptor_type(node.child_by_field_name("type"))
        return ir.Cast(kind, self.expr(node.child_by_field_name("value")), self.at(node))

    def _parenthesized(self, node: Node) -> ir.Expr:
        inner = _inner(node)
        if inner is not None and inner.type == "compound_statement":
            return ir.Inline(self.block(inner), self.at(node))
        return self.expr(inner)

    def _comma(self, node: Node) -> ir.Expr:
        left = self.expr(node.child_by_field_name("left"))
        right = self.expr(node.child_by_field_name("right"))
        return ir.Several((left, right), self.at(node))

    def _compound(self, node: Node) -> ir.Expr:
        value = node.child_by_field_name("value")
        kind = _descriptor_type(node.child_by_field_name("type"))
        return ir.Literal(kind, self._items(value), self.at(node))

    def _initialiser(self, node: Node) -> ir.Expr:
        return ir.Literal(UNKNOWN, self._items(node), self.at(node))

    def _items(self, node: Node | None) -> tuple[tuple[tuple[str, ...], ir.Expr], ...]:
        if node is None:
            return ()
        found: list[tuple[tuple[str, ...], ir.Expr]] = []
        for child in node.named_children:
            if child.type == "initializer_pair":
                path = tuple(
                    text_of(d.named_children[0])
                    for d in child.children_by_field_name("designator")
                    if d.type == "field_designator"
                )
                found.append((path, self.expr(child.child_by_field_name("value"))))
            elif child.type not in _NOISE:
                found.append(((), self.expr(child)))
        return tuple(found)


def _descriptor_type(node: Node | None) -> CType:
    """The type a cast or compound literal names."""
    if node is None:
        return UNKNOWN
    base = base_type(node.child_by_field_name("type"))
    return declared(node.child_by_field_name("declarator"), base)[1]


def _inner(node: Node) -> Node | None:
    for child in node.named_children:
        if child.type not in _NOISE:
            return child
    return None


_NOISE = ("comment", "ERROR")
_EXPRESSIONS: dict[str, Callable[[Expressions, Node], ir.Expr]] = {
    "identifier": Expressions._name,
    "type_identifier": Expressions._name,
    "number_literal": Expressions._const,
    "string_literal": Expressions._const,
    "concatenated_string": Expressions._const,
    "char_literal": Expressions._const,
    "null": Expressions._const,
    "true": Expressions._const,
    "false": Expressions._const,
    "field_expression": Expressions._member,
    "unary_expression": Expressions._unary,
    "pointer_expression": Expressions._unary,
    "update_expression": Expressions._unary,
    "binary_expression": Expressions._binary,
    "assignment_expression": Expressions._assign,
    "call_expression": Expressions._call,
    "subscript_expression": Expressions._index,
    "conditional_expression": Expressions._choice,
    "cast_expression": Expressions._cast,
    "parenthesized_expression": Expressions._parenthesized,
    "comma_expression": Expressions._comma,
    "compound_literal_expression": Expressions._compound,
    "initializer_list": Expressions._initialiser,
    "compound_statement": lambda lower, node: ir.Inline(lower.block(node), lower.at(node)),
}
