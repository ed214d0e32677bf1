# SPDX-License-Identifier: GPL-2.0-only
"""Stale state: read while a lock was held, used after the lock was dropped and taken again.

A local pointer loaded before and dereferenced after, or handed on; a number loaded before that
decides a branch after; a member tested before and dereferenced after; the cursor of a list
walk that goes on. What is looked at again, set anew, referenced or taken off its list before
the gap is not stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from kscan.facts import ir
from kscan.flow.cfg import ENTRY, EXIT, Cfg, Kind, Node
from kscan.flow.gaps import Gap, calls_at
from kscan.flow.paths import is_path, root_of, spelled
from kscan.kernel.functions import Functions
from kscan.kernel.locks import Kept
from kscan.kernel.names import matches, position
from kscan.model import Confidence, weakest

_FAR = Confidence.MEDIUM

Use = Callable[[Node], int | None]
"""The offset at which a node uses some state; None where it does not."""


@dataclass(frozen=True)
class Stale:
    """One piece of state that does not survive a gap."""

    what: str
    """As the function spells it: ``param``, ``dev->iommu``."""
    source: str
    """Where a local was loaded from; else as `what`."""
    read: int
    """Offset of the read before the gap."""
    used: int
    """Offset of the use after it."""
    how: str
    """``dereferences``, ``hands on``, ``decides by``, ``goes on from``, or what it calls does."""
    confidence: Confidence = Confidence.HIGH

    @property
    def is_far(self) -> bool:
        """It belongs to an object further on: ``dev->bus->iommu_ops``, which others may guard."""
        return self.source.count("->") > 1


@dataclass
class Staleness:
    """Finds stale state across the gaps of one function."""

    cfg: Cfg
    functions: Functions
    kept: Kept
    is_pointer: Callable[[ir.Expr], bool]
    returned: Callable[[ir.Call], tuple[str, ...]]
    """The access paths that a call's value is read from, in the caller's terms."""
    follows: Callable[[ir.Call, str], bool] = lambda _call, _path: False
    """A call of a function that dereferences an access path of the caller's, and looks no more."""

    def across(self, gap: Gap) -> tuple[Stale, ...]:
        """What is read before `gap` and used after it, surest first, then by the use's offset."""
        found = [_doubted(one) for one in (*self._locals(gap), *self._members(gap))]
        return tuple(sorted(found, key=lambda s: (-s.confidence.rank, s.used, s.what)))

    # Locals

    def _locals(self, gap: Gap) -> Iterator[Stale]:
        for name, (at, source) in self._loaded(gap).items():
            if _has_lock(name, gap) or self._is_kept(gap, name, source):
                continue
            for how, use, sure in self._uses(gap, name):
                again = "" if how == "goes on from" else source
                used = self._first_use(gap, use, name, again)
                if used is not None:
                    yield Stale(name, source or name, at, used, how, sure)
                    break

    def _uses(self, gap: Gap, name: str) -> Iterator[tuple[str, Use, Confidence]]:
        """The ways in which a node may use the local `name`, the surest first."""
        yield "dereferences", partial(_derefs, path=name), Confidence.HIGH
        yield "goes on from", partial(self._advances, name=name, gap=gap), Confidence.HIGH
        if self.is_pointer(ir.Name(name, 0)):
            yield "hands on", partial(self._hands_on, name=name), Confidence.MEDIUM
        else:
            yield "decides by", partial(_decides, name=name), Confidence.MEDIUM

    def _hands_on(self, node: Node, name: str) -> int | None:
        """The offset of a call that `node` hands the pointer `name` to; none that gives it up."""
        for call in calls_at(node):
            if call.name in self.functions.tolerant or matches(self.kept.gives_up, call.name):
                continue
            if any(isinstance(a, ir.Name) and a.id == name for a in call.args):
                return call.at
        return None

    def _advances(self, node: Node, name: str, gap: Gap) -> int | None:
        """`node` is the head of a list walk around `gap` that goes on from `name`."""
        if node.kind is not Kind.LOOP or not isinstance(node.statement, ir.ForEach):
            return None
        loop = node.statement
        if [spelled(cursor) for cursor in _cursors(loop, self.functions)[-1:]] != [name]:
            return None
        inner = (e for statement in loop.body for e in ir.expressions(statement))
        around = any(part.at == gap.taken for expr in inner for part in ir.walk(expr))
        return loop.at if around else None

    def _loaded(self, gap: Gap) -> dict[str, tuple[int, str]]:
        """Locals whose value at the release was loaded from memory while the lock was held."""
        found: dict[str, tuple[int, str]] = {}
        for index in sorted(gap.before):
            node = self.cfg.nodes[index]
            for name, value in _definitions(node, self.functions):
                source = self._read_from(value) if value is not None else ""
                is_cursor = node.kind is Kind.LOOP
                if (source or is_cursor) and self._reaches(gap, index, name):
                    found[name] = (node.at, source)
        return found

    def _read_from(self, value: ir.Expr) -> str:
        """The memory that `value` is read from; empty where it is none."""
        match value:
            case ir.Cast(operand=inner):
                return self._read_from(inner)
            case ir.Call(callee=ir.Name(id=name), args=(first, *_)):
                heads = self.functions.heads
                if name in self.functions.transparent:
                    return self._read_from(first)
                if matches((*heads.first, *heads.first_or_null), name):
                    return spelled(first)
                return next(iter(self.returned(value)), "")
            case ir.Member() | ir.Index() if is_path(value):
                return spelled(value)
            case ir.Unary(op="!", operand=inner):
                return self._read_from(inner)
            case ir.Binary(op="==" | "!=" | "<" | ">" | "<=" | ">=", left=left, right=ir.Const()):
                return self._read_from(left)
        return ""

    def _reaches(self, gap: Gap, start: int, name: str) -> bool:
        """The definition of `name` at `start` is the one that holds at the release."""
        waiting, seen = list(self.cfg.nodes[start].then), set[int]()
        while waiting:
            index = waiting.pop()
            if index == gap.release:
                return True
            if index in seen or index not in gap.before:
                continue
            seen.add(index)
            if all(
                other != name for other, _ in _definitions(self.cfg.nodes[index], self.functions)
            ):
                waiting += self.cfg.nodes[index].then
        return False

    def _is_kept(self, gap: Gap, name: str, source: str) -> bool:
        """Before the gap, `name` is referenced, taken off its list, or out of its place."""
        for index in gap.before:
            node = self.cfg.nodes[index]
            if source and any(spelled(a.target) == source for a in _assignments(node)):
                return True
            for call in calls_at(node):
                match call:
                    case ir.Call(callee=ir.Name(id=keeper), args=(first, *_)):
                        keeps = matches((*self.kept.references, *self.kept.unlinks), keeper)
                        if keeps and root_of(first) == name:
                            return True
        return False

    # Members

    def _members(self, gap: Gap) -> Iterator[Stale]:
        for path, at in self._tested(gap).items():
            used = self._first_use(gap, partial(_derefs, path=path), _root(path), path)
            if used is not None:
                yield Stale(path, path, at, used, "dereferences")
                continue
            called = self._first_use(gap, partial(self._called, path=path), _root(path), path)
            if called is not None:
                how = "calls a function that dereferences"
                yield Stale(path, path, at, called, how, Confidence.MEDIUM)

    def _called(self, node: Node, path: str) -> int | None:
        """The offset of a call, made at `node`, of a function that dereferences `path`."""
        return next((call.at for call in calls_at(node) if self.follows(call, path)), None)

    def _tested(self, gap: Gap) -> dict[str, int]:
        """Members that a branch tested while the lock was held."""
        found: dict[str, int] = {}
        for index in sorted(gap.before):
            node = self.cfg.nodes[index]
            if node.kind is not Kind.BRANCH or node.expr is None:
                continue
            atom = _atom(node.expr)
            if isinstance(atom, ir.Member):
                found.setdefault(spelled(atom), node.at)
            elif isinstance(atom, ir.Call):
                found |= dict.fromkeys(self.returned(atom), node.at)
        return {path: at for path, at in found.items() if "->" in path}

    # After the gap

    def _first_use(self, gap: Gap, use: Use, name: str, source: str) -> int | None:
        """The first use after the gap that nothing precedes which looks or sets again."""
        return self._first_from(gap.take, use, name, source)

    def dereferences(self, path: str) -> bool:
        """The function dereferences `path`, and does not look at it before."""
        return self._first_from(ENTRY, partial(_derefs, path=path), _root(path), path) is not None

    def leaves_seen(self, gap: Gap, path: str) -> bool:
        """On every way out of the function from `gap`, `path` is looked at again."""
        waiting, seen = list(self.cfg.nodes[gap.take].then), set[int]()
        while waiting:
            index = waiting.pop()
            if index in seen or self._looks_again(self.cfg.nodes[index], path):
                continue
            if index == EXIT:
                return False
            seen.add(index)
            waiting += self.cfg.nodes[index].then
        return True

    def _first_from(self, start: int, use: Use, name: str, source: str) -> int | None:
        waiting, seen = list(self.cfg.nodes[start].then), set[int]()
        uses: list[int] = []
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            node = self.cfg.nodes[index]
            if source and self._looks_again(node, source):
                continue
            used = use(node)
            if used is not None:
                uses.append(used)
            elif all(other != name for other, _ in _definitions(node, self.functions)):
                waiting += node.then
        return min(uses, default=None)

    def _looks_again(self, node: Node, source: str) -> bool:
        """`node` tests or sets `source`, or reads it into a variable."""
        if any(spelled(a.target) == source for a in _assignments(node)):
            return True
        if any(value is not None and self._read_from(value) == source
               for _, value in _definitions(node, self.functions)):  # fmt: skip
            return True
        if node.kind is Kind.BRANCH and node.expr is not None and source in _atoms(node.expr):
            return True
        return any(source in _atoms(test) for expr in node.expressions() for test in _tests(expr))


