# SPDX-License-Identifier: GPL-2.0-only
"""What a published object has in its members: an ops table, or the callbacks themselves.

A table is stored there, or there from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import Cfg, Node, flow_of
from kscan.flow.paths import embedding, root_of, spelled
from kscan.kernel.contracts import Contract
from kscan.model import Confidence
from kscan.program.calls import Slot
from kscan.program.filled import filled, filling
from kscan.program.macros import expanded
from kscan.program.program import Function, Program
from kscan.program.tables import home
from kscan.program.types import Scope, scope_of
from kscan.window.leading import leading_members

_HOPS = 3
_Store = tuple[ir.Assign, str]
"""An assignment, and the member that it sets."""


@dataclass(frozen=True, slots=True)
class Told:
    """A value that `function` stores in the member."""

    function: Function
    value: ir.Expr
    confidence: Confidence
    slot: Slot
    """The member."""


@dataclass(frozen=True)
class Members:
    """Finds what the member that a contract names holds when its object is registered."""

    program: Program
    contract: Contract

    @property
    def _member(self) -> tuple[str, str]:
        """Tag of the object's struct, and the member: both empty where the contract has none."""
        tag, _, name = self.contract.table_field.partition(".")
        return tag, name

    def stored(self, function: Function, call: ir.Call) -> Iterator[Told]:
        """What `function` has stored when it comes to `call`; if nothing, what it called has."""
        if self._member[1]:
            yield from self._told(function, call, *self._member)

    def filled(self, function: Function, call: ir.Call) -> Iterator[Told]:
        """The same of all callbacks of an object that is its own table, as a `gpio_chip` is."""
        for tag in self.contract.tables if self.contract.object == self.contract.table else ():
            yield from self._told(function, call, tag, "")

    def written(self, function: Function, call: ir.Call) -> Iterator[Told]:
        """The same of an ops table that code writes: ``ops->of_xlate = foo_of_xlate``."""
        for tag in self.contract.tables:
            yield from self._told(function, call, tag, "", self.contract.table)

    def led_to(self, function: Function, call: ir.Call) -> Iterator[Told]:
        """The same of the members of an ops table that lead to others: ``chip->ops = &foo_ops``."""
        for tag, name in leading_members(self.program, self.contract, function.path):
            yield from self._told(function, call, tag, name, self.contract.table)

    def _told(
        self, function: Function, call: ir.Call, tag: str, name: str, position: int | None = None
    ) -> Iterator[Told]:
        flow = flow_of(self.program, function)
        target = flow.containing(call.at)
        given = self._given(call, position)
        stores = list(self._stored(function, given, tag, name))
        held = _held(flow, target, stores) if target is not None else stores
        for store, field in held:
            yield Told(function, store.value, Confidence.HIGH, Slot(tag, field))
        for called in () if held else self._called(function, flow, target):
            for store, field in self._stored(called, (), tag, name):
                yield Told(called, store.value, Confidence.MEDIUM, Slot(tag, field))

    def _given(self, call: ir.Call, position: int | None = None) -> tuple[ir.Expr, ...]:
        at = self.contract.object if position is None else position
        return call.args[at : at + 1]

    def _called(self, function: Function, flow: Cfg, before: Node | None) -> Iterator[Function]:
        """The functions of its own file that `function` calls on the way to `before`, each once."""
        passed = flow.reaching(before.index) if before is not None else range(len(flow.nodes))
        names = {
            part.name: None
            for index in sorted(passed)
            for expr in flow.nodes[index].expressions()
            for part in ir.walk(expr)
            if isinstance(part, ir.Call)
        }
        for name in names:
            if self.program.defines(name, function.path):
                found = self.program.resolve(name, function.path)[:1]
                yield from (target for target in found if target != function)

    def _stored(
        self, function: Function, given: tuple[ir.Expr, ...], tag: str, name: str
    ) -> Iterator[_Store]:
        """Where `function` assigns to the member `name` of an object that may be the one `given`.

        Without a name, to each that holds a function.
        """
        if not self.program.mentions(function, name):
            return
        scope = scope_of(self.program, function)
        registered = [node for node in given if scope.tag_of(node) == tag]
        for node in self._parts(function):
            match node:
                case ir.Assign(target=ir.Member(object=inner, field=field, arrow=arrow)):
                    if field != (name or field) or scope.tag_of(inner) != tag:
                        continue
                    if not name and not _is_callback(scope, node.target):
                        continue
                    if not any(_is_another(inner, arrow, other) for other in registered):
                        yield node, field

    def _parts(self, function: Function) -> Iterator[ir.Expr]:
        """The expressions of `function`, what its macros mean, and what its initialisers store."""
        body = self.program.body(function)
        for declared in ir.declarations(body.statements):
            yield from _initialising(ir.Name(declared.name, 0), declared.value)
        for node in body.nodes:
            yield node
            if isinstance(node, ir.Assign):
                yield from _initialising(node.target, node.value)
            yield from self._meant(function, node, 0)

    def _meant(self, function: Function, node: ir.Expr, hops: int) -> Iterator[ir.Expr]:
        meant = None
        if isinstance(node, ir.Call) and hops < _HOPS:
            meant = expanded(self.program, function.path, node)
        for part in ir.walk(meant) if meant is not None else ():
            yield part
            yield from self._meant(function, part, hops + 1)

    def initialised(self, function: Function, call: ir.Call) -> Iterator[tuple[str, str]]:
        """The names that the object's initialiser gives the member, with the file it stands in."""
        if self._member[1]:
            for node in self._given(call):
                yield from self._from_the_start(function, node, 0)

    def _from_the_start(
        self, function: Function, node: ir.Expr, hops: int
    ) -> Iterator[tuple[str, str]]:
        match node:
            case ir.Unary(op="&", operand=inner) | ir.Cast(operand=inner):
                yield from self._from_the_start(function, inner, hops)
            case ir.Name(id=name) if scope_of(self.program, function).is_local(name):
                values = assigned_in(self.program, function).values(name)
                copied = () if hops else self._copies(function, node)
                for value in (*values, *copied) if hops < _HOPS else ():
                    yield from self._from_the_start(function, value, hops + 1)
            case ir.Name() | ir.Member():
                found = list(self._spelled(function, node))
                yield from found
                for value in () if found or hops else self._copies(function, node):
                    yield from self._from_the_start(function, value, hops + 1)

    def _spelled(self, function: Function, node: ir.Expr) -> Iterator[tuple[str, str]]:
        """What the initialiser of the object that `node` is part of spells for the member."""
        outer, inside = embedding(node)
        if not isinstance(outer, ir.Name) or scope_of(self.program, function).is_local(outer.id):
            return
        place = home(self.program, function.path, outer.id)
        fields = (*filter(None, inside.split(".")), self._member[1])
        if place is None:
            return
        told = [
            fact
            for fact in filling(self.program, place, fields[-1])
            if (fact.variable, fact.fields) == (outer.id, fields)
        ]
        if not told and not inside:  # by its position: ``{ FOO_MINOR, "foo", &foo_fops }``
            entries = filled(self.program, place).by_table.get(outer.id, ())
            told = [fact for fact in entries if not fact.fields]
        for fact in told:
            yield from ((value, place) for value in fact.values)

    def _copies(self, function: Function, node: ir.Expr) -> Iterator[ir.Expr]:
        """The objects that `function` copies whole into `node`, or to where that points.

        As by ``wdt->wdd = template`` and ``*vdev = template``.
        """
        for part in self.program.body(function).nodes:
            match part:
                case ir.Assign(
                    target=ir.Unary(op="*", operand=target) | (ir.Member() as target),
                    value=ir.Name() as value,
                ):
                    if spelled(target) == spelled(node) != "":
                        yield value


