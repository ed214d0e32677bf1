# SPDX-License-Identifier: GPL-2.0-only
"""Locks dropped around a callback by code that runs inside a window, and what goes stale."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from kscan.facts import ir
from kscan.flow.assigned import assigned_in, changed
from kscan.flow.cfg import Kind, flow_of
from kscan.flow.gaps import Gap, Gaps, Indirect, Lent, calls_at
from kscan.flow.paths import root_of, spelled
from kscan.flow.stale import Stale, Staleness
from kscan.kernel.catalogue import Catalogue
from kscan.model import Confidence, weakest
from kscan.program import macros
from kscan.program.calls import CallSite, EdgeKind, call_sites
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of
from kscan.window.inside import Entered, Inside

DEPTH = 3
"""Levels of direct calls in which a call through a slot is looked for."""

LEVELS = 2
"""Callers above a function that drops and takes again a lock which they hold."""

MOST_GAPS = 100
"""Gaps of one function that are looked at."""


@dataclass(frozen=True)
class Dropped:
    """A gap in which state goes stale."""

    entered: Entered
    gap: Gap
    stale: tuple[Stale, ...]
    confidence: Confidence
    doubts: tuple[str, ...] = ()


@dataclass
class DroppedLocks:
    """Searches the functions inside some windows."""

    program: Program
    catalogue: Catalogue
    inside: Inside
    _leading: dict[tuple[Function, int], CallSite | None] = field(default_factory=dict)
    _lent: dict[Function, tuple[Gap, ...]] = field(default_factory=dict)
    """Gaps that only the callers of a function may trip over."""

    def all(self) -> Iterator[Dropped]:
        """Every gap across which a function relies on what it read before."""
        among = tuple({**self.inside.registering, **self.inside.functions}.values())
        pairs = self.catalogue.locks.lock
        release = _calling(name for pair in pairs for name in pair.release)
        take = _calling(name for pair in pairs for name in pair.take)
        for entered in self.inside.spelling(among, release, take):
            yield from self._in(entered, lambda gaps: gaps.own())
        for _ in range(LEVELS):
            lent, self._lent = self._lent, {}
            if lent:
                calling = _calling(function.name for function in lent)
                for entered in self.inside.spelling(among, calling):
                    yield from self._across(entered, lent)

    def _across(self, entered: Entered, lent: dict[Function, tuple[Gap, ...]]) -> Iterator[Dropped]:
        """Gaps of what the function calls."""
        found = partial(self._lent_to, entered.function, lent)
        yield from self._in(entered, lambda gaps: gaps.borrowed(found))

    def _lent_to(
        self, caller: Function, lent: dict[Function, tuple[Gap, ...]], call: ir.Call
    ) -> Iterator[Lent]:
        for target in self.program.resolve(call.name, caller.path)[:1]:
            scope = scope_of(self.program, target)
            given = target.given(call)
            for gap in lent.get(target, ()):
                if root_of(gap.guard) in given or not scope.is_local(root_of(gap.guard)):
                    yield Lent(target, gap, macros.substituted(gap.guard, given, call.at))

    def _in(self, entered: Entered, gaps_of: Callable[[Gaps], Iterator[Gap]]) -> Iterator[Dropped]:
        function = entered.function
        scope = scope_of(self.program, function)
        cfg = flow_of(self.program, function)
        gaps = Gaps(cfg, self.catalogue.locks.lock, lambda call: self._indirect(scope, call))
        staleness = self._staleness(function)
        for gap in islice(gaps_of(gaps), MOST_GAPS):
            stale = tuple(
                one
                for one in staleness.across(gap)
                if not self._is_answered(function, gap, one.source)
            )
            if stale:
                yield self._judged(entered, gap, stale)
            elif gap.is_outer:
                self._lent[function] = (*self._lent.get(function, ()), gap)

    def _is_answered(self, caller: Function, gap: Gap, path: str) -> bool:
        """What `caller` calls looks at `path` again once it has the lock, and says what it saw."""
        if gap.lent is None:
            return False
        node = flow_of(self.program, caller).nodes[gap.take]
        call = next((call for call in calls_at(node) if call.at == gap.taken), None)
        if call is None or (node.kind is Kind.EVALUATE and node.expr == call):
            return False
        called, inner = gap.lent.function, gap.lent.gap
        root, arrow, rest = path.partition("->")
        for name, argument in called.given(call).items():
            if isinstance(argument, ir.Name) and argument.id == root:
                below = f"{name}{arrow}{rest}"
                is_seen = self._staleness(called).leaves_seen(inner, below)
                return is_seen or self._is_answered(called, inner, below)
        return False

    def _staleness(self, function: Function) -> Staleness:
        scope = scope_of(self.program, function)
        return Staleness(
            flow_of(self.program, function),
            self.catalogue.functions,
            self.catalogue.locks.kept,
            lambda node: scope.type_of(node).ptr > 0,
            lambda call: self._returned(scope, call),
            lambda call, path: self._dereferences(scope, call, path),
        )

    def _dereferences(self, scope: Scope, call: ir.Call, path: str) -> bool:
        """`call` hands on the object that `path` starts from, and what it calls follows `path`."""
        if self.catalogue.stops_at(call.name):
            return False
        root, arrow, rest = path.partition("->")
        for target in self.program.resolve(call.name, scope.function.path)[:1]:
            given = target.given(call).items()
            handed = [name for name, a in given if isinstance(a, ir.Name) and a.id == root]
            staleness = self._staleness(target)
            return any(staleness.dereferences(f"{name}{arrow}{rest}") for name in handed)
        return False

    def _judged(self, entered: Entered, gap: Gap, stale: tuple[Stale, ...]) -> Dropped:
        way = self.inside.confidence(entered)
        sure, doubts = weakest(gap.call.confidence, stale[0].confidence, way), []
        if stale[0].is_far:
            doubts = [f"`{gap.lock}` guards `{stale[0].source}`, though another object has it"]
        if _is_given(self.program, entered.function.path, stale[0]):
            sure = Confidence.LOW
            doubts.append(f"nothing in {entered.function.path} sets `{stale[0].source}`")
        if self.inside.window.contract.window == "open":
            sure = Confidence.LOW
            doubts.append("it runs inside no registration: that only has to be made before")
        if entered.function.fact.init:
            sure, doubts = Confidence.LOW, ["nothing else may run yet: the function is __init"]
        return Dropped(entered, gap, stale, sure, tuple(doubts))

    def _indirect(self, scope: Scope, call: ir.Call) -> Indirect | None:
        """Where `call` leads into code that only a table or a pointer names."""
        match call.callee:
            case (
                ir.Member(object=table, field=name)
                | ir.Unary(op="*", operand=ir.Member(object=table, field=name))
            ):
                tag = scope.tag_of(table)
                sure = Confidence.HIGH if tag else Confidence.LOW
                return Indirect(call.at, f"{tag or '?'}.{name}", sure)
            case ir.Name(id=name) if scope.is_local(name):
                return Indirect(call.at, f"{name}()", Confidence.HIGH)
            case ir.Name(id=name) if not self.catalogue.stops_at(name):
                path = scope.function.path
                for target in self.program.resolve(name, path)[:1]:
                    site = self._slot_below(target)
                    if site is not None:
                        what = f"{name}(), which calls {site.slot}"
                        return Indirect(call.at, what, weakest(site.confidence, Confidence.MEDIUM))
        return None

    def _slot_below(self, function: Function) -> CallSite | None:
        """The nearest call through a slot that `function` makes, itself or further down."""
        found = (self._within(function, levels) for levels in range(DEPTH + 1))
        return next((site for site in found if site is not None), None)

    def _within(self, function: Function, levels: int) -> CallSite | None:
        """The first such call not more than `levels` of direct calls below `function`."""
        key = (function, levels)
        if key not in self._leading:
            self._leading[key] = None
            self._leading[key] = self._searched(function, levels)
        return self._leading[key]

    def _searched(self, function: Function, levels: int) -> CallSite | None:
        if self.catalogue.stops_in(function.path):
            return None
        sites = call_sites(self.program, function)
        for site in sites:
            if site.kind is EdgeKind.SLOT:
                return site
        for site in sites if levels else ():
            if site.kind is EdgeKind.SLOT or self.catalogue.stops_at(site.name):
                continue
            for target in self.program.resolve(site.name, function.path)[:1]:
                found = self._within(target, levels - 1)
                if found is not None:
                    return found
        return None

    def _returned(self, scope: Scope, call: ir.Call) -> tuple[str, ...]:
        """The members of its arguments that the function called returns."""
        if self.catalogue.stops_at(call.name):
            return ()
        for target in self.program.resolve(call.name, scope.function.path)[:1]:
            given = target.given(call)
            return tuple(
                spelled(macros.substituted(value, given, call.at))
                for value in self._results(target)
                if root_of(value) in given
            )
        return ()

    def _results(self, function: Function) -> Iterator[ir.Expr]:
        """What `function` returns, local variables replaced by what they were set to."""
        body = self.program.body(function)
        known = assigned_in(self.program, function)
        for statement in body.statements:
            for returned in _returns(statement):
                value = returned.value
                if isinstance(value, ir.Name):
                    yield from known.values(value.id)
                elif value is not None:
                    yield value


def _is_given(program: Program, path: str, stale: Stale) -> bool:
    """A member of a struct of others that the file `path`, which drops the lock, never sets.

    Nor is it one of a struct that the driver's files share, which a file beside it may set.
    """
    member = stale.source.replace(".", "->").rpartition("->")[2]
    if member == stale.source or not member.isidentifier() or stale.how == "goes on from":
        return False
    if any(member in _declared(program, place) for place in (path, *_beside(program, path))):
        return False
    return not any(
        isinstance(target, ir.Member) and target.field == member
        for function in program.mentioning(path, member)
        for target in changed(program.body(function))
    )


def _declared(program: Program, path: str) -> frozenset[str]:
    """The members of the structs that `path` declares."""
    return frozenset(field.name for one in program.unit(path).structs for field in one.fields)


def _beside(program: Program, path: str) -> Iterator[str]:
    """The headers in the directory of `path`."""
    listed = program.reader.tree.listing(posixpath.dirname(path))
    return (header for header in listed if header.endswith(".h"))


def _calling(names: Iterable[str]) -> re.Pattern[bytes]:
    """A call of one of `names` of the catalogue, as text."""
    choices = "|".join(re.escape(name).replace(r"\*", r"\w*") for name in names)
    return re.compile(rf"\b(?:{choices})\s*\(".encode())


def _returns(statement: ir.Stmt) -> Iterator[ir.Return]:
    match statement:
        case ir.Return():
            yield statement
        case ir.If(then=then, other=other):
            for inner in (*then, *other):
                yield from _returns(inner)
        case ir.While(body=body) | ir.ForEach(body=body) | ir.Guarded(body=body):
            for inner in body:
                yield from _returns(inner)
        case ir.Switch(body=body):
            for inner in body:
                yield from _returns(inner)