def _has_lock(name: str, gap: Gap) -> bool:
    """The lock is the object's own that `name` leads to: it does not guard the way there."""
    return root_of(gap.guard) == name and "->" in spelled(gap.guard)


def _root(path: str) -> str:
    return path.partition("->")[0].partition(".")[0].partition("[")[0]


def _definitions(node: Node, functions: Functions) -> Iterator[tuple[str, ir.Expr | None]]:
    """The local variables that `node` sets, with what it sets them to."""
    statement = node.statement
    if node.kind is Kind.DECLARE and isinstance(statement, ir.Declare):
        yield statement.name, statement.value
    if node.kind is Kind.LOOP and isinstance(statement, ir.ForEach):
        for argument in _cursors(statement, functions):
            if isinstance(argument, ir.Name):
                yield argument.id, None
    for assignment in _assignments(node):
        if isinstance(assignment.target, ir.Name):
            yield assignment.target.id, assignment.value


def _cursors(loop: ir.ForEach, functions: Functions) -> tuple[ir.Expr, ...]:
    """The cursor of `loop`, and the one that goes ahead of it."""
    first = position(functions.loops.cursors, loop.macro, 0)
    return loop.args[first : first + (2 if "_safe" in loop.macro else 1)]


def _assignments(node: Node) -> Iterator[ir.Assign]:
    for expr in node.expressions():
        for part in ir.walk(expr):
            if isinstance(part, ir.Assign) and part.op == "=":
                yield part