def _initialising(place: ir.Expr, literal: ir.Expr | None) -> Iterator[ir.Assign]:
    """``struct foo foo = { .get = foo_get }`` as assignments; ``bar->foo = (struct foo) {`` too."""
    if not isinstance(literal, ir.Literal):
        return
    for fields, value in literal.items:
        target = place
        for field in fields:
            target = ir.Member(target, field, False, literal.at)
        yield ir.Assign("=", target, value, literal.at)


def _is_callback(scope: Scope, node: ir.Expr) -> bool:
    """`node` holds a function, by its own type or by the name of that."""
    kind = scope.type_of(node)
    alias = scope.program.typedef(kind.base, scope.function.path) if kind.base else None
    return kind.fn or (alias is not None and alias.type.fn)


def _held(flow: Cfg, target: Node, stores: list[_Store]) -> list[_Store]:
    """Those of `stores` that count at `target`: some way leads there without another of the same.

    Of two elements it is not known whether they are the same.
    """
    places: dict[str, dict[int, _Store]] = {}
    for store, field in stores:
        node, name = flow.containing(store.at), spelled(store.target)
        if node is not None:
            alone = not name or "[" in name
            several = places.setdefault(f"{store.at}" if alone else name, {})
            if node.index not in several or not _is_nothing(store.value):
                several[node.index] = store, field
    return [
        several[index]
        for several in places.values()
        for index in sorted(flow.last_before(target.index, several.keys()))
    ]


def _is_nothing(value: ir.Expr) -> bool:
    """What the other arm of a macro stores: ``dst->op = src->op ? foo_op : NULL``, as ``if``."""
    return isinstance(value, ir.Const) and value.is_zero


def _is_another(holder: ir.Expr, arrow: bool, registered: ir.Expr) -> bool:
    """`holder` is surely not the object `registered`: another variable, or member of one object.

    A pointer may lead to what is embedded beside it, and of two elements nothing is known.
    """
    embedded = isinstance(registered, ir.Unary) and registered.op == "&"
    one, other = spelled(holder), spelled(registered)
    if arrow == embedded or "[" in one + other or not (one and other):
        return False
    are_variables = "->" not in one + other
    return one != other and (are_variables or root_of(holder) == root_of(registered) != "")
