# SPDX-License-Identifier: GPL-2.0-only
"""The body of one C function as expressions and statements, free of the grammar's detail.

Every node carries `at`, the byte offset in its blob. Kernel loop and scope macros are
statements of their own (`ForEach`, `Guarded`), because what they iterate or hold matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Union

import msgspec

from kscan.facts.unit import CType

_ZERO = re.compile(r"0[xX]?0*[uUlL]*")


class _Node(msgspec.Struct, frozen=True, array_like=True, tag=True, tag_field="_", gc=False):
    pass


class Name(_Node, frozen=True):
    """An identifier."""

    id: str
    at: int


class Const(_Node, frozen=True):
    """A number, character, string or NULL, as spelled."""

    text: str
    at: int

    @property
    def is_zero(self) -> bool:
        """``0``, ``0UL``, ``0x00``, NULL or false."""
        return self.text in ("NULL", "false") or _ZERO.fullmatch(self.text) is not None


class Member(_Node, frozen=True):
    """``object.field`` or, with `arrow`, ``object->field``."""

    object: Expr
    field: str
    arrow: bool
    at: int


class Unary(_Node, frozen=True):
    """A prefix or postfix operator: ``*``, ``&``, ``!``, ``-``, ``++`` …"""

    op: str
    operand: Expr
    at: int
    postfix: bool = False
    """It yields the value that was there before: ``x++``."""


class Binary(_Node, frozen=True):
    """A binary operator, comma excluded."""

    op: str
    left: Expr
    right: Expr
    at: int


class Assign(_Node, frozen=True):
    """``target = value`` or a compound assignment, named by `op`."""

    op: str
    target: Expr
    value: Expr
    at: int


class Call(_Node, frozen=True):
    """A call of a function, a macro or through a pointer."""

    callee: Expr
    args: tuple[Expr, ...]
    at: int

    @property
    def name(self) -> str:
        """What is called by its name; empty where that is an expression: ``foo->ops->get()``."""
        return self.callee.id if isinstance(self.callee, Name) else ""


class Index(_Node, frozen=True):
    """``object[index]``."""

    object: Expr
    index: Expr
    at: int


class Choice(_Node, frozen=True):
    """``test ? then : other``; `then` is None in GNU's ``test ?: other``."""

    test: Expr
    then: Expr | None
    other: Expr
    at: int


class Cast(_Node, frozen=True):
    """``(type)operand``."""

    type: CType
    operand: Expr
    at: int


class Several(_Node, frozen=True):
    """A comma expression: the last one is its value."""

    items: tuple[Expr, ...]
    at: int


class Literal(_Node, frozen=True):
    """A braced initialiser or compound literal; each item is a field path and a value."""

    type: CType
    items: tuple[tuple[tuple[str, ...], Expr], ...]
    at: int


class Inline(_Node, frozen=True):
    """A statement expression ``({ … })``."""

    body: tuple[Stmt, ...]
    at: int


class Opaque(_Node, frozen=True):
    """Not evaluated or not understood: ``sizeof``, a type argument, an error."""

    text: str
    at: int


class Declare(_Node, frozen=True):
    """A local variable; `value` is its initialiser."""

    name: str
    type: CType
    static: bool
    value: Expr | None
    at: int


class Evaluate(_Node, frozen=True):
    """An expression statement."""

    value: Expr
    at: int


class If(_Node, frozen=True):
    """``if``."""

    test: Expr
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...]
    at: int


class While(_Node, frozen=True):
    """``while``, ``do … while`` and ``for``, reduced to one shape."""

    before: tuple[Stmt, ...]
    test: Expr | None
    step: Expr | None
    body: tuple[Stmt, ...]
    body_first: bool
    at: int


class ForEach(_Node, frozen=True):
    """A loop macro: ``list_for_each_entry(cursor, head, member)``."""

    macro: str
    args: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    at: int


class Guarded(_Node, frozen=True):
    """``scoped_guard(mutex, &lock) { … }``, or ``guard(mutex)(&lock)`` with an empty body."""

    macro: str
    args: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    at: int


class Switch(_Node, frozen=True):
    """``switch``; `Case` statements stand in its body."""

    value: Expr
    body: tuple[Stmt, ...]
    at: int


class Case(_Node, frozen=True):
    """``case value:``, or ``default:`` when `value` is None."""

    value: Expr | None
    at: int


