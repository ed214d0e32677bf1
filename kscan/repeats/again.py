# SPDX-License-Identifier: GPL-2.0-only
"""A callback that is called again: the world in which the second call runs.

The second call is executed in the world the first one leaves: what it stored is there. Where
the contract says that the core drops some of it between two calls, it is executed once more
without that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from functools import cached_property

from kscan.execution.execute import Execution, Outcome, is_refusal
from kscan.execution.values import ANY, SET, Value, What
from kscan.execution.world import World
from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import flow_of
from kscan.flow.depth import DEPTH, TOO_DEEP, Call
from kscan.flow.fates import MEMORY, End, Fate, Owned
from kscan.flow.lists import Lists
from kscan.flow.ownership import Lifetimes
from kscan.flow.paths import root_of, spelled
from kscan.flow.places import Place, field_named
from kscan.flow.writes import Writes
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.contracts import Repeated
from kscan.program.program import Function, Program
from kscan.repeats.left import FirstCall


class Kind(StrEnum):
    """What is wrong with the second call."""

    REFERENCE = "reference"  # taken, and not put
    ALLOCATION = "allocation"  # what was allocated before is overwritten
    ACQUISITION = "acquisition"  # what was acquired before, and is no memory
    INSERTION = "insertion"  # joins a list it is on
    RESET = "reset"  # state that others rely on by now
    LOST = "lost"  # allocated once, but what remembers it is dropped
    MOVED = "moved"  # joins a new list while on the lost one
    MISSING = "missing"  # uses what was dropped
    REFUSED = "refused"  # turns the device away, for what was not dropped


class When(StrEnum):
    """Which of the later calls does it."""

    EVERY = "every"
    UNCLEAR = "unclear"  # a test of what the first call changed may keep it out
    DROPPED = "dropped"  # only after what the callback looks at was dropped
    ONCE = "once"  # what the first call left keeps it out


@dataclass(frozen=True)
class Hazard:
    """One thing that a second call does wrong."""

    kind: Kind
    function: Function
    at: int
    frames: tuple[Call, ...]
    """Calls from the callback to `function`."""
    name: str
    """The function, the node or the member it is about, as the code spells it."""
    _: KW_ONLY
    place: Place | None = None
    """What is overwritten, joined, reset or dropped."""
    end: End | None = None
    """The store that makes it outlive the call, or the way out without a release."""
    sure: bool = True
    partly: bool = False
    """Other ways through the callback are right."""
    starved: bool = False
    """Only ways that find no memory are wrong."""
    when: When = When.EVERY
    managed: bool = False
    """It is freed when a device is unbound."""
    listed: Place | None = None
    """A list that an object which is dropped is on as well."""
    another: bool = False
    """It befalls the first call for a second device, too."""


@dataclass
class Again:
    """One callback, called a second time."""

    program: Program
    catalogue: Catalogue
    repeated: Repeated
    callback: Function
    belongs: Callable[[str], bool]
    """Which files are the driver's."""
    _runs: dict[bool, Execution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        functions = self.catalogue.functions
        self.lifetimes = Lifetimes(self.program, functions, self.belongs)
        self.lists = Lists(self.program, functions)
        self.writes = Writes(self.program, self.catalogue, self.belongs)
        self.dropped = frozenset(field_named(name) for name in self.repeated.dropped)

    @cached_property
    def entered(self) -> dict[Function, tuple[Call, ...]]:
        """The callback and what it calls inside the driver, with the calls that lead there."""
        found: dict[Function, tuple[Call, ...]] = {self.callback: ()}
        waiting = [self.callback]
        while waiting:
            function = waiting.pop(0)
            for call in self.program.body(function).calls:
                for target in self.program.resolve(call.name, function.path)[:1]:
                    frames = (*found[function], Call(function, target, call.at))
                    if target in found or not self.belongs(target.path):
                        continue
                    if len(frames) > DEPTH:
                        self.program.cut(self.callback, TOO_DEEP)
                        continue
                    found[target] = frames
                    waiting.append(target)
        return found

    @cached_property
    def owned(self) -> tuple[Owned, ...]:
        """The objects that the callback acquires, itself or in what it calls."""
        return tuple(o for f in self.entered for o in self.lifetimes.of(f) if o.ends)

    def of(self, kind: str) -> Iterator[Owned]:
        """Objects of one kind that end here: not those a function only passes up."""
        seen: set[tuple[Function, int]] = set()
        for owned in self.owned:
            place = (owned.acquired.function, owned.acquired.at)
            passed = all(end.fate in (Fate.RETURNED, Fate.OUTPUT) for end in owned.ends)
            if owned.acquired.kind == kind and not passed and place not in seen:
                seen.add(place)
                yield owned

    def happens(self, function: Function, at: int, dropped: bool = False) -> bool:
        """The second call comes to offset `at` of `function`; after a drop, where asked."""
        node = flow_of(self.program, function).containing(at)
        visited = self.run(dropped).visited.get(function, set())
        return node is not None and node.index in visited

    def run(self, dropped: bool) -> Execution:
        """The second call, executed; with `dropped`, after the core dropped what it may."""
        if dropped not in self._runs:
            late = self.dropped if dropped else frozenset()
            self._runs[dropped], _ = self._executed(self._left_but(late), late)
        return self._runs[dropped]

    @cached_property
    def for_another(self) -> Execution:
        """The first call for a second device, executed: what the first one keeps is not there."""
        tag = self.repeated.object.partition(".")[0]
        typed = zip(self.callback.parameters, self.callback.fact.params, strict=True)
        client = next((name for name, param in typed if param.type.tag == tag), "")
        late = self.dropped | self._first.set_on(client)
        return self._executed(self._left_but(late), late)[0]

    @cached_property
    def refusing(self) -> tuple[Place, int] | None:
        """What the core does not drop and the next call refuses for, whatever the way; and where.

        None where it does not, or where the first one did as well.
        """
        kept = self._left_but(self.dropped)
        where = self._refusing(kept)
        if where is None or self._refusing({}) is not None:
            return None
        alone = (
            place
            for place in kept
            if self._refusing(self._left_but({*self.dropped, place})) is None
        )
        culprit = next(alone, None)
        return (culprit, where) if culprit is not None else None

    def _refusing(self, given: Mapping[Place, Value]) -> int | None:
        """Where a call refuses last, whatever the way, that finds what is `given`."""
        _, outcome = self._executed(given, self.dropped)
        pointer = self.callback.fact.result.ptr > 0
        refuses = outcome.returns and all(is_refusal(v, pointer) for v, _, _ in outcome.returns)
        return max(at for _, _, at in outcome.returns) if refuses else None

    def _left_but(self, places: Collection[Place]) -> dict[Place, Value]:
        """What the first call left elsewhere than in some `places`."""
        return {place: value for place, value in self.left.items() if place not in places}

    def _executed(
        self, given: Mapping[Place, Value], late: frozenset[Place]
    ) -> tuple[Execution, Outcome]:
        """A call, executed, that finds what is `given`, and nothing in the `late` places."""
        known = {**given, field_named(self.repeated.object): SET}
        world = World(self.catalogue.functions, late, self.belongs, given=known)
        execution = Execution(self.program, world, keeps_ways=True)
        params = self.callback.fact.params
        own = Value(What.SET, None, "own")
        values = tuple(own if p.type.ptr else ANY for p in params)
        return execution, execution.run(self.callback, values)

    @cached_property
    def _first(self) -> FirstCall:
        functions, writes = self.catalogue.functions, self.writes.of(self.callback)
        return FirstCall(self.program, functions, tuple(self.entered), self.owned, writes)

    @cached_property
    def left(self) -> dict[Place, Value]:
        """What the first call stored."""
        return self._first.left()

    @cached_property
    def changed(self) -> frozenset[Place]:
        """What the first call changed in any way."""
        return self._first.changed()

    def acquires(self, owned: Owned, dropped: bool = False) -> bool:
        """The second call acquires such an object again, and comes to where that is stored."""
        at, run = owned.acquired, self.run(dropped)
        noted = owned.acquired.name in self.catalogue.functions.fresh
        if noted and (at.function, at.at) not in run.acquired and at.function in run.visited:
            return False
        return self.happens(owned.function, owned.at, dropped)

    def stores(self, end: End, dropped: bool = False) -> bool:
        """The second call comes to where an object is stored."""
        run = self.run(dropped)
        places = [(frame.caller, frame.at) for frame in end.frames]
        return all(
            self.happens(function, at, dropped)
            for function, at in (*places, (end.function, end.at))
            if function in run.visited
        )

    def upwards(self, function: Function, at: int) -> Iterator[tuple[Function, int]]:
        """Offset `at` of `function`, then the calls that lead there."""
        yield function, at
        for frame in reversed(self.entered.get(function, ())):
            yield frame.caller, frame.at

    def memory_behind(self, function: Function, node: ir.Expr | None) -> Owned | None:
        """The allocation that the variable `node` starts from may hold."""
        held = {
            (where, part.at)
            for where, value in self.sources(function, node)
            for part in ir.walk(value)
            if isinstance(part, ir.Call)
        }
        owned = (one for one in self.of(MEMORY) if held)
        return next((one for one in owned if (one.function, one.at) in held), None)

    def sources(
        self, function: Function, node: ir.Expr | None
    ) -> Iterator[tuple[Function, ir.Expr]]:
        """What the variable that `node` starts from is set to, with the function that says so.

        Of a parameter, in the call that leads here; of what a call returns, in what is called.
        """
        waiting = list(self._set_to(function, root_of(node)))
        seen: set[tuple[Function, int, str]] = set()
        while waiting:
            where, value = waiting.pop(0)
            key = (where, value.at, spelled(value))
            if key not in seen:
                seen.add(key)
                yield where, value
                waiting += self._set_to(where, _variable(value))
                waiting += self._returned(where, value)

    def _set_to(self, function: Function, name: str) -> Iterator[tuple[Function, ir.Expr]]:
        """What the variable `name` of `function` is set to, there or by who calls it."""
        for value in assigned_in(self.program, function).values(name):
            yield function, value
        for frame in self.entered.get(function, ())[-1:]:
            for call in self.program.body(frame.caller).calls_at(frame.at):
                given = function.given(call)
                if name in given:
                    yield frame.caller, given[name]

    def _returned(self, function: Function, value: ir.Expr) -> Iterator[tuple[Function, ir.Expr]]:
        """What the calls in `value` return."""
        for part in ir.walk(value):
            if isinstance(part, ir.Call):
                for target in self.lifetimes.callees.targets(part.name, function):
                    yield from ((target, one) for one in ir.returned(self.program.body(target)))


def _variable(value: ir.Expr) -> str:
    """The variable that `value` is, or is the address of a member of; empty where it is neither."""
    match value:
        case ir.Name(id=name):
            return name
        case ir.Cast(operand=inner):
            return _variable(inner)
        case ir.Unary(op="&", operand=ir.Member(object=inner)):
            return _variable(inner)
    return ""
