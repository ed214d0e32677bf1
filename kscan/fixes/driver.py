# SPDX-License-Identifier: GPL-2.0-only
"""The cure of a pointer that may not be set, or may change: read it once into a local, test that.

The local keeps what was read as it was read; what is computed from it (``to_foo_driver(drv)``)
moves to where it is used, behind the test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts import ir
from kscan.facts.layout import Layout, layout
from kscan.fixes.edits import Edits, Refused, unified
from kscan.fixes.guarding import Guarding
from kscan.fixes.pointer import OUTER, Pointer
from kscan.flow.cfg import cfg_of
from kscan.hazards.case import Case
from kscan.kernel.fixes import mending
from kscan.model import Finding, Fix
from kscan.program.program import Function
from kscan.program.types import Scope, scope_of

_CLOSING = re.compile(rb"\s*\)")


def cure(case: Case, finding: Finding) -> Fix | None:
    """How to mend a finding about a pointer of the device that is read more than once."""
    callback = finding.callback
    unset = next((u for u in case.contract.unset if callback and callback.slot == u.slot), None)
    if callback is None or unset is None or finding.subject is None:
        return None
    once = mending().once.function
    wanted = f"Read `{finding.subject.name}` once, with {once}(), and test what was read"
    where = finding.primary.function
    if where != callback.function:
        return Fix(
            f"{wanted}; kscan writes no patch, because {where}() reads it on its own: do so in "
            f"{callback.function}(), and hand on what was read."
        )
    functions = case.program.named(callback.path, callback.function)
    if not functions:
        return None
    try:
        return Fix(f"{wanted}.", _Once.of(case, functions[0], unset.field).patch())
    except Refused as why:
        return Fix(f"{wanted}; kscan writes no patch, because {why}.")


@dataclass(frozen=True)
class _Kept:
    """The local that keeps what was read."""

    name: str
    declaration: ir.Declare | None
    """None where it has to be declared."""
    made_by: str = ""
    """What is computed from the pointer in the declaration: ``to_foo_driver``."""


@dataclass
class _Once:
    case: Case
    function: Function
    scope: Scope
    tag: str
    member: str
    edits: Edits
    statements: Layout
    _done: set[int] = field(default_factory=set)
    """Offsets of reads that are dealt with."""

    @classmethod
    def of(cls, case: Case, function: Function, unset: str) -> _Once:
        source = case.program.reader.tree.read(function.path)
        found = layout(source, function.fact)
        if found is None:
            raise Refused(f"{function.name}() is not understood well enough")
        tag, _, member = unset.partition(".")
        scope = scope_of(case.program, function)
        return cls(case, function, scope, tag, member, Edits(source), found)

    def patch(self) -> str:
        """The diff; raises `Refused`."""
        kept = self._kept()
        if kept.declaration is None:
            self._declare(kept.name)
        else:
            self._redeclare(kept, kept.declaration)
        for read in self._reads:
            if read.at not in self._done:
                self._use(read, kept)
        if kept.made_by:
            self._compute_late(kept)
        pointer = self._pointer(kept)
        for use in pointer.dereferences():
            if not pointer.is_guarded(use):
                Guarding(kept.name, self._body, self.edits, self.statements).guard(use)
        result = self.edits.result()
        return unified(self.function.path, self.edits.source, result)

    # What is there

    @cached_property
    def _body(self) -> ir.Body:
        return self.case.program.body(self.function)

    @cached_property
    def _nodes(self) -> tuple[ir.Expr, ...]:
        return self._body.nodes

    def _pointer(self, kept: _Kept) -> Pointer:
        return Pointer(kept.name, self._is_read, cfg_of(self._body), self._nodes)

    def _is_read(self, node: ir.Expr) -> bool:
        return (
            isinstance(node, ir.Member)
            and node.field == self.member
            and self.scope.tag_of(node.object) == self.tag
        )

    @cached_property
    def _reads(self) -> tuple[ir.Member, ...]:
        """The reads of the pointer, all from one object that does not change."""
        found = tuple(n for n in self._nodes if isinstance(n, ir.Member) and self._is_read(n))
        names = {n.object.id if isinstance(n.object, ir.Name) else "" for n in found}
        if len(names) != 1 or not names.issubset(self.function.parameters):
            raise Refused("the pointer is not read from one parameter throughout")
        return found

    def _span(self, read: ir.Member) -> tuple[int, int]:
        """The text of a read, with the ``READ_ONCE()`` around it."""
        start, end = read.object.at, read.at + len(read.field)
        once = mending().once.function
        for node in self._nodes:
            match node:
                case ir.Call(callee=ir.Name(id=name), args=(inner,)) if name == once:
                    closing = _CLOSING.match(self.edits.source, end)
                    if inner is read and closing is not None:
                        return node.at, closing.end()
        return start, end

    @cached_property
    def _type(self) -> str:
        kind = self.scope.field_type(self.tag, self.member)
        if not kind.tag or kind.ptr != 1:
            raise Refused(f"the type of {self.tag}.{self.member} is not known")
        return f"struct {kind.tag}"

    # The local

    def _kept(self) -> _Kept:
        """The local that is set from the pointer in its declaration, or the name of a new one."""
        for declaration in ir.declarations(self._body.statements):
            value = declaration.value
            if value is None or not any(self._is_read(node) for node in ir.walk(value)):
                continue
            made_by = self._made_by(value)
            if made_by is None:
                raise Refused(f"`{declaration.name}` is computed from it in a way of its own")
            if self._is_assigned(declaration.name):
                raise Refused(f"`{declaration.name}` is assigned again")
            return _Kept(declaration.name, declaration, made_by)
        taken = {n.id for n in self._nodes if isinstance(n, ir.Name)} | set(self.scope.locals)
        free = [name for name in mending().once.locals if name not in taken]
        if not free:
            raise Refused("no name is free for a local")
        return _Kept(free[0], None)

    def _made_by(self, value: ir.Expr) -> str | None:
        """``to_foo_driver`` of ``to_foo_driver(dev->driver)``; empty for the bare pointer."""
        once = mending().once.function
        match value:
            case ir.Member() if self._is_read(value):
                return ""
            case ir.Call(callee=ir.Name(id=name), args=(inner,)) if name == once:
                return "" if self._is_read(inner) else None
            case ir.Call(callee=ir.Name(id=name), args=(inner,)) if name.startswith(OUTER):
                return name if self._made_by(inner) == "" else None
        return None

    def _is_assigned(self, name: str) -> bool:
        return any(
            isinstance(node, ir.Assign) and node.target == ir.Name(name, node.target.at)
            for node in self._nodes
        )

    def _read_once(self) -> bytes:
        read = self._reads[0]
        assert isinstance(read.object, ir.Name)
        text = f"{mending().once.function}({read.object.id}->{read.field})"
        return text.encode()

    def _declare(self, name: str) -> None:
        """The new local goes first: it needs nothing but a parameter."""
        first = self.statements.body.statements[0]
        indent = self.edits.indent(first.start)
        line = b"%s *%s = %s;\n" % (self._type.encode(), name.encode(), self._read_once())
        gap = b"" if first.kind == "declaration" else b"\n"
        self.edits.insert(self.edits.line_start(first.start), indent + line + gap)

    def _redeclare(self, kept: _Kept, declaration: ir.Declare) -> None:
        statement = self.statements.innermost(declaration.at)
        several = [d for d in ir.declarations(self._body.statements)
                   if statement is not None and statement.holds(d.at)]  # fmt: skip
        if statement is None or len(several) != 1:
            raise Refused(f"`{kept.name}` is declared together with others")
        reads = [read for read in self._reads if statement.holds(read.at)]
        self._done |= {read.at for read in reads}
        if kept.made_by:
            text = b"%s *%s = %s;" % (self._type.encode(), kept.name.encode(), self._read_once())
            self.edits.replace(statement.start, statement.end, text)
        else:
            self.edits.replace(*self._span(reads[0]), self._read_once())

    def _use(self, read: ir.Member, kept: _Kept) -> None:
        """A further read becomes the local."""
        self.edits.replace(*self._span(read), kept.name.encode())

    def _names(self, kept: _Kept) -> Iterator[ir.Name]:
        for node in self._nodes:
            if isinstance(node, ir.Name) and node.id == kept.name:
                yield node

    def _compute_late(self, kept: _Kept) -> None:
        """Where the local was the computed pointer, it is computed now."""
        tested = {node.at for node in self._pointer(kept).tests()}
        for name in self._names(kept):
            if name.at not in tested:
                text = b"%s(%s)" % (kept.made_by.encode(), kept.name.encode())
                self.edits.replace(name.at, name.at + len(kept.name), text)
