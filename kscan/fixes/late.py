# SPDX-License-Identifier: GPL-2.0-only
"""The cure of a late write: the statements behind it go before the registration.

Comments go with them, a test for a failed allocation too, and a list that is joined early is left
again where the registration fails. Where the move would be wrong, the fix says what stands in the
way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.facts.layout import Block, Statement, layout
from kscan.fixes.edits import Edits, Refused, unified
from kscan.fixes.effects import Observer
from kscan.fixes.order import Awaited, Order, Plan
from kscan.fixes.undoing import Undoing, undoing
from kscan.flow.paths import addressed
from kscan.flow.places import RUNTIME_PM
from kscan.flow.supplies import is_supply
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.kernel.names import matches
from kscan.lateness.late import PULSE, Late
from kscan.lateness.masked import LateRead
from kscan.lateness.order import Behind
from kscan.model import Confidence, Finding, Fix
from kscan.program.program import Function
from kscan.program.types import scope_of
from kscan.window.registrations import Registration
from kscan.wording import are, enumerated

_VERBS = {
    "driver data": "Set",
    "field": "Set",
    "global": "Set",
    "membership": "Join",
    "runtime PM": "Enable",
    "clock": "Switch on",
    "regulator": "Switch on",
    "reset": "Release",
    PULSE: "Trigger",
}
_TAKEN_BACK = {"runtime PM": "disabled", "reset": "asserted"}


def cure(case: Case, finding: Finding) -> Fix | None:
    """How to mend a finding of a ``late-*`` rule; None where its late write is not found again."""
    place = finding.primary
    reads = case.late_reads_at(place.path, place.line, place.column)
    read = next((read for read in reads if _is_about(case, read, finding)), None)
    if read is None:
        return None
    wanted, more = _sentence(read), _beside(case, read)
    try:
        return Fix(f"{wanted}.{_staying(case, read)}{more}", _Move.of(case, read).patch())
    except Refused as why:
        if isinstance(why, Awaited):
            wanted = _without(read)
        return Fix(f"{wanted}; kscan writes no patch, because {why}.{more}")


def _is_about(case: Case, read: LateRead, finding: Finding) -> bool:
    """`finding` tells of `read`, whose registration stands where it says."""
    return (
        finding.subject is not None
        and read.late.spelled == finding.subject.name
        and Evidence(case.program, case.window).callback(read.reader.callback) == finding.callback
    )


def _sentence(read: LateRead) -> str:
    late, api = read.late, read.registration.contract.register
    verb = _VERBS.get(late.kind, "Initialise")
    what = _named(late)
    return f"{verb} {what} before {api}() is called"


def _without(read: LateRead) -> str:
    """The cure where nothing can come earlier: who reads it does without."""
    callback, api = read.reader.callback.function.name, read.registration.contract.register
    return f"Have {callback}() do without {_named(read.late)} until {api}() has returned"


def _named(late: Late) -> str:
    """What is late, as a sentence says it."""
    every = {"driver data": f"the {late.spelled}", "runtime PM": "runtime PM"}
    return every.get(late.kind, f"`{late.spelled}`")


def _staying(case: Case, read: LateRead) -> str:
    """What the diff leaves behind where the registration fails: a global that points nowhere.

    To set it back is not safe to write: it may be another instance's.
    """
    late, write = read.late, read.late.write
    scope = scope_of(case.program, write.function)
    kind = scope.type_of(write.target) if write.target is not None else None
    value = addressed(write.value) if write.value is not None else None
    steady = isinstance(value, ir.Name) and not scope.is_local(value.id)
    if late.kind != "global" or kind is None or not kind.ptr or steady:
        return ""
    return " It stays set where that fails."


def _beside(case: Case, read: LateRead) -> str:
    """Which other places are late for the registration: to mend one cures one."""
    late = {
        (other.late.place, other.late.spelled): _named(other.late)
        for other in case.of(read.registration).late_reads
        if other.confidence.rank >= Confidence.MEDIUM.rank
        and not other.late.is_apart_from(read.late)
    }
    own = read.late.place, read.late.spelled
    others = [named for place, named in late.items() if place != own]
    if not others:
        return ""
    told = enumerated(sorted(others))
    return (
        f" {told[0].upper()}{told[1:]} {are(len(others))} late for this registration, too: "
        "mend them together, or register last."
    )


@dataclass
class _Move:
    """The statements that write a place, on their way to before the registration."""

    order: Order
    edits: Edits

    @classmethod
    def of(cls, case: Case, read: LateRead) -> _Move:
        """The move for one finding; raises `Refused` where its places are not found."""
        write = read.late.write
        if any(frame.for_devices for frame in write.frames):
            raise Refused("the driver whose probe sets it is to be registered first")
        if read.late.behind is Behind.DRIVER:
            raise Refused("it belongs before the driver is registered")
        if read.late.behind is Behind.QUEUE:
            raise Refused("it belongs before the call that has what registers run")
        if write.is_later:
            raise Refused("it is set by what runs later")
        if read.late.place == RUNTIME_PM or is_supply(read.late.place, case.catalogue.functions):
            raise _switched(case, read.late)
        function = write.frames[0].caller if write.frames else write.function
        at = write.frames[0].at if write.frames else write.at
        pivot = _leading(case, read.registration, function)
        source = case.program.reader.tree.read(function.path)
        found = layout(source, function.fact)
        if found is None or pivot is None:
            raise Refused(f"{function.name}() is not understood well enough")
        writes = case.of(read.registration).writes
        observer = Observer(case.program, case.catalogue.functions, writes)
        order = Order(case, read, function, pivot, at, source, found, observer)
        return cls(order, Edits(source))

    def patch(self) -> str:
        """The diff; raises `Refused`."""
        plan = self.order.plan()
        undo = self._undo(plan)
        self._write(plan, [*plan.moved, *self._checks(plan)])
        if undo is not None:
            undo.write(self.edits)
        return unified(self.order.function.path, self.edits.source, self.edits.result())

    @cached_property
    def _nodes(self) -> tuple[ir.Expr, ...]:
        return self.order.case.program.body(self.order.function).nodes

    # What follows the write and belongs to it

    def _checks(self, plan: Plan) -> list[bytes | Statement]:
        """The test for a failed allocation that follows the write and must go with it."""
        late, home = plan.moved[-1], plan.home
        target = self._allocated(late)
        following = home.index(late.start) + 1
        check = home.statements[following] if following < len(home.statements) else None
        if target is None or check is None or not self._looks_at(check, target):
            return []
        if not all(_only_returns(s) for s in (*plan.passed, check) if s.leaves):
            raise self.order.leaving(check)
        return [self._check(check, target)]

    def _allocated(self, late: Statement) -> str | None:
        """The text of what `late` assigns a fresh allocation to."""
        fresh = self.order.case.catalogue.functions.fresh
        for node in self._nodes:
            match node:
                case ir.Assign(op="=", value=ir.Call(callee=ir.Name(id=name))) if (
                    late.holds(node.at) and name in fresh
                ):
                    text = self._text(late).partition(b"=")[0]
                    return text.strip().decode("utf-8", "replace")
        return None

    def _looks_at(self, check: Statement, target: str) -> bool:
        wanted = f"!{target}" if check.kind == "if" else target
        text = self._text(check).decode("utf-8", "replace")
        if check.kind == "if":
            return self.edits.source[slice(*check.condition)].decode("utf-8", "replace") == wanted
        return check.kind == "return" and text.startswith(f"return {target} ? 0 : ")

    def _check(self, check: Statement, target: str) -> bytes | Statement:
        if check.kind == "if":
            return check
        error = self._text(check).partition(b" ? 0 : ")[2]
        indent = self.edits.indent(check.start)
        self.edits.replace(check.start, check.end, b"return 0;")
        lines = [b"if (!%s)\n" % target.encode(), b"\treturn %s\n" % error]
        return b"".join(indent + line for line in lines)

    def _text(self, statement: Statement) -> bytes:
        return self.edits.source[statement.start : statement.end]

    # Undoing and writing

    def _undo(self, plan: Plan) -> Undoing | None:
        """What a failed registration has to take back."""
        joins = self.order.case.catalogue.functions.joins.names
        calls = [
            node
            for statement in plan.moved
            for node in self._nodes
            if isinstance(node, ir.Call) and matches(joins, node.name) and statement.holds(node.at)
        ]
        if self.order.read.late.kind == "membership" and not calls:
            raise Refused("it has to be left again where the registration fails")
        ways = (plan.anchor, *plan.passed)
        return undoing(self.edits, calls, plan.moved, ways) if calls else None

    def _write(self, plan: Plan, pieces: list[Statement | bytes]) -> None:
        anchor, text = plan.anchor, b""
        indent = self.edits.indent(anchor.start)
        for piece in pieces:
            if isinstance(piece, bytes):
                text += piece
                continue
            if piece.kind == "return":
                text += indent + self._returned(piece) + b"\n"
                continue
            lines = self.edits.lines(piece.start, piece.end)
            if lines is None:
                raise Refused("another statement stands on the same line")
            text += self.edits.indented(*lines, self.edits.indent(piece.start), indent)
            self._remove(plan.home, lines, len(pieces))
        place = self.edits.lines(anchor.start, anchor.end)
        if place is None:
            raise Refused("another statement stands on the same line")
        above = place[0] > 0 and not self.edits.source[: place[0]].endswith(b"\n\n")
        self.edits.insert(place[0], text if above and text.count(b"\n") == 1 else text + b"\n")

    def _returned(self, statement: Statement) -> bytes:
        """What is left of ``return f(x);`` where f() always returns 0: the call."""
        call = next((node for node in self._nodes if statement.holds(node.at)), None)
        always = isinstance(call, ir.Call) and self._always_zero(call)
        if call is None or not always:
            raise Refused("the function returns what it yields")
        self.edits.replace(statement.start, statement.end, b"return 0;")
        return self.edits.source[call.at : statement.end]

    def _always_zero(self, call: ir.Call) -> bool:
        program = self.order.case.program
        for target in program.resolve(call.name, self.order.function.path)[:1]:
            returned = list(ir.returned(program.body(target)))
            return bool(returned) and all(
                isinstance(value, ir.Const) and value.text == "0" for value in returned
            )
        return False

    def _remove(self, home: Block, lines: tuple[int, int], number: int) -> None:
        """Takes `lines` out, and an ``if`` that would be left empty with them."""
        if home is self.order.statements.body or len(home.statements) > number:
            self.edits.remove_lines(*lines)
            return
        owner = next((s for s in self.order.statements.statements if home in s.blocks), None)
        whole = self.edits.lines(owner.start, owner.end) if owner is not None else None
        if owner is None or owner.kind != "if" or len(owner.blocks) != 1 or whole is None:
            raise Refused("it is the only statement of its branch")
        if owner.tests(self.order.pivot):
            raise Refused("the registration stands in the condition of the branch")
        self.edits.remove_lines(*whole)


def _switched(case: Case, late: Late) -> Refused:
    """Why what is switched on stays where it is: what has to follow it is not put in order."""
    for call in case.program.body(late.write.function).calls_at(late.write.at):
        if call.name in case.catalogue.functions.managed:
            return Refused(
                f"the test whether {call.name}() failed has to go with it, and must not undo the "
                "registration there"
            )
    if late.kind == PULSE:
        return Refused("what else is done to the hardware in between is not put in order")
    undone = _TAKEN_BACK.get(late.kind, "switched off")
    return Refused(f"it has to be {undone} again where the registration fails")


def _only_returns(statement: Statement) -> bool:
    """`statement` is a ``return``, or an ``if`` with nothing else in it."""
    below = [found.kind for found in statement.all() if found.kind != "compound"]
    return below in (["return"], ["if", "return"])


def _leading(case: Case, registration: Registration, function: Function) -> int | None:
    """Offset in `function` of the registration, or of the call that leads to it."""
    if function == registration.function:
        return registration.at
    return next((at for caller, at in _upwards(case, registration) if caller == function), None)


def _upwards(case: Case, registration: Registration) -> Iterator[tuple[Function, int]]:
    for target in case.callers.above(registration.function):
        for caller, call in case.callers.of(target):
            yield caller, call.at