def _derefs(node: Node, path: str) -> int | None:
    """The offset at which `node` follows the pointer `path`; None where it does not."""
    for expr in node.expressions():
        for part in ir.walk(expr):
            match part:
                case ir.Member(object=inner, arrow=True) | ir.Unary(op="*", operand=inner):
                    if spelled(inner) == path and is_path(inner):
                        return part.at
    return None


def _decides(node: Node, name: str) -> int | None:
    """The offset of a branch of `node` that the number `name` decides."""
    if node.kind is not Kind.BRANCH or node.expr is None:
        return None
    named = any(isinstance(part, ir.Name) and part.id == name for part in ir.walk(node.expr))
    return node.at if named else None


def _atom(test: ir.Expr) -> ir.Expr:
    """What one branch tests: the operand that is not a plain zero."""
    match test:
        case ir.Binary(op="==" | "!=", left=left, right=ir.Const(is_zero=True)):
            return left
        case ir.Unary(op="!", operand=inner):
            return _atom(inner)
    return test


def _atoms(test: ir.Expr) -> set[str]:
    """The access paths that a test compares or takes for true or false."""
    match test:
        case ir.Binary(op="&&" | "||" | "==" | "!=", left=left, right=right):
            return _atoms(left) | _atoms(right)
        case ir.Unary(op="!", operand=inner):
            return _atoms(inner)
        case ir.Call(callee=ir.Name(id="likely" | "unlikely" | "IS_ERR" | "IS_ERR_OR_NULL"),
                     args=(inner, *_)):  # fmt: skip
            return _atoms(inner)
        case ir.Assign(value=value):
            return _atoms(value)
    return {spelled(test)} - {""}


def _tests(expr: ir.Expr) -> Iterator[ir.Expr]:
    """The tests inside an expression: of ``?:``, ``&&`` and ``||``."""
    for part in ir.walk(expr):
        match part:
            case ir.Choice(test=test):
                yield test
            case ir.Binary(op="&&" | "||", left=left):
                yield left


def _doubted(stale: Stale) -> Stale:
    """`stale`, at medium at most where the lock hardly guards it."""
    return replace(stale, confidence=weakest(stale.confidence, _FAR)) if stale.is_far else stale
