# SPDX-License-Identifier: GPL-2.0-only
"""The value of one expression in one state, and the events that evaluating it brings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kscan.execution import calling, comparing, firmware, readiness
from kscan.execution.frame import MOST_VALUES, Frame
from kscan.execution.values import (
    ANY,
    ERROR,
    INVALID,
    SET,
    ZERO,
    Value,
    What,
    inverted,
    joined,
    offset_into,
    truth,
)
from kscan.execution.world import Happening
from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.embedded import Holders
from kscan.flow.places import DRVDATA, Place, place_of
from kscan.program import macros

_ERRNO = re.compile(r"E[A-Z0-9_]{2,}$")
_SPENT = f"executing it ends after {MOST_VALUES:,} expressions"


@dataclass
class Evaluation(Frame):
    """A frame that knows what every kind of expression is worth."""

    def value(self, node: ir.Expr) -> Value:
        """The value of `node`, evaluated once."""
        if self.execution.is_spent():
            self.scope.program.cut(self.first, _SPENT)
            return ANY
        return _VALUES[type(node)](self, node)

    def _constant(self, node: ir.Const) -> Value:
        return ZERO if node.is_zero else SET

    def _index(self, node: ir.Index) -> Value:
        if self.scope.type_of(node.object).array:
            return self._element(node)
        self._place_of_element(node)
        return self._pointed(node, node.object)

    def _unary(self, node: ir.Unary) -> Value:
        match node.op:
            case "*":
                return self._pointed(node, node.operand)
            case "&":
                return self._address(node.operand)
            case "!":
                return inverted(self.value(node.operand))
            case "-":
                return self._negated(node.operand)
            case "++" | "--":
                return self._stepped(node, self.value(node.operand))
        return self._computed(self.value(node.operand), node.at)

    def _pointed(self, node: ir.Unary | ir.Index, pointer: ir.Expr) -> Value:
        base = self.value(pointer)
        self.dereferenced(base, node.at)
        return Value(What.ANY, None, base.origin)

    def _cast(self, node: ir.Cast) -> Value:
        return self.value(node.operand)

    def _several(self, node: ir.Several) -> Value:
        found = [self.value(item) for item in node.items]
        return found[-1] if found else ANY

    def _literal(self, node: ir.Literal) -> Value:
        for _, item in node.items:
            self.value(item)
        return Value(What.SET, None, "fresh")

    def _name(self, node: ir.Name) -> Value:
        if self.scope.is_automatic(node.id):
            return self.state.env.get(node.id, ANY)
        if node.id in ("true",):
            return SET
        place = place_of(self.scope, self.execution.world.functions, node)
        if place is None:
            return SET if _ERRNO.match(node.id) else self._spelled_out(node)
        if self.scope.type_of(node).array:
            return SET
        return self._read(place, node.at, ANY)

    def _spelled_out(self, node: ir.Name) -> Value:
        """A name that is no variable: what it stands for, where it is a macro that reads one."""
        meant = macros.spelled_out(self.scope.program, self.function.path, node)
        return self.meant(node.id, meant) or ANY

    def _read(self, place: Place, at: int, otherwise: Value, holder: Value = ANY) -> Value:
        """What `place` holds, a member of the object `holder` or no member."""
        stored, world = self.state.env.get(place.key), self.execution.world
        if stored is not None:
            return stored
        self.execution.touched.add(place)
        if self._is_late(place, holder):
            below = place in world.negative
            return Value(What.ERROR if below else What.ZERO, self.taint(place, at))
        return world.given.get(place, otherwise)

    def _is_late(self, place: Place, holder: Value) -> bool:
        """The member `place` of the object `holder` is."""
        world = self.execution.world
        if place not in world.late or world.is_of_another(place, holder.within):
            return False
        return place not in world.of_instance or holder.is_of_instance

    def _member(self, node: ir.Member, *, is_number: bool = False) -> Value:
        """The value of a member; nothing of a struct, unless that `is_number` (an atomic)."""
        base = self.value(node.object)
        if node.arrow:
            self.dereferenced(base, node.at)
        place = place_of(self.scope, self.execution.world.functions, node)
        if place is None or base.origin == "fresh":
            return ANY
        if place == DRVDATA:
            return calling.driver_data(self, base, node.at)
        if self.execution.world.functions.heads.roots.get(node.field) == place.owner:
            taint = self.late_list(node.object)
            if taint is not None:
                return Value(What.ZERO, taint)
        kind = self.scope.type_of(node)
        if not is_number and (kind.array or (not kind.ptr and kind.tag)):
            return Value(What.ANY, None, base.origin, within=self._inside(node, base))
        led_to = firmware.member(self.execution.world.functions, place, base)
        return self._read(place, node.at, led_to, base)

    def _inside(self, node: ir.Member, outer: Value) -> Holders:
        """What the member `node` of the object `outer` lies in."""
        tag = self.scope.tag_of(node.object) if self.execution.world.embedded else ""
        return ((tag, node.field), *outer.within) if tag else ()

    def loaded(self, node: ir.Expr) -> Value:
        """The value of `node`, which may be an atomic or a key: a struct that holds a number."""
        if isinstance(node, ir.Member):
            return self._member(node, is_number=True)
        return self.value(node)

    def _element(self, node: ir.Index) -> Value:
        """An element of an array: none is there before the first one is written."""
        self._place_of_element(node)
        base = self.value(node.object)
        place = place_of(self.scope, self.execution.world.functions, node)
        if place is None or base.origin == "fresh":
            return Value(What.ANY, None, base.origin)
        return self._read(place, node.at, Value(What.ANY, None, base.origin))

    def _place_of_element(self, node: ir.Index) -> None:
        """The index: a late zero is that of another element."""
        value = self.value(node.index)
        if value.taint is not None and value.what is What.ZERO:
            self.note(Happening.WRONG, value.taint, node.at, "takes an element by it")

    def _address(self, inner: ir.Expr) -> Value:
        """``&inner``; of a list or map with its place, for whoever walks it by that pointer."""
        value, kind = self._addressed(inner), self.scope.type_of(inner)
        functions = self.execution.world.functions
        if kind.ptr or kind.tag not in functions.heads.structs:
            return value
        return replace(value, points=place_of(self.scope, functions, inner))

    def _addressed(self, inner: ir.Expr) -> Value:
        if isinstance(inner, ir.Name):
            if self.scope.is_automatic(inner.id):
                self.state.env[inner.id] = ANY
            return SET
        if isinstance(inner, ir.Member):
            outer = self.value(inner.object) if inner.arrow else self._addressed(inner.object)
            found = offset_into(outer) if inner.arrow else outer
            within = self._inside(inner, outer)
            return replace(found, within=within) if within or found.within else found
        if isinstance(inner, ir.Unary) and inner.op == "*":
            return self.value(inner.operand)
        if isinstance(inner, ir.Index):
            self._place_of_element(inner)
            return offset_into(self.value(inner.object))
        return SET

    def _negated(self, inner: ir.Expr) -> Value:
        if isinstance(inner, ir.Name) and _ERRNO.match(inner.id):
            again = inner.id in self.execution.world.functions.again
            return replace(ERROR, origin="again") if again else ERROR
        return self._computed(self.value(inner), inner.at)

    def _computed(self, value: Value, at: int) -> Value:
        """Arithmetic: a late zero goes on as a wrong number."""
        if value.taint is not None and value.what is What.ZERO:
            self.note(Happening.WRONG, value.taint, at, "computes with it")
        return ANY

    def _binary(self, node: ir.Binary) -> Value:
        if node.op in ("&&", "||"):
            return self._logical(node)
        left, right = self.value(node.left), self.value(node.right)
        if node.op in comparing.OPERATORS:
            value, told = comparing.compared(
                self.scope, node, left, right, self.execution.world.never
            )
            for taint in told:
                self.note(Happening.WRONG, taint, node.at, "compares it")
            return value
        for value in (left, right):
            if value.taint is not None and value.what is What.ZERO:
                self.note(Happening.WRONG, value.taint, node.at, "computes with it")
        if node.op in ("&", "*") and What.ZERO in (left.what, right.what):
            zero = left if left.what is What.ZERO else right
            return replace(zero, origin="")
        if node.op == "|" and left.what is What.ZERO:
            return right
        if node.op in ("+", "-") and left.what in INVALID:
            return offset_into(left)
        return ANY

    def _logical(self, node: ir.Binary) -> Value:
        left = self.value(node.left)
        known = truth(left)
        if known is not None and known == (node.op == "||"):
            return Value(What.SET if known else What.ZERO, left.taint)
        right = self.value(node.right)
        if known is not None or truth(right) == (node.op == "||"):
            return right
        return ANY

    def _choice(self, node: ir.Choice) -> Value:
        test = self.value(node.test)
        known = truth(test)
        if known is not None:
            arm = node.then if known else node.other
            if arm is None:
                return test
            found = self.value(arm)
            if test.taint is not None and found.taint is None:
                return replace(found, taint=test.taint, chosen=True)
            return found
        then = test if node.then is None else self.value(node.then)
        return joined(then, self.value(node.other))

    def _inline(self, node: ir.Inline) -> Value:
        found = ANY
        for statement in node.body:
            if isinstance(statement, ir.Declare):
                value = self.value(statement.value) if statement.value is not None else ANY
                self.state.env[statement.name] = value
                continue
            for expr in ir.expressions(statement):
                found = self.value(expr)
        return found

    def switched(self, node: ir.Expr) -> Value:
        """``switch (node)``: a late zero is told from other values."""
        value = self.value(node)
        if value.taint is not None and value.what is What.ZERO:
            self.note(Happening.WRONG, value.taint, node.at, "switches on it")
        return value

    def _assign(self, node: ir.Assign) -> Value:
        value = self.value(node.value)
        if node.op != "=":
            self._computed(value, node.at)
            value = self._computed(self.value(node.target), node.at)
        return self._written(node.target, value, node.at)

    def _stepped(self, node: ir.Unary, before: Value) -> Value:
        """``x++`` yields what was there before, where nothing was read too early.

        A counter that starts from a plain number is not zero any more.
        """
        after = SET if node.op == "++" and self._is_counter(node.operand) else ANY
        after = self._written(node.operand, after, node.at)
        return before if node.postfix and before.taint is None else after

    def _is_counter(self, node: ir.Expr) -> bool:
        """`node` is a local variable that a loop counts with."""
        if not isinstance(node, ir.Name) or not self.scope.is_automatic(node.id):
            return False
        counters = assigned_in(self.scope.program, self.function).counters
        return node.id in counters and node.id not in self.function.parameters

    def _written(self, target: ir.Expr, value: Value, at: int) -> Value:
        """`value`, which `target` holds from here on."""
        if isinstance(target, ir.Name) and self.scope.is_automatic(target.id):
            self.state.env[target.id] = value
        else:
            self._store(target, value, at)
        return value

    def _store(self, target: ir.Expr, value: Value, at: int) -> None:
        match target:
            case ir.Member(object=inner, arrow=arrow):
                base = self.value(inner)
                if arrow:
                    self.dereferenced(base, target.at)
            case ir.Unary(op="*", operand=inner) | ir.Index(object=inner):
                self.dereferenced(self.value(inner), target.at)
        place = place_of(self.scope, self.execution.world.functions, target)
        if place is None:
            return
        if isinstance(target, ir.Name | ir.Member):
            self.state.env[place.key] = value
        elif isinstance(target, ir.Index):
            if not self.scope.type_of(target.object).array:
                return  # what the place points to is stored in, the place itself is not
            self.state.env[place.key] = ANY
        if value.taint is not None and value.what in INVALID:
            self.note(Happening.STORED, value.taint, at, f"stores it in {place.spelled}", place)

    def holds(self, guard: ir.Guarded) -> None:
        """A scope guard takes its lock: the argument after the lock's class."""
        for lock in guard.args[1:2]:
            readiness.needs(self, lock, "lock", guard.at, f"{guard.macro}() takes it")

    def leaves(self, node: ir.Expr) -> bool:
        """`node` calls a function that does not return."""
        return isinstance(node, ir.Call) and node.name in self.execution.world.functions.noreturn


_VALUES: dict[type[ir.Expr], Callable[[Evaluation, Any], Value]] = {
    ir.Name: Evaluation._name,
    ir.Const: Evaluation._constant,
    ir.Member: Evaluation._member,
    ir.Unary: Evaluation._unary,
    ir.Binary: Evaluation._binary,
    ir.Assign: Evaluation._assign,
    ir.Call: calling.call,
    ir.Index: Evaluation._index,
    ir.Choice: Evaluation._choice,
    ir.Cast: Evaluation._cast,
    ir.Several: Evaluation._several,
    ir.Literal: Evaluation._literal,
    ir.Inline: Evaluation._inline,
    ir.Opaque: lambda _frame, _node: ANY,
}
"""What an expression is worth, by its kind."""
