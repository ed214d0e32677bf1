# SPDX-License-Identifier: GPL-2.0-only
"""What a registration publishes: ops tables, held and handed on in whatever way, or functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.paths import embedding
from kscan.flow.stores import assignments
from kscan.kernel.contracts import Contract
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches
from kscan.model import Confidence, weakest
from kscan.program.calls import Slot
from kscan.program.filled import filled, filling, slot_facts
from kscan.program.macros import expanded
from kscan.program.program import Function, Program
from kscan.program.tables import home, slot_of
from kscan.program.types import Scope, scope_of
from kscan.window.callers import Callers, calls_of
from kscan.window.members import Members, Told
from kscan.window.places import is_object, is_pointer, is_same, pointer_to

_HOPS = 5
"""Variables, members and calls that a table is followed through."""

_HANDED_HOPS = 3
"""Variables that a function is followed through."""


@dataclass(frozen=True, slots=True)
class Published:
    """An ops table that a registration may publish."""

    variable: str
    path: str
    """The file that defines it."""
    confidence: Confidence = Confidence.HIGH
    given: frozenset[Function] = frozenset()
    """The callers of the registering function that alone hand it over."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A function that a registration may hand over."""

    function: Function
    confidence: Confidence = Confidence.HIGH
    slot: Slot | None = None
    """The member of the object that holds it, where that is its own table."""


