# SPDX-License-Identifier: GPL-2.0-only
"""Function-like macros: a call of one means its body with the arguments put in.

Only macros whose body is one expression are expanded, or expressions, and an ``if`` around some,
in ``do … while (0)`` or ``({ … })``; variables that are declared there stand for their values. The
statement macros of the kernel that matter (loops, guards) are read by the dialect.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from itertools import islice

import msgspec

from kscan.facts import ir
from kscan.facts.lower import lowered
from kscan.program.program import Program
from kscan.syntax import dialect, parser

_CONTAINERS = {
    "container_of": 1, "container_of_const": 1, "list_entry": 1, "list_first_entry": 1,
    "list_first_entry_or_null": 1, "list_last_entry": 1, "list_next_entry": -1,
    "hlist_entry": 1, "hlist_entry_safe": 1, "rb_entry": 1, "rb_entry_safe": 1,
    "llist_entry": 1, "list_entry_rcu": 1, "list_first_or_null_rcu": 1, "from_timer": -1,
    "kzalloc_obj": 0, "kmalloc_obj": 0,
}  # fmt: skip
"""Macros that yield a pointer to a struct named by an argument (include/linux/container_of.h,
list.h, rbtree.h, llist.h), with that argument's position."""

_LARGEST = 2_000
"""Bytes of a macro body that is expanded."""

LARGEST_RESULT = 500
"""Expressions that one expansion may have; an audit of 6.12 needs 44."""

MOST_EXPANSIONS = 200
"""Expansions within one call, its macros' macros included; an audit of 6.12 needs 28."""


_REST = "__VA_ARGS__"
_NAME = re.compile(r"\w+")
_VARIABLE = re.compile(r"\b[a-z_]\w*+")
_PASTED = re.compile(r"\w++(?:\s*+##\s*+\w++)++")
_MEMBER = re.compile(r"(->|(?<=[\w)\]])\.)\s*+([A-Za-z_]\w*+)")
_ONCE = re.compile(r"do\s*\{(.*)\}\s*while\s*\(\s*0\s*\)", re.DOTALL)
_OPERAND = re.compile(
    r"\b(?:sizeof|typeof|__typeof__|__typeof|typeof_unqual)\s*\((?:[^()]++|\([^()]*+\))*+\)"
)
"""What is not evaluated."""
_YIELDING = re.compile(r"\(\s*\{(.*)\}\s*\)", re.DOTALL)


def is_container(name: str) -> bool:
    """`name` is a ``container_of``-like macro."""
    return name in _CONTAINERS


def container_tag(name: str, args: tuple[ir.Expr, ...]) -> str:
    """The struct tag that a ``container_of``-like macro yields a pointer to; else empty."""
    position = _CONTAINERS.get(name, -1)
    if not 0 <= position < len(args):
        return ""
    match args[position]:
        case ir.Name(id=tag):
            return tag
        case ir.Opaque(text=text):
            return text.split()[-1] if text.split() else ""
    return ""


def expanded(program: Program, path: str, call: ir.Call) -> ir.Expr | None:
    """`call` with its macro expanded once; None when its callee is no expression macro."""
    known = program.expansions.get((id(call), path))
    if known is None:  # what is known holds on to its call: no other one has the same id
        known = program.expansions[id(call), path] = call, _expanded(program, path, call)
    return known[1]


def _expanded(program: Program, path: str, call: ir.Call) -> ir.Expr | None:
    macro = program.macro(call.name, path) if call.name else None
    if macro is None or macro.params is None or "..." in macro.params:
        return None
    return _put_in(macro.body, dict(zip(macro.params, call.args, strict=False)), call.at)


