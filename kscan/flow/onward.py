# SPDX-License-Identifier: GPL-2.0-only
"""One object, followed through one function: who holds it on each way, and how each way ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from kscan.facts import ir
from kscan.flow.aliases import Aliases
from kscan.flow.cfg import Kind, Node, flow_of
from kscan.flow.depth import Call
from kscan.flow.fates import MEMORY, RESOURCE, End, Fate
from kscan.flow.paths import root_of
from kscan.flow.places import DRVDATA, Place, field_named, place_of
from kscan.kernel.functions import Functions
from kscan.kernel.names import matches, position
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of

_LEAVING = (Kind.RETURN, Kind.EXIT)


@dataclass
class Callees:
    """The functions that an object is followed into; remembers what each does with it."""

    program: Program
    functions: Functions
    """What functions do with their arguments."""
    belongs: Callable[[str], bool]
    """Whether functions of a file are followed."""
    _given: dict[tuple[Function, int, str], tuple[End, ...]] = field(default_factory=dict)
    _cleaned: dict[Function, frozenset[str]] = field(default_factory=dict)

    def targets(self, name: str, caller: Function) -> tuple[Function, ...]:
        """The functions called `name` that are followed from `caller`."""
        if self.program.is_elsewhere(name, caller.path, self.belongs):
            return ()
        found = self.program.resolve(name, caller.path)[:1]
        return tuple(f for f in found if f != caller and (f.fact.inline or self.belongs(f.path)))

    def cleaned(self, function: Function) -> frozenset[str]:
        """The variables of `function` that are released at the end of their scope."""
        if function not in self._cleaned:
            program = self.program
            declared = ir.declarations(program.body(function).statements)
            cleanup = program.reader.cleanup
            self._cleaned[function] = frozenset(
                one.name for one in declared if cleanup(function.path, one.at)
            )
        return self._cleaned[function]

    def given(self, function: Function, argument: int, kind: str) -> tuple[End, ...]:
        """What `function` does with an object that it is handed at position `argument`."""
        key = (function, argument, kind)
        if key not in self._given:
            self._given[key] = ()
            names = frozenset(filter(None, function.parameters[argument : argument + 1]))
            if names:
                self._given[key] = Onward(self, function, kind).ends(0, names)
        return self._given[key]


@dataclass
class Onward:
    """Follows one object from one point of one function on."""

    callees: Callees
    function: Function
    kind: str
    found: dict[End, None] = field(default_factory=dict)

    @property
    def functions(self) -> Functions:
        """What functions do with their arguments."""
        return self.callees.functions

    @property
    def scope(self) -> Scope:
        """The names of the function."""
        return scope_of(self.callees.program, self.function)

    def ends(self, start: int, names: frozenset[str], call: int = -1) -> tuple[End, ...]:
        """The fates of the object that `names` hold, or that `call` yields, from `start` on."""
        cfg, scope = flow_of(self.callees.program, self.function), self.scope
        waiting = [(start, names, call, False)]
        seen: set[tuple[int, frozenset[str], bool]] = set()
        while waiting:
            index, held, yielding, kept = waiting.pop()
            if yielding < 0 and (index, held, kept) in seen:
                continue
            node = cfg.nodes[index]
            if yielding < 0:
                seen.add((index, held, kept))
                if node.kind not in _LEAVING and held.isdisjoint(cfg.names[index]):
                    waiting += [(target, held, -1, kept) for target in dict.fromkeys(node.then)]
                    continue
            after = self._step(node, Aliases(scope, self.functions, held, yielding), kept)
            if after is not None:
                following, now, kept_now = after
                waiting += [(target, now, -1, kept_now) for target in following]
        return tuple(self.found)

    def handed_out(self, name: str, at: int) -> tuple[End, ...]:
        """The end of an object that a callee stored through the pointer parameter `name`."""
        names = self.function.parameters
        if name not in names:
            return ()
        return (End(Fate.OUTPUT, self.function, at, argument=names.index(name)),)

    def _end(self, fate: Fate, at: int, **more: object) -> End:
        end = End(fate, self.function, at, **more)  # type: ignore[arg-type]
        self.found.setdefault(end)
        return end

    def _step(
        self, node: Node, aliases: Aliases, kept: bool
    ) -> tuple[list[int], frozenset[str], bool] | None:
        """One node: where control goes, who holds the object then; None once it has an end."""
        for expr in node.expressions():
            for part in _in_order(expr):
                after = self._part(part, aliases)
                if after is None:
                    return None
                aliases, stored = after
                kept = kept or stored
        if node.kind is Kind.DECLARE and isinstance(node.statement, ir.Declare):
            aliases = self._declared(node.statement, aliases)
        if node.kind in _LEAVING:
            self._leave(node, aliases, kept)
            return None
        return self._following(node, aliases), aliases.names, kept

    def _following(self, node: Node, aliases: Aliases) -> list[int]:
        """The successors on which the object is there."""
        if node.kind is Kind.BRANCH and node.expr is not None:
            absent = aliases.absent(node.expr)
            if absent is not None:
                return [node.then[1 if absent else 0]]
        return list(dict.fromkeys(node.then))

    def _leave(self, node: Node, aliases: Aliases, kept: bool) -> None:
        """The function ends; what is stored by then is not the caller's to keep."""
        at = node.at if node.kind is Kind.RETURN else self.function.fact.end - 1
        if kept:
            return
        if node.expr is not None and aliases.hold(node.expr):
            self._end(Fate.RETURNED, at)
        elif self._cleaned(aliases):
            self._end(Fate.RELEASED, at)
        else:
            self._end(Fate.LEFT, at)

    def _cleaned(self, aliases: Aliases) -> bool:
        """A variable that holds the object releases it at the end of its scope."""
        return not self.callees.cleaned(self.function).isdisjoint(aliases.names)

    def _declared(self, statement: ir.Declare, aliases: Aliases) -> Aliases:
        names = aliases.names - {statement.name}
        if statement.value is not None and aliases.hold(statement.value):
            names = names | {statement.name}
        return replace(aliases, names=names)

    def _part(self, part: ir.Expr, aliases: Aliases) -> tuple[Aliases, bool] | None:
        """The effect of one subexpression, and whether it stores the object; None once released."""
        match part:
            case ir.Assign(op="="):
                return self._assigned(part, aliases)
            case ir.Call(callee=ir.Name(id=name)) if part.at != aliases.call:
                held = [n for n, argument in enumerate(part.args) if aliases.hold(argument)]
                if held:
                    return self._called(part, name, held, aliases)
        return aliases, False

    def _assigned(self, node: ir.Assign, aliases: Aliases) -> tuple[Aliases, bool]:
        held = aliases.hold(node.value)
        root = node.target
        while isinstance(root, ir.Member) and not root.arrow:
            root = root.object
        if isinstance(root, ir.Name) and self.scope.is_automatic(root.id):
            names = aliases.names | {root.id} if held else aliases.names
            if not held and root is node.target:
                names = aliases.names - {root.id}
            return replace(aliases, names=names), False
        if not held or root_of(node.target) in aliases.names:
            return aliases, False
        if isinstance(root, ir.Unary) and root.op == "*" and isinstance(root.operand, ir.Name):
            for end in self.handed_out(root.operand.id, node.at):
                self.found.setdefault(end)
                return aliases, True
        place = place_of(self.scope, self.functions, node.target)
        self._end(Fate.STORED, node.at, place=place, target=node.target)
        return aliases, True

    def _called(
        self, call: ir.Call, name: str, held: list[int], aliases: Aliases
    ) -> tuple[Aliases, bool] | None:
        if self._releases(name):
            self._end(Fate.RELEASED, call.at)
            return None
        if self._adopts(name, held):
            self._end(Fate.ADOPTED, call.at, target=call.args[0])
            return aliases, True
        place, target = self._kept_by(call, name, held)
        if target is not None:
            self._end(Fate.STORED, call.at, place=place, target=target)
            return aliases, True
        stored = False
        for callee in self.callees.targets(name, self.function):
            for argument in held:
                for end in self.callees.given(callee, argument, self.kind):
                    if end.fate in (Fate.RELEASED, Fate.STORED, Fate.ADOPTED):
                        frame = Call(self.function, callee, call.at)
                        self.found.setdefault(replace(end, frames=(frame, *end.frames)))
                        stored = stored or end.fate is not Fate.RELEASED
                        if end.fate is Fate.RELEASED:
                            return None
        return aliases, stored

    def _adopts(self, name: str, held: list[int]) -> bool:
        """`name` puts what it is handed on a device's list."""
        adopts = self.functions.adopts
        return name in adopts and position(adopts.names, name, 0) in held

    def _releases(self, name: str) -> bool:
        if self.kind == MEMORY:
            return name in self.functions.releases
        if self.kind == RESOURCE:
            return matches(self.functions.resources.gives_back, name)
        return matches(self.functions.lookups.drops_reference, name)

    def _kept_by(
        self, call: ir.Call, name: str, held: list[int]
    ) -> tuple[Place | None, ir.Expr | None]:
        """Where a catalogued function stores what it is handed: the place, and the object."""
        functions, args = self.functions, call.args
        if matches(functions.drvdata.setters, name) and 1 in held:
            return DRVDATA, args[0]
        for keeper in functions.keeper:
            if matches(keeper.setters, name) and keeper.value in held:
                return field_named(keeper.field), args[keeper.object]
        joins = functions.joins
        if matches(joins.names, name) and joins.node in held and len(args) > joins.head:
            place = place_of(self.scope, functions, args[joins.head])
            owner, member = (place.owner, place.name) if place is not None else ("", "")
            return Place("membership", owner, member), args[joins.head]
        return None, None


def _in_order(node: ir.Expr) -> Iterator[ir.Expr]:
    """Everything below `node`, operands first, then `node` itself."""
    for part in ir.parts(node):
        yield from _in_order(part)
    yield node
