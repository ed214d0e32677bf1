# SPDX-License-Identifier: GPL-2.0-only
"""What an expression, a node or a function writes: assignments, setters, initialisers, joins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from kscan.facts import ir
from kscan.flow import children, copied, ownmember
from kscan.flow.assigned import assigned_in
from kscan.flow.cfg import Node
from kscan.flow.constants import handed, prevents
from kscan.flow.depth import DEPTH, TOO_DEEP, Call
from kscan.flow.paths import addressed, root_name
from kscan.flow.places import RUNTIME_PM, Place, membership, place_of, ready_place, whole
from kscan.flow.postponed import postponed
from kscan.flow.stores import assignments
from kscan.flow.supplies import switch
from kscan.flow.targets import (
    HANDED,
    POINTED_TO,
    base_of,
    is_instance,
    meant,
    of_parameter,
    pointed_to,
)
from kscan.flow.written import Write, lasting, momentary
from kscan.kernel.catalogue import Catalogue
from kscan.kernel.names import matches, position
from kscan.program import macros
from kscan.program.calls import callee_of
from kscan.program.hooks import hooked
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of

MOST_WRITES = 3_000
"""Writes of one function that are told, those of what it calls too; 6.12 has 662."""
MOST_EXPANSIONS = 3_000
"""Macro calls of one function that are looked into, macros within macros too; 6.12 needs 564."""
LATER_DEPTH = 6
"""Calls followed below a function that is run later: what it sets up lies near."""
_TOO_MANY = f"of what it writes only the first {MOST_WRITES:,} are told"
_EXPANDED = f"of its macro calls only the first {MOST_EXPANSIONS:,} are looked into"
_HOPS = 3


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a function writes, as seen from so many calls below where the search began."""

    writes: tuple[Write, ...]
    momentary: frozenset[tuple[Place, int]]
    """What it takes back before it returns, by place and spot."""
    depth: int