def with_rest(program: Program, path: str, call: ir.Call) -> ir.Expr | None:
    """`call` with its macro expanded once that takes any number of arguments; None for others.

    ``#define foo_add(foo, ...) foo_register(&(foo)->dev, ##__VA_ARGS__)``, or ``args...``.
    """
    macro = program.macro(call.name, path) if call.name else None
    if macro is None or not macro.params:
        return None
    *names, last = macro.params
    if last != "..." and len(call.args) <= len(macro.params):
        return None
    rest = {f"{_REST}{n}": arg for n, arg in enumerate(call.args[len(names) :])}
    spelled = re.compile(rf"(,\s*+)?(?:##\s*+)?\b{_REST if last == '...' else last}\b")
    text = spelled.sub(lambda m: f"{m[1] or ''}{', '.join(rest)}" if rest else "", macro.body)
    return _put_in(text, dict(zip(names, call.args, strict=False)) | rest, call.at)


def _put_in(text: str, given: dict[str, ir.Expr], at: int) -> ir.Expr | None:
    """The macro body `text` with `given` put in; None where it is no expression, or too large."""
    text = _pasted(text, given)
    body = _body_of(text)
    if body is None or _is_large(text, body, given):
        return None
    return substituted(body, given, at)


def _pasted(text: str, given: dict[str, ir.Expr]) -> str:
    """The macro body `text` with the names of `given` that are part of one or name a member.

    ``name##_ops``, ``(x)->member``. As it is where one of those is no name or number.
    """

    def joined(match: re.Match[str]) -> str:
        return "".join(_token(given, part.strip()) for part in match[0].split("##"))

    def member(match: re.Match[str]) -> str:
        return match[1] + _token(given, match[2])

    try:
        return _MEMBER.sub(member, _PASTED.sub(joined, text) if "##" in text else text)
    except KeyError:
        return text


def _token(given: dict[str, ir.Expr], part: str) -> str:
    """What stands for `part`, a token that is pasted; raises `KeyError` where it is no token."""
    match given.get(part, ir.Name(part, 0)):
        case ir.Name(id=token) | ir.Const(text=token) if _NAME.fullmatch(token):
            return token
    raise KeyError(part)


def spelled_out(program: Program, path: str, name: ir.Name) -> ir.Expr | None:
    """What the macro `name` that takes no arguments stands for; None where it is a plain number.

    It may read an object of the file, as ``#define FOO_LINK virt_to_phys(foo_table)`` does.
    """
    macro = program.macro(name.id, path)
    if macro is None or macro.params is not None or not _VARIABLE.search(macro.body):
        return None
    body = _body_of(macro.body)
    is_small = body is not None and not _is_large(macro.body, body, {})
    return substituted(body, {}, name.at) if body is not None and is_small else None


def unevaluated(program: Program, path: str, name: str) -> frozenset[int]:
    """Positions of the arguments that the macro `name` asks for their type or size alone.

    As ``kzalloc_obj(*p)`` does (include/linux/slab.h).
    """
    macro = program.macro(name, path)
    if macro is None or not macro.params or len(macro.body) > _LARGEST:
        return frozenset()
    return _typed_only(macro.params, macro.body)


@cache
def _typed_only(params: tuple[str, ...], body: str) -> frozenset[int]:
    typed = set(_NAME.findall(body)) - set(_NAME.findall(_OPERAND.sub("", body)))
    return frozenset(at for at, name in enumerate(params) if name in typed)


def _is_large(text: str, body: ir.Expr, given: dict[str, ir.Expr]) -> bool:
    """`body`, which `text` spells, with `given` put in has over `LARGEST_RESULT` expressions."""
    if text not in _names:
        nodes = list(ir.walk(body))
        _names[text] = len(nodes), Counter(n.id for n in nodes if isinstance(n, ir.Name))
    total, names = _names[text]
    for name in names.keys() & given.keys():
        size = sum(1 for _ in islice(ir.walk(given[name]), LARGEST_RESULT + 1))
        total += names[name] * size
    return total > LARGEST_RESULT


_names: dict[str, tuple[int, Counter[str]]] = {}
"""How many expressions a macro body has, and how often each name is one."""

_bodies: dict[str, ir.Expr | None] = {}


def _body_of(text: str) -> ir.Expr | None:
    """A macro body as an expression; None where it is none, or still has ``#`` or ``##``."""
    if text not in _bodies:
        _bodies[text] = _parsed(text)
    return _bodies[text]


