# SPDX-License-Identifier: GPL-2.0-only
"""A test in front of a use: what a device without the pointer gets is the way out, or no entry."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.facts.layout import Layout, Statement
from kscan.fixes.edits import Edits, Refused


@dataclass(frozen=True)
class Guarding:
    """Puts tests of the local `name` before its uses in one function."""

    name: str
    body: ir.Body
    edits: Edits
    statements: Layout

    def guard(self, use: ir.Member) -> None:
        """`use` happens only where the pointer is set; raises `Refused`."""
        statement = self.statements.innermost(use.at)
        if statement is None:
            raise Refused("a use of it is not understood")
        if statement.kind == "if" and statement.tests(use.at):
            self._guard_condition(statement, use)
        elif statement.kind == "expression":
            self._guard_statement(statement)
        else:
            raise Refused(f"it is used in a {statement.kind}, and what to do without is open")

    def _guard_condition(self, statement: Statement, use: ir.Member) -> None:
        """What a device without it gets: the way out, or no entry, in front of what uses it."""
        whole = self._condition(statement)
        operand, operator = _part_with(whole, use)
        if len(statement.blocks) != 1:
            raise Refused("what to do without it is open: the test has two branches")
        outside = statement.blocks[0].statements[-1:]
        leaves = bool(outside) and outside[0].kind in ("return", "goto")
        name, wanted = (f"!{self.name}", "||") if leaves else (self.name, "&&")
        if operator in (wanted, ""):
            self.edits.insert(_start(operand), f"{name} {wanted} ".encode())
            return
        end = use.at + len(use.field)
        if max(part.at for part in ir.walk(operand)) != use.at:
            raise Refused("a condition is too long to tell what to do without it")
        self.edits.insert(_start(operand), f"({name} {wanted} ".encode())
        self.edits.insert(end, b")")

    def _condition(self, statement: Statement) -> ir.Expr:
        for found in ir.statements(self.body.statements):
            if isinstance(found, ir.If) and found.at == statement.start:
                return found.test
        raise Refused("a condition is not understood")

    def _guard_statement(self, statement: Statement) -> None:
        """The statement runs only where the pointer is set."""
        owner = self._owner(statement)
        if owner is not None:
            start, end = owner.condition
            test = self._condition(owner)
            if isinstance(test, ir.Binary) and test.op == "||":
                self.edits.insert(start, b"(")
                self.edits.insert(end, f") && {self.name}".encode())
            else:
                self.edits.insert(end, f" && {self.name}".encode())
            return
        lines = self.edits.lines(statement.start, statement.end)
        if self._is_alone(statement):
            raise Refused("it is used in a branch without braces")
        if lines is None:
            raise Refused("another statement stands on the same line")
        indent = self.edits.indent(statement.start)
        text = self.edits.source[self.edits.line_start(statement.start) : lines[1]]
        moved = b"".join(b"\t" + line for line in text.splitlines(keepends=True))
        head = indent + f"if ({self.name})\n".encode()
        self.edits.replace(self.edits.line_start(statement.start), lines[1], head + moved)

    def _is_alone(self, statement: Statement) -> bool:
        """`statement` is a branch by itself: another ``if`` there would catch its ``else``."""
        return any(
            block.statements == (statement,) and not block.braced
            for found in self.statements.statements
            for block in found.blocks
        )

    def _owner(self, statement: Statement) -> Statement | None:
        """The ``if`` without ``else`` of which `statement` is all there is."""
        for found in self.statements.statements:
            alone = [block.statements for block in found.blocks] == [(statement,)]
            if found.kind == "if" and alone:
                return found
        return None


def _part_with(whole: ir.Expr, use: ir.Member) -> tuple[ir.Expr, str]:
    """The innermost operand of ``&&`` or ``||`` that holds `use`, and that operator."""
    node, operator = whole, ""
    while True:
        match node:
            case ir.Binary(op="&&" | "||" as op, left=left, right=right):
                node, operator = (left if holds(left, use) else right), op
            case ir.Unary(op="!", operand=ir.Binary(op="&&" | "||")):
                raise Refused("a condition is negated as a whole")
            case _:
                return node, operator


def holds(node: ir.Expr, part: ir.Expr) -> bool:
    """`part` itself stands in `node`."""
    return any(found is part for found in ir.walk(node))


def _start(node: ir.Expr) -> int:
    return min(part.at for part in ir.walk(node))
