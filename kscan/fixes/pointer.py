# SPDX-License-Identifier: GPL-2.0-only
"""A pointer that may not be set: where it is tested, and where it is used without a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.fixes.guarding import holds
from kscan.flow.cfg import Cfg, Kind, Node
from kscan.kernel.fixes import mending

OUTER = ("to_", "container_of")
"""Computes the object around a pointer, and reads nothing (include/linux/container_of.h)."""


@dataclass(frozen=True)
class Pointer:
    """One pointer in one function: a local, and what it keeps."""

    name: str
    """The local."""
    is_read: Callable[[ir.Expr], bool]
    """Whether an expression reads what the local keeps."""
    cfg: Cfg
    nodes: tuple[ir.Expr, ...]
    """Every expression of the function."""

    def tests(self) -> Iterator[ir.Expr]:
        """Conditions that are the pointer itself: the local, or a read of it."""
        for node in self.cfg.nodes:
            if node.expr is not None and self._is_test(node):
                yield node.expr

    def _is_test(self, node: Node) -> bool:
        expr = node.expr
        return node.kind is Kind.BRANCH and expr is not None and self._stands_for(expr)

    def _stands_for(self, node: ir.Expr) -> bool:
        once = mending().once.function
        match node:
            case ir.Name(id=name):
                return name == self.name
            case ir.Call(callee=ir.Name(id=name), args=(inner,)) if name == once:
                return self._stands_for(inner)
        return self.is_read(node)

    def dereferences(self) -> Iterator[ir.Member]:
        """Members that are reached through the pointer, or through what is made of it."""
        for node in self.nodes:
            if isinstance(node, ir.Member) and node.arrow and self._leads(node.object):
                yield node

    def _leads(self, node: ir.Expr) -> bool:
        match node:
            case ir.Call(callee=ir.Name(id=name), args=(inner, *_)) if name.startswith(OUTER):
                return self._leads(inner)
        return self._stands_for(node)

    def is_guarded(self, use: ir.Member) -> bool:
        """Every way to `use` passes a test that the pointer is set."""
        if any(self._guards(node, use) for node in self.nodes):
            return True
        cfg, target = self.cfg, self.cfg.containing(use.at)
        if target is None:
            return False
        seen, waiting = {0}, [0]
        while waiting:
            node = cfg.nodes[waiting.pop()]
            if node.index == target.index:
                return False
            following = node.then[1:] if self._is_test(node) else node.then
            waiting += [index for index in following if index not in seen]
            seen.update(following)
        return True

    def _guards(self, node: ir.Expr, use: ir.Member) -> bool:
        """`node` evaluates `use` only where its own first part has found the pointer set."""
        match node:
            case ir.Choice(test=test, then=then, other=other):
                if holds(other, use):
                    return self._denies(test)
                return then is not None and holds(then, use) and self._affirms(test)
            case ir.Binary(op="&&", left=left, right=right) if holds(right, use):
                return self._affirms(left)
            case ir.Binary(op="||", left=left, right=right) if holds(right, use):
                return self._denies(left)
        return False

    def _affirms(self, test: ir.Expr) -> bool:
        """Where `test` holds, the pointer is set."""
        if isinstance(test, ir.Binary) and test.op == "&&":
            return self._affirms(test.left) or self._affirms(test.right)
        return self._stands_for(test)

    def _denies(self, test: ir.Expr) -> bool:
        """Where `test` does not hold, the pointer is set."""
        match test:
            case ir.Binary(op="||", left=left, right=right):
                return self._denies(left) or self._denies(right)
            case ir.Unary(op="!", operand=inner):
                return self._stands_for(inner)
        return False