def _parsed(text: str) -> ir.Expr | None:
    if not text or "#" in text or len(text) > _LARGEST:
        return None
    once = _ONCE.fullmatch(text) or _YIELDING.fullmatch(text)
    once = None if once and "({" in once[1] else once
    statements = _statements(once[1] if once else f"return {text};")
    if once and statements:
        return _in_turn(tuple(s for s in statements if not _is_key(s)), {})
    if len(statements) == 1 and isinstance(statements[0], ir.Return):
        return statements[0].value
    return None


def _is_key(statement: ir.Stmt) -> bool:
    """A static object without a value, as a lock's class is told by: ``static … key;``."""
    return isinstance(statement, ir.Declare) and statement.static and statement.value is None


def _in_turn(statements: tuple[ir.Stmt, ...], known: dict[str, ir.Expr]) -> ir.Expr | None:
    """`statements` as one expression: those that are one, and ``if`` as a choice of two.

    A variable is what it is declared with, as one of those `known` is; None where it changes.
    """
    items: list[ir.Expr] = []
    known = dict(known)
    for statement in statements:
        match statement:
            case ir.Declare(name=name, type=kind, value=value, static=False) if value is not None:
                held = substituted(value, known, 0)
                known[name] = ir.Cast(kind, held, 0) if kind.tag else held
            case ir.Evaluate(value=value) if not _changes(value, known):
                items.append(substituted(value, known, 0))
            case ir.If(test=test, then=then, other=other) if not _changes(test, known):
                arms = _in_turn(then, known), _in_turn(other, known)
                if arms[0] is None or arms[1] is None:
                    return None
                items.append(ir.Choice(substituted(test, known, 0), arms[0], arms[1], 0))
            case _:
                return None
    return ir.Several(tuple(items), 0)


def _changes(expr: ir.Expr, names: Collection[str]) -> bool:
    """`expr` sets one of `names`, or hands its address out."""
    changed = (
        part.target if isinstance(part, ir.Assign) else part.operand
        for part in ir.walk(expr)
        if isinstance(part, ir.Assign)
        or (isinstance(part, ir.Unary) and part.op in ("&", "++", "--"))
    )
    return any(isinstance(one, ir.Name) and one.id in names for one in changed)


def _statements(text: str) -> tuple[ir.Stmt, ...]:
    """The statements that `text` spells; none where it does not parse."""
    source = dialect.respell(b"void f(void) { " + text.encode() + b" }").text
    try:
        return lowered(source, 0, len(source), {}).statements
    except parser.Unparsable:
        return ()


def substituted(node: ir.Expr, given: dict[str, ir.Expr], at: int) -> ir.Expr:
    """`node` with names replaced by `given`, all of it placed at offset `at`."""
    if isinstance(node, ir.Name):
        return given.get(node.id) or msgspec.structs.replace(node, at=at)
    if isinstance(node, ir.Inline):
        return ir.Opaque("", at)
    changes: dict[str, object] = {"at": at}
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, ir._Node):
            changes[name] = substituted(value, given, at)  # type: ignore[arg-type]
        elif isinstance(value, tuple) and name in ("args", "items"):
            changes[name] = tuple(_substituted_item(item, given, at) for item in value)
    return msgspec.structs.replace(node, **changes)


def _substituted_item(item: object, given: dict[str, ir.Expr], at: int) -> object:
    if isinstance(item, tuple):
        return item[0], substituted(item[1], given, at)
    return substituted(item, given, at)  # type: ignore[arg-type]


def arguments_of(text: str) -> tuple[ir.Expr, ...] | None:
    """The comma-separated expressions of `text`; None where they do not parse."""
    call = _body_of(f"f({text})")
    return call.args if isinstance(call, ir.Call) else None


def head_of(body: str) -> tuple[str, str] | None:
    """Name and argument text of the call that a macro body begins with."""
    name, _, rest = body.partition("(")
    depth = 1
    for position, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return name.strip(), rest[:position]
    return None
