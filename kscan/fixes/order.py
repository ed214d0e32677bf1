# SPDX-License-Identifier: GPL-2.0-only
"""Whether the statements behind a late write may stand before the registration, and which they are.

They may where what they need is there already, nothing they pass over minds, and no way out of
them would undo what the registration has not done yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.facts.layout import Block, Layout, Statement
from kscan.fixes.edits import Refused
from kscan.fixes.effects import Effects, Observer
from kscan.flow.places import Place
from kscan.hazards.case import Case
from kscan.kernel.names import matches
from kscan.lateness.masked import LateRead
from kscan.program.program import Function

_CALLED = re.compile(r"\b(\w+)\s*\(")

MOST_BETWEEN = 60
"""Statements between the registration and the write of which the effects are looked at."""


class Awaited(Refused):
    """The value that is late comes of the registration itself: none of it is there before."""


@dataclass(frozen=True)
class Plan:
    """What goes where."""

    anchor: Statement
    """The statement that registers: the others go before it."""
    home: Block
    """The block that the late statement stands in."""
    moved: tuple[Statement, ...]
    """The late statement, and before it what it depends on."""
    passed: tuple[Statement, ...]
    """Statements between the registration and the write that stay where they are."""


@dataclass
class Order:
    """The program order of one function around a registration and a late write."""

    case: Case
    read: LateRead
    function: Function
    """The one that both the registration and the late write are steps of."""
    pivot: int
    """Offset there of the registration, or of the call that leads to it."""
    at: int
    """Offset there of the write, or of the call that leads to it."""
    source: bytes
    statements: Layout
    observer: Observer
    passed: list[Statement] = field(default_factory=list)

    def plan(self) -> Plan:
        """What has to move; raises `Refused` where that would be wrong."""
        anchor, between, home, late = self._places()
        if len(between) > MOST_BETWEEN:
            raise Refused(f"{len(between)} statements stand between it and the registration")
        moved = self._moved(anchor, between, late)
        self._mind(anchor, moved)
        self._refuse_calls(moved)
        self._refuse_directives(anchor, late)
        ways_out = {found.kind for s in (anchor, *self.passed) for found in s.all()}
        conditional = home.index(anchor.start) < 0 or bool(ways_out & {"return", "goto"})
        self._refuse_leaks(moved, conditional)
        return Plan(anchor, home, tuple(moved), tuple(self.passed))

    # Where things stand

    def _places(self) -> tuple[Statement, list[Statement], Block, Statement]:
        """The statement to go before, those in between, the late statement and its block."""
        first, second = self.statements.way(self.pivot), self.statements.way(self.at)
        depth = 0
        while (
            depth + 1 < min(len(first), len(second)) and first[depth + 1][0] is second[depth + 1][0]
        ):
            depth += 1
        if not first or not second or first[depth][0] is not second[depth][0]:
            raise Refused("the write is not in the same part of the function")
        block, start = first[depth]
        anchor, index = block.statements[start], second[depth][1]
        if index < start or (index == start and not anchor.tests(self.pivot)):
            raise Refused("the write stands in a loop with the registration")
        between = list(block.statements[start + 1 : index])
        if anchor.kind in ("declaration", "return", "labeled", "case"):
            raise Refused(f"{self._api}() is called in a {anchor.kind}")
        return anchor, *self._descended(anchor, between, second[depth:])

    def _descended(
        self, anchor: Statement, between: list[Statement], way: tuple[tuple[Block, int], ...]
    ) -> tuple[list[Statement], Block, Statement]:
        """Enters the branches that the registration's success alone leads to."""
        block, index = way[0]
        statement = block.statements[index]
        for inner, inner_index in way[1:]:
            if not (statement is anchor or self._tests_result(anchor, statement)):
                break
            between = [*between, *inner.statements[:inner_index]]
            block, statement = inner, inner.statements[inner_index]
        return between, block, statement

    def _tests_result(self, anchor: Statement, statement: Statement) -> bool:
        """`statement` is an ``if`` that looks at nothing but the registration's result."""
        if statement.kind != "if":
            return False
        tested = self._effects(*statement.condition)
        result = self._effects(anchor.start, anchor.end).writes
        return bool(tested.reads) and tested.reads <= result and not tested.touched

    @property
    def _api(self) -> str:
        return self.read.registration.contract.register

    def _effects(self, start: int, end: int) -> Effects:
        return self.observer.of(self.function, start, end)

    def _of(self, statement: Statement) -> Effects:
        return self._effects(statement.start, statement.end)

    def _together(self, statements: list[Statement]) -> Effects:
        found = Effects()
        for statement in statements:
            found.add(self._of(statement))
        return found

    # What has to move

    def _moved(
        self, anchor: Statement, between: list[Statement], late: Statement
    ) -> list[Statement]:
        """The late statement with those before it that it depends on, in order."""
        moved = [late]
        needed = self._together([late])
        if late.kind != "return":
            self._refuse_leaving(late)
        for statement in reversed(between):
            effects = self._of(statement)
            if (
                effects.writes & needed.reads
                or effects.written & needed.touched
                or (effects.hardware and needed.hardware)
            ):
                self._refuse_leaving(statement)
                moved.insert(0, statement)
                needed.add(effects)
            else:
                self.passed.insert(0, statement)
        result = self._of(anchor).writes
        if needed.reads & (result - needed.writes):
            if self.read.late.write.frames:
                raise Refused(f"the call that does so needs what {self._api}() returns")
            raise Awaited(f"the value depends on what {self._api}() returns")
        return moved

    def _refuse_leaving(self, statement: Statement) -> None:
        if statement.kind in ("labeled", "case"):
            raise Refused("a label stands at it")
        if statement.leaves:
            raise self.leaving(statement)

    def leaving(self, statement: Statement) -> Refused:
        """The refusal to move `statement`, or what comes before it, over its own way out."""
        return Refused(
            f"line {self._line(statement.start)} may fail and leave, and its way out undoes the "
            "registration: register last and put the error labels in order by hand"
        )

    def _refuse_calls(self, moved: list[Statement]) -> None:
        needed = self._together(moved)
        if needed.calls:
            first = next(iter(needed.calls))
            raise Refused(
                f"it cannot tell whether {first} relies on the registration or on what comes "
                "before it: see whether the registration can come last instead"
            )
        for statement in self.passed:
            seen = self._of(statement)
            later = (s for s in moved if s.start > statement.start)
            if (seen.calls or seen.hardware) and any(self._of(s).hardware for s in later):
                line = self._line(statement.start)
                raise Refused(f"it reads registers that line {line} may have to switch on first")

    def _mind(self, anchor: Statement, moved: list[Statement]) -> None:
        """Refuses a move that changes what the statements passed over see."""
        needed, result = self._together(moved), self._of(anchor)
        if needed.writes & result.reads or needed.written & result.touched:
            raise Refused("the registration itself looks at what it changes")
        self._refuse_locked()
        for statement in self.passed:
            seen, line = self._of(statement), self._line(statement.start)
            if statement.kind in ("labeled", "case"):
                raise Refused(f"other ways than the registration's lead to line {line}")
            before = self._together([s for s in moved if s.start < statement.start])
            if before.writes & seen.reads and statement.leaves:
                raise self.leaving(statement)
            if before.writes & seen.reads or needed.writes & seen.writes:
                raise Refused(f"line {line} uses a variable that it changes")
            if (needed.writes - result.writes) & seen.reads:
                raise Refused(f"line {line} uses a variable that it changes")
            if needed.written & seen.touched:
                raise Refused(f"line {line}, which would come after it, looks at the same place")
        after = self._effects(moved[-1].end, self.function.fact.end)
        if needed.writes & result.writes & after.reads:
            raise Refused("what follows uses a variable that both of them set")
        self._refuse_changed(needed.touched - {self.read.late.place})

    def _refuse_changed(self, needed: set[Place]) -> None:
        """Refuses to move what depends on a place that the registration's callbacks write."""
        written = self._callback_writes()
        for place in sorted(needed & written.keys(), key=lambda place: place.spelled):
            changed = f"which {written[place]}() changes inside {self._api}()"
            raise Refused(f"the code to be moved reads `{place.spelled}`, {changed}")

    def _refuse_locked(self) -> None:
        """Refuses to take a statement out of what a lock protects."""
        locks = self.case.catalogue.locks.lock
        held: list[Statement] = []
        for statement in self.passed:
            called = self._called(statement)
            if "guard" in called or any(matches(p.take, name) for p in locks for name in called):
                held.append(statement)
            elif held and any(matches(p.release, name) for p in locks for name in called):
                held.pop()
        if held:
            raise Refused(f"it stands under the lock that line {self._line(held[-1].start)} takes")

    def _called(self, statement: Statement) -> set[str]:
        """What `statement` calls itself, or as it begins: in the condition of an ``if``, too."""
        start, end = statement.condition if statement.blocks else (statement.start, statement.end)
        text = self.source[start:end].decode("utf-8", "replace")
        return set(_CALLED.findall(text))

    def _callback_writes(self) -> dict[Place, str]:
        """What callbacks write, and one that does."""
        instance = self.case.of(self.read.registration)
        return {
            write.place: callback.function.name
            for callback in instance.callbacks
            for write in instance.writes.of(callback.function)
            if not (write.partial and self.observer.is_object(write.place, write.function))
        }

    def _line(self, at: int) -> int:
        return self.source.count(b"\n", 0, at) + 1

    def _refuse_directives(self, anchor: Statement, late: Statement) -> None:
        text = self.source[anchor.start : late.end]
        if any(line.lstrip().startswith(b"#") for line in text.splitlines()):
            raise Refused("a preprocessor conditional stands between")

    def _refuse_leaks(self, moved: list[Statement], conditional: bool) -> None:
        """Memory that nobody frees when the registration fails."""
        functions = self.case.catalogue.functions
        for node in self.case.program.body(self.function).nodes:
            match node:
                case ir.Call(callee=ir.Name(id=name)) if (
                    conditional and name in functions.fresh and name not in functions.managed
                ):
                    if any(statement.holds(node.at) for statement in moved):
                        raise Refused(
                            f"what {name}() allocates would leak where {self._api}() fails"
                        )
