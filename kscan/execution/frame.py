# SPDX-License-Identifier: GPL-2.0-only
"""One execution while it goes on: its run, the frame of one call, the values on one way.

Here is what they hold and note; what an expression is worth, and where control goes next, is
said by those who know it (`kscan.execution.evaluate`, `kscan.execution.execute`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from kscan.execution.values import ANY, INVALID, UNSET, Taint, Value, joined
from kscan.execution.world import Event, Happening, World
from kscan.facts import ir
from kscan.facts.unit import UNKNOWN
from kscan.flow.depth import Call
from kscan.flow.places import Place, is_place, membership, place_of
from kscan.program.program import Function, Program
from kscan.program.types import Scope

MOST_NESTED = 12
"""Macros expanded within one another; an audit of 6.1 needs 9."""

_NESTED = f"macros nested more than {MOST_NESTED} deep are not expanded"

MOST_VALUES = 100_000
"""Expressions that one execution evaluates; the longest in an audit of 6.12 evaluates 6,977."""


@dataclass
class State:
    """The values on one way through a function."""

    env: dict[str, Value]
    decided: Taint | None = None
    """The late read that decided a branch on this way."""
    is_over: bool = False
    """It ends here: what is assumed to be NULL is dereferenced."""

    def copy(self) -> State:
        """Its own copy."""
        return State(dict(self.env), self.decided)

    def stored(self, shared: frozenset[str]) -> dict[str, Value]:
        """What the places called `shared` hold, and any that a late value was stored in."""
        return {
            key: value
            for key, value in self.env.items()
            if key in shared or (value.taint is not None and is_place(key))
        }

    def absorb(self, other: State) -> bool:
        """Joins `other` in; whether anything changed."""
        changed = False
        for name, mine in self.env.items():
            theirs = other.env.get(name, ANY)
            if theirs is not mine and (met := joined(mine, theirs)) != mine:
                self.env[name] = met
                changed = True
        return changed


@dataclass
class Run(ABC):
    """One run in one world; `events` collects what was done with late places."""

    program: Program
    world: World
    events: list[Event] = field(default_factory=list)
    touched: set[Place] = field(default_factory=set)
    """Every place that was read or used, late or not."""
    acquired: set[tuple[Function, int]] = field(default_factory=set)
    """The calls, by offset, that allocated something or looked a device up."""
    _values: int = 0
    _seen: set[tuple[object, ...]] = field(default_factory=set)

    def is_spent(self) -> bool:
        """Counts one more expression; whether there were so many that the rest stays unknown."""
        self._values += 1
        return self._values > MOST_VALUES

    def note(self, event: Event) -> None:
        """Keeps `event`, once for each place and spot."""
        key = (event.what, event.taint.place, event.at, event.function)
        if key not in self._seen:
            self._seen.add(key)
            self.events.append(event)

    @abstractmethod
    def enter(
        self, function: Function, args: tuple[Value, ...], frames: tuple[Call, ...], state: State
    ) -> Value | None:
        """The value a call of `function` yields, which may store; None when it is not entered."""


@dataclass
class Frame(ABC):
    """One function being executed, at one node."""

    execution: Run
    function: Function
    scope: Scope
    state: State
    frames: tuple[Call, ...]
    expanding: set[str] = field(default_factory=set)
    """Macros whose bodies are being evaluated: C does not expand them again."""

    @abstractmethod
    def value(self, node: ir.Expr) -> Value:
        """The value of `node`, evaluated once."""

    @abstractmethod
    def loaded(self, node: ir.Expr) -> Value:
        """The value of `node`, which may be an atomic or a key: a struct that holds a number."""

    def meant(self, macro: str, node: ir.Expr | None) -> Value | None:
        """The value of `node`, which `macro` stands for; None where that is not expanded here."""
        if node is None or macro in self.expanding:
            return None
        if len(self.expanding) >= MOST_NESTED:
            self.scope.program.cut(self.function, _NESTED)
            return None
        self.expanding.add(macro)
        value = self.value(node)
        self.expanding.discard(macro)
        return value

    def taint(self, place: Place, at: int) -> Taint:
        """The mark of a read of `place` here."""
        typed = place.kind != "field" or bool(place.owner)
        return Taint(place, at, self.function.path, self.function.name, typed)

    @property
    def first(self) -> Function:
        """The function that the execution began with."""
        return self.frames[0].caller if self.frames else self.function

    @property
    def late(self) -> frozenset[str]:
        """What holds a pointer read too early: ways that differ in that stay apart."""
        return frozenset(
            name
            for name, value in self.state.env.items()
            if value.taint is not None
            if is_place(name) or self.scope.locals.get(name, UNKNOWN).ptr
        )

    def late_list(self, head: ir.Expr) -> Taint | None:
        """The mark of a read of the list `head` that the instance joins too late."""
        place = place_of(self.scope, self.execution.world.functions, head)
        if isinstance(head, ir.Name) and place is None:
            place = self.value(head).points
        if place is None:
            return None
        member = membership(place)
        self.execution.touched.add(member)
        if member in self.execution.world.late:
            return self.taint(member, head.at)
        return None

    def dereferenced(self, value: Value, at: int) -> None:
        """`value` is used as a pointer."""
        if value.taint is not None and value.what in INVALID:
            self.note(Happening.CRASH, value.taint, at, "dereferences it")
        elif value.origin == UNSET and value.what in INVALID:
            self.state.is_over = True

    def note(
        self,
        what: Happening,
        taint: Taint,
        at: int,
        note: str,
        stored: Place | None = None,
        sure: bool = True,
    ) -> None:
        """Keeps what happens to a late place, with the calls that led here."""
        self.execution.note(Event(what, taint, at, self.function, self.frames, note, stored, sure))
