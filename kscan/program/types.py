# SPDX-License-Identifier: GPL-2.0-only
"""The declared type of an expression, as far as structs and pointers matter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.facts.unit import UNKNOWN, CType
from kscan.program import macros
from kscan.program.program import Function, Program

_DEPTH = 12

_INFERRED = frozenset({"Auto", "__auto_type", "typeof"})
"""Types that an initialiser tells; the first is what the dialect makes of ``auto``."""


def scope_of(program: Program, function: Function) -> Scope:
    """The names of `function`, found once."""
    known: Scope | None = program.scopes.get(function)
    if known is None:
        known = program.scopes[function] = Scope(program, function)
    return known


@dataclass
class Scope:
    """One function's names: parameters and locals, then its file's."""

    program: Program
    function: Function

    @cached_property
    def locals(self) -> dict[str, CType]:
        """Parameters and local variables; a name declared twice keeps its first type."""
        found = {p.name: p.type for p in self.function.fact.params if p.name}
        for declaration in ir.declarations(self.program.body(self.function).statements):
            found.setdefault(declaration.name, declaration.type)
        return found

    @cached_property
    def statics(self) -> frozenset[str]:
        """Static local variables."""
        body = self.program.body(self.function)
        return frozenset(d.name for d in ir.declarations(body.statements) if d.static)

    def is_local(self, name: str) -> bool:
        """`name` is a parameter or a local variable here."""
        return name in self.locals

    def points_to_code(self, name: str) -> bool:
        """`name` is an object of this file that points to a function, and is none itself."""
        program, path = self.program, self.function.path
        known = program.own_variable(name, path)
        if known is None or program.defines(name, path):
            return False
        alias = program.typedef(known.type.base, path)
        return known.type.fn or (alias is not None and alias.type.fn and not known.type.ptr)

    def is_automatic(self, name: str) -> bool:
        """`name` is a parameter or a local variable that is not static."""
        return name in self._automatic

    @cached_property
    def _automatic(self) -> frozenset[str]:
        return frozenset(self.locals.keys() - self.statics)

    def type_of(self, node: ir.Expr, depth: int = 0) -> CType:  # noqa: C901 - one case a kind
        """The type of `node`; `UNKNOWN` where a declaration is missing."""
        if depth > _DEPTH:
            return UNKNOWN
        match node:
            case ir.Name(id=name):
                return self._named(name, depth)
            case ir.Member(object=inner, field=name):
                return self._member(self.type_of(inner, depth + 1), name)
            case ir.Unary(op="*", operand=inner) | ir.Index(object=inner):
                return _pointed(self.type_of(inner, depth + 1))
            case ir.Unary(op="&", operand=inner):
                kind = self.type_of(inner, depth + 1)
                return CType(kind.base, kind.ptr + 1) if kind.base else kind
            case ir.Unary(operand=inner) | ir.Assign(target=inner):
                return self.type_of(inner, depth + 1)
            case ir.Cast(type=kind) | ir.Literal(type=kind):
                return kind
            case ir.Choice(then=then, other=other):
                kind = self.type_of(then, depth + 1) if then is not None else UNKNOWN
                return kind if kind.base else self.type_of(other, depth + 1)
            case ir.Several(items=items) if items:
                return self.type_of(items[-1], depth + 1)
            case ir.Binary(left=left, right=right):
                kind = self.type_of(left, depth + 1)
                return kind if kind.base else self.type_of(right, depth + 1)
            case ir.Call():
                return self._result(node, depth)
        return UNKNOWN

    def tag_of(self, node: ir.Expr) -> str:
        """The struct tag of the object `node` is, or points at; empty where not known."""
        return self.tag(self.type_of(node))

    def is_struct(self, node: ir.Expr) -> bool:
        """`node` is a struct itself, and no pointer to one."""
        kind = self.type_of(node)
        return not kind.ptr and bool(self.tag(kind))

    def tag(self, kind: CType) -> str:
        """The struct tag behind `kind`, through typedefs."""
        for _ in range(4):
            if kind.tag or not kind.base:
                return kind.tag
            alias = self.program.typedef(kind.base, self.function.path)
            if alias is None:
                return ""
            kind = alias.type
        return ""

    def field_type(self, tag: str, name: str) -> CType:
        """The type of member `name` of struct `tag`."""
        return self.program.field_type(tag, name, self.function.path) or UNKNOWN

    def begins_with(self, tag: str, name: str) -> bool:
        """Member `name` is the first of struct `tag`."""
        record = self.program.record(tag, self.function.path) if tag else None
        return record is not None and bool(record.fields) and record.fields[0].name == name

    def _member(self, kind: CType, name: str) -> CType:
        tag = self.tag(kind)
        return self.field_type(tag, name) if tag else UNKNOWN

    @cached_property
    def _initial(self) -> dict[str, ir.Expr]:
        """The initialisers of local variables."""
        declarations = ir.declarations(self.program.body(self.function).statements)
        return {d.name: d.value for d in declarations if d.value is not None}

    def _named(self, name: str, depth: int) -> CType:
        known = self.locals.get(name)
        if known is not None:
            value = self._initial.get(name) if known.base in _INFERRED else None
            return known if value is None else self.type_of(value, depth + 1)
        found = self.program.variable(name, self.function.path)
        return found.type if found is not None else UNKNOWN

    def _result(self, call: ir.Call, depth: int) -> CType:
        if isinstance(call.callee, ir.Member):
            kind = self.type_of(call.callee, depth + 1)
            return CType(kind.base, kind.ptr) if kind.fn else UNKNOWN
        if not call.name:
            return UNKNOWN
        container = macros.container_tag(call.name, call.args)
        if container:
            return CType(f"struct {container}", 1)
        expanded = macros.expanded(self.program, self.function.path, call)
        if expanded is not None:
            return self.type_of(expanded, depth + 1)
        return self.program.result(call.name, self.function.path)


def _pointed(kind: CType) -> CType:
    return CType(kind.base, max(0, kind.ptr - 1)) if kind.base else kind