@dataclass
class Writes:
    """Finds writes; remembers what each function writes."""

    program: Program
    catalogue: Catalogue
    belongs: Callable[[str], bool]
    """Whether a file is the driver's own."""
    registered: str = ""
    """The struct of what the driver registers."""
    later: bool = False
    """What a function has run later counts as well."""
    _whole: dict[Function, _Answer] = field(default_factory=dict)
    """Answers that no call was too deep for: they hold wherever less deep, too."""
    _cut: dict[tuple[Function, int, bool], _Answer] = field(default_factory=dict)
    """Those that lack what is too deep from there, and whether that goes without saying."""
    _cuts: int = 0
    """Calls so far that were too deep to be looked into."""
    _way: list[Function] = field(default_factory=list)
    """The functions that are looked into at the moment, each called by the one before."""
    _waiting: int = 0
    """How many of them are only told to run later."""
    _of_node: dict[tuple[Function, int], tuple[Write, ...]] = field(default_factory=dict)
    _expansions: Counter[Function] = field(default_factory=Counter)

    def of(self, function: Function, depth: int = 0) -> tuple[Write, ...]:
        """Everything `function` writes, directly and through the driver's own callees."""
        return self._answer(function, depth).writes

    def of_node(self, function: Function, node: Node) -> tuple[Write, ...]:
        """What one `node` of the control flow of `function` writes and that does not take back."""
        key = (function, node.index)
        if key not in self._of_node:
            taken = self._answer(function, 0).momentary
            found = (w for expr in node.expressions() for w in self.within(function, expr))
            self._of_node[key] = tuple(
                w for w in found if not w.off and (w.place, w.spot) not in taken
            )
        return self._of_node[key]

    def _answer(self, function: Function, depth: int) -> _Answer:
        known = self._whole.get(function)
        if known is not None and depth <= known.depth:
            return known
        key = function, depth, self._waiting > 0
        known = self._cut.get(key)
        if known is not None:
            self._cuts += 1
            return known
        before = self._cuts
        self._way.append(function)
        found = self._found(function, depth)
        self._way.pop()
        if self._cuts == before:
            self._whole[function] = found
        else:
            self._cut[key] = found
        return found

    def _found(self, function: Function, depth: int) -> _Answer:
        self._expansions[function] = 0
        rows: list[tuple[ir.Stmt, list[Write]]] = []
        left = MOST_WRITES
        for statement in self.program.body(function).statements:
            rows.append((statement, [*islice(self._stated(function, statement, depth), left)]))
            left -= len(rows[-1][1])
        if not left:
            self.program.cut(function, _TOO_MANY)
        found = [write for writes in lasting(rows) for write in writes]
        taken = momentary(found)
        kept = tuple(w for w in found if (w.place, w.spot) not in taken)
        return _Answer(kept, taken, depth)

    def _stated(self, function: Function, statement: ir.Stmt, depth: int) -> Iterator[Write]:
        for expr in ir.expressions(statement):
            yield from self.within(function, expr, depth)

    def directly(self, function: Function, expr: ir.Expr) -> Iterator[Write]:
        """What evaluating `expr` in `function` writes, whatever the functions do that it calls."""
        return self.within(function, expr, DEPTH)

    def within(self, function: Function, expr: ir.Expr, depth: int = 0) -> Iterator[Write]:
        """What evaluating `expr` in `function` writes."""
        scope = scope_of(self.program, function)
        for node in ir.walk(expr):
            if isinstance(node, ir.Assign):
                yield from self._assigned(scope, node.target, node)
            elif isinstance(node, ir.Unary) and node.op in ("++", "--"):
                yield from self._assigned(scope, node.operand, node)
            elif isinstance(node, ir.Call) and node.name:
                yield from self._called(scope, node, node.name, depth)
            elif isinstance(node, ir.Call) and self._goes_below(depth):
                yield from self._hooked(scope, node, depth)

    def _assigned(
        self, scope: Scope, target: ir.Expr, node: ir.Assign | ir.Unary
    ) -> Iterator[Write]:
        value = node.value if isinstance(node, ir.Assign) else None
        target = meant(scope, self.catalogue.functions, target)
        kind = scope.type_of(target)
        if kind.tag and not (kind.ptr or kind.array or is_instance(value)):
            if not copied.is_told(value):
                yield Write(whole(kind.tag), scope.function, node.at, base_of(target))
            yield from self._copied(scope, target, node)
        place = place_of(scope, self.catalogue.functions, target) or pointed_to(scope, target)
        if place is None:
            return
        element = isinstance(target, ir.Index) and scope.type_of(target.object).array
        known = assigned_in(self.program, scope.function)
        partial = isinstance(target, ir.Index) or known.rests_on(target, value)
        base = base_of(target)
        yield Write(place, scope.function, node.at, base, value, (), target, partial, element)

    def _copied(self, scope: Scope, target: ir.Expr, node: ir.Assign | ir.Unary) -> Iterator[Write]:
        """The members that the assignment of a struct is seen to set."""
        if isinstance(node, ir.Assign):
            body = self.program.body(scope.function)
            for store in copied.members(body, target, node.value, node.at):
                yield from self._assigned(scope, store.target, store)

    def _called(self, scope: Scope, call: ir.Call, name: str, depth: int) -> Iterator[Write]:
        functions = self.catalogue.functions
        stores = assignments(functions, call, name)
        if stores:
            for store in stores:
                yield from self._assigned(scope, store.target, store)
            yield from self._prepared(scope, call, name)
            return
        if matches(functions.drvdata.setters, name) and len(call.args) > 1:
            own = ownmember.stored(scope, functions, call, name)
            if own is not None:
                yield from self._assigned(scope, own.target, own)
                return
            place = ownmember.place(scope, call.args[0], self.registered)
            yield Write(place, scope.function, call.at, call.args[0], call.args[1])
            return
        if name in functions.runtime_pm.enablers and call.args:
            yield Write(RUNTIME_PM, scope.function, call.at, call.args[0])
            return
        yield from self._prepared(scope, call, name)
        yield from self._put(scope, call, name)
        yield from self._handed_out(scope, call, name)
        yield from self._postponed(scope, call, depth)
        if name in functions.populates and self._goes_below(depth):
            yield from self._populated(scope, call, functions.populates.position(name), depth)
        elif not self.catalogue.stops_at(name) and self._goes_below(depth):
            yield from self._callee(scope, call, name, depth)

    def _goes_below(self, depth: int) -> bool:
        """Calls from there are looked into; notes where they are not.

        What is cut off of functions that call one another in a circle was seen before.
        """
        if depth < DEPTH:
            return True
        self._cuts += 1
        if self._way and not self._waiting and len(set(self._way)) == len(self._way):
            self.program.cut(self._way[0], TOO_DEEP)
        return False

    def _prepared(self, scope: Scope, call: ir.Call, name: str) -> Iterator[Write]:
        found = switch(scope, self.catalogue.functions, call, name)
        if found is not None:
            base = base_of(found.target)
            yield Write(
                found.place, scope.function, call.at, base, target=found.target, off=not found.on
            )
        for entry in self.catalogue.functions.initialiser:
            at = position(entry.makers, name, entry.argument)
            if not matches(entry.makers, name) or at >= len(call.args):
                continue
            inner = addressed(call.args[at])
            place = place_of(scope, self.catalogue.functions, inner)
            if place is not None:
                ready = ready_place(place, entry.kind)
                base = base_of(inner)
                yield Write(ready, scope.function, call.at, base, None, (), inner)

    def _put(self, scope: Scope, call: ir.Call, name: str) -> Iterator[Write]:
        """What `call` puts on a list, into a tree, or under a key."""
        functions = self.catalogue.functions
        if matches(functions.joins.names, name):
            yield from self._joined(scope, call, functions.joins.node, functions.joins.head)
        elif name in functions.hangs:
            yield from self._joined(scope, call, 0, 1)
        elif name in functions.keyed:
            yield from self._joined(scope, call, functions.keyed.position(name), 0)

    def _joined(self, scope: Scope, call: ir.Call, node_at: int, head_at: int) -> Iterator[Write]:
        if max(node_at, head_at) >= len(call.args):
            return
        node, head = addressed(call.args[node_at]), addressed(call.args[head_at])
        place = place_of(scope, self.catalogue.functions, head)
        joined = membership(place) if place is not None else of_parameter(scope, head, HANDED)
        if joined is not None:
            yield Write(joined, scope.function, call.at, base_of(node), None, (), head)

    def _handed_out(self, scope: Scope, call: ir.Call, name: str) -> Iterator[Write]:
        functions = self.catalogue.functions
        if name in functions.clears and _is_zero_at(call, functions.clears.position(name)):
            return
        fills_in = functions.fills_in
        filled = fills_in.position(name) if name in fills_in else -1
        for at, argument in enumerate(call.args):
            if isinstance(argument, ir.Unary) and argument.op == "&":
                place = place_of(scope, functions, argument.operand)
                if place is not None and place.kind in ("field", "global"):
                    base = base_of(argument.operand)
                    yield Write(place, scope.function, call.at, base, partial=at != filled)

    def _callee(self, scope: Scope, call: ir.Call, name: str, depth: int) -> Iterator[Write]:
        expanded = macros.expanded(self.program, scope.function.path, call)
        if expanded is not None:
            self._expansions[scope.function] += 1
            if self._expansions[scope.function] < MOST_EXPANSIONS:
                yield from self.within(scope.function, expanded, depth + 1)
            else:
                self.program.cut(scope.function, _EXPANDED)
            return
        for target in self.program.resolve_within(name, scope.function.path, self.belongs)[:1]:
            yield from self._within_callee(scope, call, target, depth)

    def _hooked(self, scope: Scope, call: ir.Call, depth: int) -> Iterator[Write]:
        """What a call through a member writes, where the driver has one function for it."""
        site = callee_of(scope, call)
        if site is not None and site.slot is not None:
            target = hooked(self.program, site.slot, scope.function.path, self.belongs)
            if target is not None:
                yield from self._within_callee(scope, call, target, depth)

    def _postponed(self, scope: Scope, call: ir.Call, depth: int) -> list[Write]:
        """What is written by functions that `call` has run later."""
        found: list[Write] = []
        if not self.later or depth >= DEPTH:
            return found
        for run in postponed(self.program, self.catalogue.functions, scope.function, call):
            later = not run.is_awaited
            near = max(depth, DEPTH - LATER_DEPTH) if later else depth
            frame = Call(scope.function, run.function, call.at, later, run.for_devices)
            self._waiting += later
            found += self._within_callee(scope, run.call, run.function, near, frame)
            self._waiting -= later
        return found

    def _within_callee(
        self, scope: Scope, call: ir.Call, target: Function, depth: int, frame: Call | None = None
    ) -> Iterator[Write]:
        frame = frame or Call(scope.function, target, call.at)
        known = handed(self.program, target, call, {})
        for write in self.of(target, depth + 1) if target != scope.function else ():
            if write.passes(scope.function):
                continue  # a call that comes back shows nothing new
            if known and prevents(self.program, target, known, write):
                continue
            if write.place.kind in (POINTED_TO, HANDED):
                yield from self._through(scope, write, target, call, frame)
            else:
                yield self._seen_from(write, target, call, frame)

    def _through(
        self, scope: Scope, write: Write, target: Function, call: ir.Call, frame: Call
    ) -> Iterator[Write]:
        """What a callee stores through the pointer, or puts on the list, that it is given."""
        given, kind = target.given(call).get(write.place.name), write.place.kind
        if given is None:
            return
        place = of_parameter(scope, given, kind)
        if place is None and (kind == HANDED or isinstance(given, ir.Unary)):
            place = place_of(scope, self.catalogue.functions, addressed(given))
            place = membership(place) if place is not None and kind == HANDED else place
        if place is not None:
            seen = self._seen_from(write, target, call, frame)
            base = seen.base if kind == HANDED else base_of(addressed(given))
            yield replace(seen, place=place, base=base, target=None)

    def _populated(self, scope: Scope, call: ir.Call, at: int, depth: int) -> Iterator[Write]:
        """What drivers of the devices below write that belongs to the one above, argument `at`."""
        for probe in children.probes(self.program, scope.function.path):
            if probe != scope.function and at < len(call.args):
                frame = Call(scope.function, probe, call.at)
                writes = self.of(probe, depth + 1)
                yield from children.lifted(writes, call.args[at], frame, self._from_above)

    def _from_above(self, function: Function, base: ir.Expr | None) -> ir.Expr | None:
        """`base` in `function`, as far back as its locals tell."""
        return self._traced(function, base, lambda root: self._origin(function, root) is None)

    def _seen_from(self, write: Write, target: Function, call: ir.Call, frame: Call) -> Write:
        """`write` of callee `target` in terms of its caller."""
        given = target.given(call)
        scope = scope_of(self.program, target)
        base = self._traced(
            target, write.base, lambda root: root in given or _is_anywhere(scope, root)
        )
        root = root_name(base)
        is_local = root == root_name(write.base) and root not in given
        if base is None or (is_local and not _is_anywhere(scope, root)):
            base = None
        else:
            base = macros.substituted(base, given, call.at)
        value = write.value
        handed = given.get(value.id) if isinstance(value, ir.Name) else None
        if isinstance(handed, ir.Const) and handed.is_zero:
            value = handed
        return replace(write, base=base, value=value, frames=(frame, *write.frames))

    def _traced(
        self, function: Function, base: ir.Expr | None, ends: Callable[[str], bool]
    ) -> ir.Expr | None:
        """`base` from where the local that it starts from is set, and so on, until it `ends`."""
        for _ in range(_HOPS):
            root = root_name(base)
            if base is None or ends(root):
                break
            origin = self._origin(function, root)
            base = macros.substituted(base, {root: origin}, base.at) if origin else None
        return base

    def _origin(self, function: Function, name: str) -> ir.Expr | None:
        """What the local `name` of `function` is set from; None for a new object or unknown."""
        values = assigned_in(self.program, function).values(name)
        if len(values) != 1 or self._is_fresh(values[0]):
            return None
        return values[0]

    def _is_fresh(self, value: ir.Expr) -> bool:
        return isinstance(value, ir.Call) and value.name in self.catalogue.functions.fresh


def _is_anywhere(scope: Scope, name: str) -> bool:
    """`name` is an object of the file or of the program: every function means the same."""
    return bool(name) and not scope.is_automatic(name)


def _is_zero_at(call: ir.Call, at: int) -> bool:
    """The argument at `at` is a plain zero."""
    return any(isinstance(one, ir.Const) and one.is_zero for one in call.args[at : at + 1])
