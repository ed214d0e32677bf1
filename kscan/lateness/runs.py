# SPDX-License-Identifier: GPL-2.0-only
"""Runs: the callbacks of one registration, executed in worlds where places are late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from kscan.execution.execute import Execution, Outcome, declined, is_refusal
from kscan.execution.values import ANY, SET, ZERO, Value, What
from kscan.execution.world import Event, Happening, World
from kscan.flow.places import Place, field_named
from kscan.kernel.contracts import Contract, Offered
from kscan.kernel.functions import Functions
from kscan.lateness.whose import ANYONES, Whose
from kscan.program.calls import Slot
from kscan.program.program import Function, Program
from kscan.window.window import Callback


@dataclass(frozen=True)
class Run:
    """One callback, executed."""

    execution: Execution
    outcome: Outcome
    function: Function
    user: Callable[[], str]
    """The core's function that dereferences the pointer which the callback yields."""

    @property
    def refuses(self) -> bool:
        """Whatever the way, the callback turns the object away."""
        pointer = self.function.fact.result.ptr > 0
        returns = self.outcome.returns
        return bool(returns) and all(is_refusal(value, pointer) for value, _, _ in returns)

    def events_of(self, place: Place) -> tuple[Event, ...]:
        """The events that `place` brings, refusals of the whole callback included."""
        found = [event for event in self.execution.events if event.taint.place == place]
        for one in declined(self.outcome, self.function.fact.result.ptr > 0):
            if one.taint.place == place:
                declines = Event(
                    Happening.DECLINED, one.taint, one.at, self.function, (), "refuses"
                )
                found.append(replace(declines, again=one.again))
        found += [event for event in self._returned() if event.taint.place == place]
        return tuple(found)

    def _returned(self) -> Iterator[Event]:
        """A late value that the core is handed: a pointer made of NULL, or a zero."""
        pointer = self.function.fact.result.ptr > 0
        for value, _, at in self.outcome.returns:
            if value.taint is None or value.chosen:
                continue
            if pointer and value.what is What.BOGUS:
                user = self.user()
                use = f", which {user}() dereferences" if user else ""
                note, sure = f"returns a pointer made of NULL{use}", bool(user)
                yield Event(Happening.CRASH, value.taint, at, self.function, (), note, sure=sure)
            elif not pointer and value.what is What.ZERO:
                yield Event(Happening.WRONG, value.taint, at, self.function, (), "returns it")


@dataclass(frozen=True)
class Circumstances:
    """What holds wherever the callbacks of a registration run."""

    drivers: frozenset[str] = frozenset()
    """The driver structs whose probe registers."""
    given: Mapping[Place, Value] = field(default_factory=dict)
    """What must hold for these callbacks to run at all."""
    negative: frozenset[Place] = frozenset()
    """Late places that are below zero until they are written."""


@dataclass
class Runs:
    """Executes the callbacks of one registration."""

    program: Program
    functions: Functions
    contract: Contract
    belongs: Callable[[str], bool]
    user: Callable[[Slot], str] = lambda _slot: ""
    """The core's function that dereferences what a slot yields; empty where none is seen to."""
    absent: Callable[[Slot], frozenset[int]] = lambda _slot: frozenset()
    """The positions of the arguments that the core has nothing to hand over for."""
    circumstances: Callable[[], Circumstances] = Circumstances
    """Asked when a callback is executed, which most never are."""
    alone: bool = False
    """What the callbacks are handed belongs to this very instance."""
    registered: str = ""
    """The struct of what is registered."""
    uncovering: bool = False
    """Each late place is met as if whatever else is wrong kept nobody from it."""
    _idle: dict[Callback, Run] = field(default_factory=dict)

    def at_rest(self, callback: Callback) -> Run:
        """A run in which nothing is late: it tells what the callback touches."""
        if callback not in self._idle:
            self._idle[callback] = self.of(callback, frozenset())
        return self._idle[callback]

    def of(
        self,
        callback: Callback,
        late: frozenset[Place],
        results: Mapping[tuple[str, int], Value] | None = None,
        zero: Mapping[Place, Value] | None = None,
        *,
        whose: Whose = ANYONES,
        ties: bool = False,
    ) -> Run:
        """`callback` in a world where some places are `late`, `whose` they are, and others `zero`.

        Of calls, by path and offset, the `results` are given; what `ties` a resource is noted.
        """
        offered = self.contract.offered_to(str(callback.slot))
        around = self._around
        there = [field_named(one.field) for one in self.contract.present if ties]
        world = World(
            self.functions, late, self.belongs, results or {},
            drivers=around.drivers,
            given={**(zero or {}), **dict.fromkeys(there, SET), **around.given},
            negative=around.negative, alone=self.alone, of_instance=whose.of_instance, ties=ties,
            embedded=whose.embedded,
            never=frozenset(offered.never if offered is not None else ()),
            as_bound=self.uncovering, registered=self.registered,
        )  # fmt: skip
        execution = Execution(self.program, world)
        function = callback.function
        outcome = execution.run(function, self._arguments(callback, offered))
        return Run(execution, outcome, function, partial(self.user, callback.slot))

    def _arguments(self, callback: Callback, offered: Offered | None) -> tuple[Value, ...]:
        """What a callback is handed: its client's device, the instance; valid pointers, or NULL."""
        clients = {one.field.partition(".")[0] for one in self.contract.unset}
        absent = self.absent(callback.slot)
        values = []
        for number, parameter in enumerate(callback.function.fact.params):
            origin = "client" if parameter.type.tag in clients else "own"
            origin = "instance" if number == self.contract.instance else origin
            given = ZERO if number in absent else Value(What.SET, None, origin)
            values.append(given if parameter.type.ptr else ANY)
        if offered is not None and offered.argument < len(values):
            values[offered.argument] = Value(What.SET, None, "offered")
        return tuple(values)

    @cached_property
    def _around(self) -> Circumstances:
        return self.circumstances()
