# SPDX-License-Identifier: GPL-2.0-only
"""Lowering: the syntax tree of one function body becomes statements of `kscan.facts.ir`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tree_sitter import Node

from kscan.facts import ir
from kscan.facts.declarators import base_type, declared, storage_of, text_of
from kscan.facts.expressions import Expressions
from kscan.syntax import parser

DEEPEST = 150
"""Statements within statements, an ``else if`` counted as one."""

LONGEST = 1 << 20
"""Bytes of one function."""


class Lowering(Expressions):
    """Lowers the statements of one slice, with the expressions in them."""

    def __init__(self, base: int, macros: Mapping[int, str]) -> None:
        super().__init__(base)
        self.macros = macros
        self.level = 0

    def block(self, node: Node | None) -> tuple[ir.Stmt, ...]:
        """The statements of a block, or of one statement taken as a block."""
        if node is None:
            return ()
        found: list[ir.Stmt] = []
        children = node.named_children if node.type in _CONTAINERS else [node]
        for child in children:
            found += self.statement(child)
        return tuple(found)

    def statement(self, node: Node) -> list[ir.Stmt]:
        """What `node` means; several statements when labels or declarators stand in it.

        Raises `Unparsable` when statements are nested too deeply.
        """
        lower = _STATEMENTS.get(node.type)
        if lower is not None:
            if self.level >= DEEPEST:
                raise parser.Unparsable(f"statements nested more than {DEEPEST} deep")
            self.level += 1
            found = lower(self, node)
            self.level -= 1
            return found
        if node.type in _CONTAINERS:
            return list(self.block(node))
        if node.type == "comment" or not node.is_named:
            return []
        return [ir.Evaluate(self.expr(node), self.at(node))]

    def _declaration(self, node: Node) -> list[ir.Stmt]:
        base = base_type(node.child_by_field_name("type"))
        static = b"static" in storage_of(node)
        found: list[ir.Stmt] = []
        for declarator in node.children_by_field_name("declarator"):
            name, kind, _ = declared(declarator, base)
            value = declarator.child_by_field_name("value")
            found.append(
                ir.Declare(
                    name,
                    kind,
                    static,
                    None if value is None else self.expr(value),
                    self.at(declarator),
                )
            )
        return found

    def _expression(self, node: Node) -> list[ir.Stmt]:
        inner = node.named_children[0] if node.named_children else None
        if inner is None:
            return []
        if inner.type == "call_expression":
            guard = self._scope_guard(inner)
            if guard is not None:
                return [guard]
        return [ir.Evaluate(self.expr(inner), self.at(inner))]

    def _scope_guard(self, node: Node) -> ir.Guarded | None:
        """``guard(mutex)(&lock);`` holds the lock until its block ends (linux/cleanup.h)."""
        callee = node.child_by_field_name("function")
        if callee is None or callee.type != "call_expression":
            return None
        head = text_of(callee.child_by_field_name("function"))
        if head != "guard":
            return None
        return ir.Guarded(head, (*self._args(callee), *self._args(node)), (), self.at(node))

    def _if(self, node: Node) -> list[ir.Stmt]:
        then = self.block(node.child_by_field_name("consequence"))
        macro = self.macros.get(self.at(node))
        condition = node.child_by_field_name("condition")
        if macro is not None:
            return [ir.Guarded(macro, self._listed(condition), then, self.at(node))]
        other = node.child_by_field_name("alternative")
        return [ir.If(self._condition(condition), then, self.block(other), self.at(node))]

    def _while(self, node: Node) -> list[ir.Stmt]:
        body = self.block(node.child_by_field_name("body"))
        condition = node.child_by_field_name("condition")
        macro = self.macros.get(self.at(node))
        if macro is not None:
            return [ir.ForEach(macro, self._listed(condition), body, self.at(node))]
        test = self._condition(condition)
        return [ir.While((), test, None, body, node.type == "do_statement", self.at(node))]

    def _for(self, node: Node) -> list[ir.Stmt]:
        first = node.child_by_field_name("initializer")
        before = tuple(self.statement(first)) if first is not None else ()
        test = node.child_by_field_name("condition")
        step = node.child_by_field_name("update")
        return [
            ir.While(
                before,
                None if test is None else self.expr(test),
                None if step is None else self.expr(step),
                self.block(node.child_by_field_name("body")),
                False,
                self.at(node),
            )
        ]

    def _switch(self, node: Node) -> list[ir.Stmt]:
        value = self._condition(node.child_by_field_name("condition"))
        return [ir.Switch(value, self.block(node.child_by_field_name("body")), self.at(node))]

    def _case(self, node: Node) -> list[ir.Stmt]:
        value = node.child_by_field_name("value")
        found: list[ir.Stmt] = [ir.Case(None if value is None else self.expr(value), self.at(node))]
        for child in node.named_children:
            if child != value and child.type not in ("comment", "ERROR"):
                found += self.statement(child)
        return found

    def _labeled(self, node: Node) -> list[ir.Stmt]:
        label = node.child_by_field_name("label")
        found: list[ir.Stmt] = [ir.Label(text_of(label), self.at(node))]
        for child in node.named_children:
            if child != label:
                found += self.statement(child)
        return found

    def _return(self, node: Node) -> list[ir.Stmt]:
        value = node.named_children[0] if node.named_children else None
        return [ir.Return(None if value is None else self.expr(value), self.at(node))]

    def _goto(self, node: Node) -> list[ir.Stmt]:
        return [ir.Goto(text_of(node.child_by_field_name("label")), self.at(node))]

    def _break(self, node: Node) -> list[ir.Stmt]:
        return [ir.Break(self.at(node))]

    def _continue(self, node: Node) -> list[ir.Stmt]:
        return [ir.Continue(self.at(node))]


def lowered(text: bytes, start: int, end: int, macros: Mapping[int, str]) -> ir.Body:
    """The body of the function at bytes `start` to `end` of the respelled `text`.

    `macros` gives the name of the loop or guard macro that stood at an offset of the blob.
    Raises `Unparsable` for a function that is too long or nested too deeply.
    """
    if end - start > LONGEST:
        raise parser.Unparsable(f"a function of {end - start} bytes, more than {LONGEST}")
    root = parser.parse(text[start:end]).root_node
    for node in root.children:
        if node.type == "function_definition":
            return ir.Body(Lowering(start, macros).block(node.child_by_field_name("body")))
    return ir.Body(())


_CONTAINERS = (
    "compound_statement",
    "else_clause",
    "preproc_if",
    "preproc_ifdef",
    "preproc_else",
    "preproc_elif",
    "preproc_elifdef",
)
_STATEMENTS: dict[str, Callable[[Lowering, Node], list[ir.Stmt]]] = {
    "declaration": Lowering._declaration,
    "expression_statement": Lowering._expression,
    "if_statement": Lowering._if,
    "while_statement": Lowering._while,
    "do_statement": Lowering._while,
    "for_statement": Lowering._for,
    "switch_statement": Lowering._switch,
    "case_statement": Lowering._case,
    "labeled_statement": Lowering._labeled,
    "return_statement": Lowering._return,
    "goto_statement": Lowering._goto,
    "break_statement": Lowering._break,
    "continue_statement": Lowering._continue,
    "preproc_def": lambda _l, _n: [],
    "preproc_function_def": lambda _l, _n: [],
    "preproc_call": lambda _l, _n: [],
    "type_definition": lambda _l, _n: [],
    "ERROR": lambda _l, _n: [],
}