class Label(_Node, frozen=True):
    """``name:``."""

    name: str
    at: int


class Goto(_Node, frozen=True):
    """``goto name``."""

    name: str
    at: int


class Return(_Node, frozen=True):
    """``return value``."""

    value: Expr | None
    at: int


class Break(_Node, frozen=True):
    """``break``."""

    at: int


class Continue(_Node, frozen=True):
    """``continue``."""

    at: int


Expr = Union[  # noqa: UP007 - msgspec resolves the forward references of a Union
    Name,
    Const,
    Member,
    Unary,
    Binary,
    Assign,
    Call,
    Index,
    Choice,
    Cast,
    Several,
    Literal,
    Inline,
    Opaque,
]
Stmt = Union[  # noqa: UP007
    Declare, Evaluate, If, While, ForEach, Guarded, Switch, Case, Label, Goto, Return, Break,
    Continue,
]  # fmt: skip


_LEAVES = (Name, Const, Opaque)


class Body(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """A lowered function body."""

    statements: tuple[Stmt, ...]

    @cached_property
    def nodes(self) -> tuple[Expr, ...]:
        """Every expression, those inside others too: they are walked again and again."""
        return tuple(node for one in _all(self.statements) for node in walk(one))

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Those of `nodes` that call."""
        return tuple(node for node in self.nodes if isinstance(node, Call))

    def calls_at(self, at: int) -> Iterator[Call]:
        """The calls that begin at one offset: two in ``foo_get(dev)->start(dev)``."""
        return (call for call in self.calls if call.at == at)

    @cached_property
    def assignments(self) -> tuple[Assign, ...]:
        """Those of `nodes` that assign."""
        return tuple(node for node in self.nodes if isinstance(node, Assign))


def parts(node: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions of `node`, in the order C evaluates what has an order."""
    match node:
        case Member(object=inner) | Unary(operand=inner) | Cast(operand=inner):
            return (inner,)
        case Binary(left=left, right=right):
            return (left, right)
        case Assign(target=target, value=value):
            return (value, target)
        case Call(callee=callee, args=args):
            return (callee, *args)
        case Index(object=inner, index=index):
            return (inner, index)
        case Choice(test=test, then=then, other=other):
            return (test, other) if then is None else (test, then, other)
        case Several(items=several):
            return several
        case Literal(items=entries):
            return tuple(value for _, value in entries)
        case Inline(body=body):
            return tuple(e for statement in body for e in expressions(statement))
    return ()


def expressions(statement: Stmt) -> Iterator[Expr]:
    """Every expression that stands directly in `statement` or in a statement below it."""
    match statement:
        case Declare(value=value) | Return(value=value) | Case(value=value):
            if value is not None:
                yield value
        case Evaluate(value=value):
            yield value
        case If(test=test, then=then, other=other):
            yield test
            yield from _all(then)
            yield from _all(other)
        case While(before=before, test=loop_test, step=step, body=body):
            yield from _all(before)
            yield from (e for e in (loop_test, step) if e is not None)
            yield from _all(body)
        case ForEach(args=args, body=body) | Guarded(args=args, body=body):
            yield from args
            yield from _all(body)
        case Switch(value=value, body=body):
            yield value
            yield from _all(body)


def _all(statements: tuple[Stmt, ...]) -> Iterator[Expr]:
    for statement in statements:
        yield from expressions(statement)


def walk(node: Expr) -> Iterator[Expr]:
    """`node` and everything below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, _LEAVES):  # most are
            stack.extend(reversed(parts(current)))


def statements(block: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Every statement of `block`, at any depth."""
    for statement in block:
        yield statement
        match statement:
            case If(then=then, other=other):
                yield from statements(then)
                yield from statements(other)
            case While(before=before, body=body):
                yield from statements(before)
                yield from statements(body)
            case ForEach(body=body) | Guarded(body=body) | Switch(body=body):
                yield from statements(body)


def returned(body: Body) -> Iterator[Expr]:
    """The values that a function may return."""
    for statement in statements(body.statements):
        if isinstance(statement, Return) and statement.value is not None:
            yield statement.value


def declarations(block: tuple[Stmt, ...]) -> Iterator[Declare]:
    """Every local variable declared in `block`, at any depth."""
    return (statement for statement in statements(block) if isinstance(statement, Declare))