@dataclass
class Publishing:
    """Finds what calls of one contract's function publish."""

    program: Program
    known: Functions
    """What functions of the kernel mean."""
    contract: Contract
    callers: Callers

    def functions(self, function: Function, call: ir.Call) -> Iterator[Handed]:
        """The callbacks that `call` hands over, or that its object itself holds, each once."""
        seen: set[tuple[Function, Slot | None]] = set()
        for found in self._functions(function, call):
            if (found.function, found.slot) not in seen:
                seen.add((found.function, found.slot))
                yield found

    def _functions(self, function: Function, call: ir.Call) -> Iterator[Handed]:
        if not self.contract.tables and self.contract.table < len(call.args):
            yield from self._handed(function, call.args[self.contract.table], 0)
        members = Members(self.program, self.contract)
        stored, spelled = [*members.filled(function, call)], frozenset[str]()
        if not stored and self.contract.tables:
            stored = [*members.written(function, call)]
            spelled = frozenset(self._spelled(function, call) if stored else ())
        for told in stored:
            for found in self._handed(told.function, told.value, 0):
                sure = weakest(found.confidence, told.confidence)
                if found.function.name not in spelled:
                    yield Handed(found.function, sure, told.slot)

    def _spelled(self, function: Function, call: ir.Call) -> Iterator[str]:
        """The functions that the tables which `call` publishes are said to hold."""
        for table in self.tables(function, call):
            for fact in slot_facts(self.program, table.path):
                if fact.variable == table.variable and fact.fields:
                    yield from fact.values

    def _handed(self, function: Function, node: ir.Expr, hops: int) -> Iterator[Handed]:
        """The functions that `node` may be in `function`."""
        match node:
            case ir.Unary(op="&", operand=inner) | ir.Cast(operand=inner):
                yield from self._handed(function, inner, hops)
            case ir.Choice(then=then, other=other):
                for branch in (then, other):
                    if branch is not None:
                        yield from self._handed(function, branch, hops)
            case ir.Name(id=name) if not scope_of(self.program, function).is_local(name):
                yield from map(Handed, self.program.resolve(name, function.path)[:1])
            case ir.Name(id=name) if hops < _HANDED_HOPS:
                values = assigned_in(self.program, function).values(name)
                own = ((function, value) for value in values)
                for where, value in (*own, *self._given(function, name)):
                    yield from self._handed(where, value, hops + 1)
            case ir.Member(field=name):
                yield from self._filling(function, name)

    def _filling(self, function: Function, name: str) -> Iterator[Handed]:
        """Functions that the file of `function` puts into a field called `name`."""
        for fact in filling(self.program, function.path, name):
            for value in fact.values:
                for target in self.program.resolve(value, function.path)[:1]:
                    yield Handed(target, Confidence.MEDIUM)

    def tables(self, function: Function, call: ir.Call) -> Iterator[Published]:
        """The ops tables that `call` in `function` may publish, each once."""
        seen: dict[tuple[str, str], Published] = {}
        for found in self._said(function, call):
            key = (found.variable, found.path)
            known = seen.setdefault(key, found)
            seen[key] = replace(known, given=both(known.given, found.given))
        yield from seen.values()

    def held(self, function: Function, node: ir.Expr) -> Iterator[Published]:
        """The ops tables that `node` may hold in `function`."""
        yield from self._held(function, node, 0, self.contract.tables)

    def _said(self, function: Function, call: ir.Call) -> Iterator[Published]:
        """The table in the call itself, or in a setter called beside it."""
        if self.contract.table < len(call.args):
            yield from self.held(function, call.args[self.contract.table])
            yield from self._told(Members(self.program, self.contract).led_to(function, call))
            return
        for entry in self.contract.table_setters:
            setter, _, place = entry.partition(":")
            at = slice(int(place), int(place) + 1) if place else slice(-1, None)
            for told in calls_of(self.program, function, setter):
                for given in told.args[at]:
                    yield from self.held(function, given)
        yield from self._in_member(function, call)

    def _in_member(self, function: Function, call: ir.Call) -> Iterator[Published]:
        """The table that the object has in a member when it is registered."""
        members = Members(self.program, self.contract)
        yield from self._told(members.stored(function, call))
        for name, path in members.initialised(function, call):
            place = self._defined(path, name, self.contract.tables)
            if place is not None:
                yield Published(name, place)

    def _told(self, values: Iterable[Told]) -> Iterator[Published]:
        """The tables among `values` of members."""
        for told in values:
            for found in self.held(told.function, told.value):
                yield replace(found, confidence=weakest(found.confidence, told.confidence))

    def _defined(self, path: str, name: str, tags: tuple[str, ...]) -> str | None:
        """The file that defines `name`, where `path` knows it for one of the structs `tags`."""
        known = self.program.variable(name, path)
        is_one = known is not None and known.type.tag in tags
        return home(self.program, path, name) if is_one else None

    def _held(
        self, function: Function, node: ir.Expr, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """The objects of the structs `tags` that the pointer `node` may lead to in `function`."""
        scope = scope_of(self.program, function)
        match node:
            case ir.Unary(op="&", operand=inner):
                yield from self._object(scope, self._spelled_out(function, inner), hops, tags)
            case ir.Cast(operand=inner) | ir.Binary(op="+" | "-", left=inner):
                yield from self._held(function, inner, hops, tags)
            case ir.Choice(then=then, other=other):
                for branch in (then, other):
                    if branch is not None:
                        yield from self._held(function, branch, hops, tags)
            case ir.Name() | ir.Member() | ir.Index() if hops < _HOPS:
                yield from self._pointed(scope, node, hops, tags)
            case ir.Call() if hops < _HOPS:
                spelled_out = self._spelled_out(function, node)
                if spelled_out is node:
                    yield from self._yielded(function, node, hops, tags)
                else:
                    yield from self._held(function, spelled_out, hops + 1, tags)

    def _spelled_out(self, function: Function, node: ir.Expr) -> ir.Expr:
        """`node`, or what the macro means that it is a call of: ``OPS(foo)``."""
        found = expanded(self.program, function.path, node) if isinstance(node, ir.Call) else None
        return node if found is None else found

    def _pointed(
        self, scope: Scope, node: ir.Name | ir.Member | ir.Index, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """What is copied to where `node` points, and the objects that it may point to itself."""
        yield from self._copied(scope, ir.Unary("*", node, node.at), hops, tags)
        if isinstance(node, ir.Name):
            yield from self._variable(scope, node.id, hops, tags)
        elif scope.type_of(node).array:
            yield from self._object(scope, node, hops, tags)
        elif isinstance(node, ir.Index):
            yield from self._element(scope, node, hops, tags)
        else:
            yield from self._member(scope, node, hops, tags)

    def _element(
        self, scope: Scope, node: ir.Index, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """What an array of pointers holds, of which `node` is an element."""
        function, path = scope.function, scope.function.path
        for store in self.program.body(function).assignments:
            if is_same(store.target, node):
                yield from self._held(function, store.value, hops + 1, tags)
        name = node.object.id if isinstance(node.object, ir.Name) else ""
        values = assigned_in(self.program, function).values(name)
        given = [value.id for value in values if isinstance(value, ir.Name)]
        for array in given if scope.is_local(name) else [name]:
            place = home(self.program, path, array)
            facts = filled(self.program, place).by_table.get(array, ()) if place else ()
            for fact in facts:
                yield from self._named(place or path, () if fact.fields else fact.values, tags)

    def _object(
        self, scope: Scope, node: ir.Expr, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """The object `node`, or the driver's own that has it inside: ``foo.iommu_ops``."""
        is_one = scope.tag_of(node) in tags
        if is_one:
            yield from self._copied(scope, node, hops, tags)
        pointer = pointer_to(scope, node)
        if pointer is not None:
            tag = scope.tag_of(pointer) if is_one else ""
            for found in self._held(scope.function, pointer, hops, (tag,)) if tag else ():
                yield replace(found, confidence=weakest(found.confidence, Confidence.MEDIUM))
            return
        outer, inside = embedding(node)
        if isinstance(outer, ir.Name) and not scope.is_local(outer.id) and (is_one or not inside):
            place = home(self.program, scope.function.path, outer.id)
            if place is not None:
                yield Published(outer.id, place)

    def _copied(
        self, scope: Scope, table: ir.Expr, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """The template that `scope`'s function copies into `table`, a member of an instance or not.

        By an assignment, or by ``memcpy(&foo_ops, &template, sizeof(foo_ops))``.
        """
        for store in self._stores(scope.function) if hops < _HOPS else ():
            value = store.value
            if is_same(store.target, table) and is_object(scope, value, tags):
                for found in self._object(scope, value, hops + 1, tags):
                    yield replace(found, confidence=Confidence.MEDIUM)

    def _stores(self, function: Function) -> Iterator[ir.Assign]:
        """The assignments in the body of `function`, those that are spelled as calls too."""
        for node in self.program.body(function).nodes:
            match node:
                case ir.Assign():
                    yield node
                case ir.Call(callee=ir.Name(id=name)):
                    yield from assignments(self.known, node, name)

    def _yielded(
        self, function: Function, call: ir.Call, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """The object that is duplicated, or those that the function called may return."""
        if call.name in self.known.duplicators:
            at = self.known.duplicators.position(call.name)
            for original in call.args[at : at + 1]:
                yield from self._held(function, original, hops, tags)
            return
        if matches(self.known.matched.names, call.name):
            for member in self.known.matched.members:
                yield from self._filled(function, member, tags)
            return
        fits = scope_of(self.program, function).tag_of(call) in tags
        for target in self.program.resolve(call.name, function.path)[:1] if fits else ():
            for value in ir.returned(self.program.body(target)):
                yield from self._held(target, value, hops + 1, tags)

    def _variable(
        self, scope: Scope, name: str, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        function = scope.function
        if not scope.is_local(name):
            kind = scope.type_of(ir.Name(name, 0))
            place = home(self.program, function.path, name)
            if place is not None and scope.tag(kind) in tags:
                if is_pointer(kind):
                    yield from self._stored(place, name, hops, tags)
                else:
                    yield Published(name, place)
            return
        for value in assigned_in(self.program, function).values(name):
            yield from self._held(function, value, hops + 1, tags)
        yield from self._parameter(function, name, hops, tags)

    def _parameter(
        self, function: Function, name: str, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        for caller, argument in self._given(function, name):
            for found in self._held(caller, argument, hops + 1, tags):
                yield found if hops else replace(found, given=frozenset({caller}))

    def _given(self, function: Function, name: str) -> Iterator[tuple[Function, ir.Expr]]:
        """What callers of `function` pass for its parameter `name`."""
        for caller, call in self.callers.of(function) if name in function.parameters else ():
            given = function.given(call)
            if name in given:
                yield caller, given[name]

    def _member(
        self, scope: Scope, node: ir.Member, hops: int, tags: tuple[str, ...]
    ) -> Iterator[Published]:
        """Objects that a field of that name is filled with, or else what functions store in it.

        Those are functions of the file itself, or of the files beside it where it has none.
        """
        path, name, tag = scope.function.path, node.field, scope.tag_of(node.object)
        found = list(self._filled(scope.function, name, tags, tag))
        if hops < _HOPS and not any(self._put_into(path, name, tags, tag)):
            stored = list(self._stored(path, name, hops, tags, ("", tag) if tag else ()))
            found = found or stored
            if tag and not stored:
                found += self._stored_beside(path, name, hops, tags, tag)
        yield from found

    def _stored_beside(
        self, path: str, name: str, hops: int, tags: tuple[str, ...], tag: str
    ) -> Iterator[Published]:
        """Objects that files beside `path` store in the field `name` of the struct `tag`."""
        word, tree = name.encode(), self.program.reader.tree
        for beside in self.program.siblings(path):
            if word in tree.read(beside):
                yield from self._stored(beside, name, hops, tags, (tag,))

    def _filled(
        self, function: Function, name: str, tags: tuple[str, ...], owner: str = ""
    ) -> Iterator[Published]:
        """Objects that the file of `function`, or else one beside it, puts into a field `name`.

        In that of the struct `owner`, where it is known.
        """
        found = list(self._put_into(function.path, name, tags, owner))
        if not found:
            word, tree = name.encode(), self.program.reader.tree
            beside = (p for p in self.program.siblings(function.path) if word in tree.read(p))
            found = [one for path in beside for one in self._put_into(path, name, tags, owner)]
        yield from found

    def _put_into(
        self, path: str, name: str, tags: tuple[str, ...], owner: str
    ) -> Iterator[Published]:
        """Objects that initialisers and assignments of the file `path` put into a field `name`."""
        for fact in filling(self.program, path, name):
            if not owner or slot_of(self.program, path, fact).tag in (owner, ""):
                yield from self._named(path, fact.values, tags)

    def _named(self, path: str, names: Iterable[str], tags: tuple[str, ...]) -> Iterator[Published]:
        """The objects among `names`, which the file `path` puts somewhere."""
        for name in names:
            place = self._defined(path, name, tags)
            if place is not None:
                yield Published(name, place, Confidence.MEDIUM)

    def _stored(
        self, path: str, name: str, hops: int, tags: tuple[str, ...], owners: tuple[str, ...] = ()
    ) -> Iterator[Published]:
        """Objects that functions of the file `path` store in a field or variable `name`.

        In a field of one of the structs `owners`, where such are given.
        """
        for function in self.program.mentioning(path, name):
            if owners and function.name == self.contract.register:
                continue
            for node in self.program.body(function).assignments:
                if _is_called(scope_of(self.program, function), node.target, name, owners):
                    for one in self._held(function, node.value, hops + 1, tags):
                        yield replace(one, confidence=Confidence.MEDIUM)


def _is_called(scope: Scope, target: ir.Expr, name: str, owners: tuple[str, ...]) -> bool:
    """`target` is a variable or field called `name`; a field of one of `owners`, if any."""
    match target:
        case ir.Member(object=inner, field=found) if found == name:
            return not owners or scope.tag_of(inner) in owners
        case ir.Name(id=found) if found == name:
            return not owners
    return False


def both(one: frozenset[Function], other: frozenset[Function]) -> frozenset[Function]:
    """The callers of either; none, which stands for all, where one has none."""
    return one | other if one and other else frozenset()
