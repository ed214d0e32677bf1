# SPDX-License-Identifier: GPL-2.0-only
"""The cure of a leaked reference: it is put where the object is needed no longer.

That is behind the last use where every way out comes after it, else before each way out on which
the reference is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from kscan.facts import ir
from kscan.facts.layout import Layout, Statement, layout
from kscan.fixes.edits import Edits, Refused, unified
from kscan.flow.aliases import Aliases
from kscan.flow.cfg import Cfg, Kind, flow_of
from kscan.flow.fates import REFERENCE, Fate, Owned
from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.kernel.fixes import mending
from kscan.kernel.names import matches
from kscan.model import Finding, Fix
from kscan.program.program import Function
from kscan.program.types import scope_of

_MOST_EXITS = 50
"""Ways out before which one patch puts a reference."""


def cure(case: Case, finding: Finding) -> Fix | None:
    """How to mend a finding about a reference; None for any other."""
    if finding.subject is None or finding.subject.kind != REFERENCE:
        return None
    place = finding.primary
    for function in case.program.named(place.path, place.function):
        owned = _owned(case, function, finding)
        if owned is not None:
            return _fix(case, owned)
    return None


def _owned(case: Case, function: Function, finding: Finding) -> Owned | None:
    evidence = Evidence(case.program, case.window)
    for owned in case.lifetimes(function.path).of(function):
        own = owned.acquired.kind == REFERENCE and owned.function == owned.acquired.function
        if own and evidence.location(function, owned.at) == finding.primary:
            return owned
    return None


def _fix(case: Case, owned: Owned) -> Fix:
    wanted = f"Put the reference that {owned.acquired.name}() takes, on every way out"
    try:
        return Fix(f"{wanted}.", _Put.of(case, owned).patch())
    except Refused as why:
        return Fix(f"{wanted}; kscan writes no patch, because {why}.")


@dataclass
class _Put:
    case: Case
    owned: Owned
    edits: Edits
    statements: Layout

    @classmethod
    def of(cls, case: Case, owned: Owned) -> _Put:
        source = case.program.reader.tree.read(owned.function.path)
        found = layout(source, owned.function.fact)
        if found is None:
            raise Refused(f"{owned.function.name}() is not understood well enough")
        return cls(case, owned, Edits(source), found)

    def patch(self) -> str:
        """The diff; raises `Refused`."""
        exits = self._exits()
        last = self._last_use(exits)
        if last is not None:
            self._behind(last)
        else:
            for statement in exits:
                self._before(statement)
        return unified(self.owned.function.path, self.edits.source, self.edits.result())

    # The object

    @cached_property
    def _body(self) -> ir.Body:
        return self.case.program.body(self.owned.function)

    @cached_property
    def _variable(self) -> str:
        """The local that the look-up is assigned to, and that keeps it."""
        for declaration in ir.declarations(self._body.statements):
            if declaration.value is not None and declaration.value.at == self.owned.at:
                return self._kept(declaration.name, 0)
        for node in self._body.nodes:
            match node:
                case ir.Assign(op="=", target=ir.Name(id=name), value=ir.Call(at=at)) if (
                    at == self.owned.at
                ):
                    return self._kept(name, 1)
        raise Refused("what the look-up yields is kept in no variable of its own")

    def _kept(self, name: str, times: int) -> str:
        assigned = [
            node
            for node in self._body.nodes
            if isinstance(node, ir.Assign) and node.target == ir.Name(name, node.target.at)
        ]
        if len(assigned) != times:
            raise Refused(f"`{name}` is assigned more than once")
        return name

    def _statement(self, tested: bool) -> bytes:
        """``put_device(&pdev->dev);``, behind a test where the pointer may be NULL.

        As the function puts it elsewhere, where it does: ``platform_device_put(pdev);``.
        """
        put, name = mending().put, self._variable
        own = self._own_put()
        if own:
            return f"{own}({name});".encode()
        scope = scope_of(self.case.program, self.owned.function)
        kind = scope.type_of(ir.Name(name, 0))
        inner = scope.field_type(scope.tag(kind), put.member)
        if scope.tag(kind) == put.device:
            return f"{put.function}({name});".encode()
        if scope.tag(inner) != put.device or inner.ptr:
            raise Refused(f"how a reference to `{name}` is put is not known")
        text = f"{put.function}(&{name}->{put.member});"
        return (f"if ({name})\n\t{text}" if tested else text).encode()

    def _own_put(self) -> str:
        """What the function hands the variable itself to, to put the reference."""
        puts = self.case.catalogue.functions.lookups.drops_reference
        for node in self._body.nodes:
            match node:
                case ir.Call(callee=ir.Name(id=put), args=(ir.Name(id=name), *_)):
                    if name == self._variable and matches(puts, put):
                        return put
        return ""

    # Where it is put

    def _exits(self) -> list[Statement]:
        """The ``return`` statements on which the reference is left, in source order."""
        found: dict[int, Statement] = {}
        left = self.owned.fates(Fate.LEFT)
        if len(left) > _MOST_EXITS:
            raise Refused(f"{len(left)} ways out would need it")
        for end in left:
            statement = self.statements.innermost(end.at)
            if statement is None or statement.kind != "return":
                raise Refused("the function ends without a return statement")
            if any(self._names(statement)):
                raise Refused(f"line {self._line(statement.start)} returns what it still needs")
            found[statement.start] = statement
        if any(end.function != self.owned.function for end in self.owned.ends):
            raise Refused("a function called does more with it")
        return [found[start] for start in sorted(found)]

    def _names(self, statement: Statement) -> Iterator[ir.Name]:
        """Uses of the variable in `statement`."""
        return (node for node in self._uses if statement.holds(node.at))

    @cached_property
    def _uses(self) -> tuple[ir.Name, ...]:
        """Uses of the variable."""
        return tuple(
            node
            for node in self._body.nodes
            if isinstance(node, ir.Name) and node.id == self._variable
        )

    def _last_use(self, exits: list[Statement]) -> Statement | None:
        """The last statement that uses the object, where all of `exits` come after it."""
        using = [s for s in self.statements.body.statements if any(self._names(s))]
        if not using or len(self.owned.ends) != len(self.owned.fates(Fate.LEFT)):
            return None
        last = using[-1]
        after = all(statement.start > last.end for statement in exits)
        plain = last.kind in ("expression", "declaration") and not last.holds(self.owned.at)
        return last if after and plain else None

    def _behind(self, statement: Statement) -> None:
        """Puts the reference behind `statement`, and behind the declarations that go on there."""
        text, last = self.edits.indent(statement.start) + self._statement(False) + b"\n", statement
        if statement.kind == "declaration":
            following = [s for s in self.statements.body.statements if s.start > statement.start]
            last = [statement, *takewhile(lambda s: s.kind == "declaration", following)][-1]
            text = b"\n" + text
        self.edits.insert(self.edits.line_end(last.end - 1), text)

    def _before(self, statement: Statement) -> None:
        """Puts the reference before `statement`, in braces where it stands alone."""
        node = self._cfg.containing(self._inside(statement))
        if node is None or node.index in self._elsewhere:
            line = self._line(statement.start)
            raise Refused(f"line {line} is reached without the look-up, too")
        tested = node.index in self._without
        indent = self.edits.indent(statement.start)
        lines = [indent + line for line in self._statement(tested).split(b"\n")]
        self.edits.insert(self.edits.line_start(statement.start), b"\n".join(lines) + b"\n")
        self._embrace(statement)

    def _embrace(self, statement: Statement) -> None:
        for owner in self.statements.statements:
            for block in owner.blocks:
                if block.statements == (statement,) and not block.braced:
                    if owner.kind != "if" or len(owner.blocks) != 1:
                        raise Refused("a way out stands in a branch without braces")
                    self.edits.insert(owner.condition[1] + 1, b" {")
                    end = self.edits.line_end(statement.end - 1)
                    self.edits.insert(end, self.edits.indent(owner.start) + b"}\n")

    # What control flow says

    @cached_property
    def _cfg(self) -> Cfg:
        return flow_of(self.case.program, self.owned.function)

    def _inside(self, statement: Statement) -> int:
        for node in self._cfg.nodes:
            if node.kind is Kind.RETURN and statement.holds(node.at):
                return node.at
        return statement.start

    def _reached(self, start: int, *, without: bool = False) -> frozenset[int]:
        """Nodes that control reaches from `start`; `without` passing the look-up."""
        lookup = self._cfg.containing(self.owned.at)
        seen, waiting = {start}, [start]
        while waiting:
            node = self._cfg.nodes[waiting.pop()]
            if without and lookup is not None and node.index == lookup.index:
                continue
            waiting += [index for index in node.then if index not in seen]
            seen.update(node.then)
        return frozenset(seen)

    @cached_property
    def _elsewhere(self) -> frozenset[int]:
        """Nodes that control reaches past the look-up."""
        return self._reached(self._cfg.nodes[0].index, without=True)

    @cached_property
    def _without(self) -> frozenset[int]:
        """Nodes that control reaches where the look-up has found nothing."""
        scope = scope_of(self.case.program, self.owned.function)
        aliases = Aliases(scope, self.case.catalogue.functions, frozenset({self._variable}))
        found: frozenset[int] = frozenset()
        for node in self._cfg.nodes:
            if node.kind is Kind.BRANCH and node.expr is not None:
                absent = aliases.absent(node.expr)
                if absent is not None:
                    found |= self._reached(node.then[0 if absent else 1])
        return found

    def _line(self, at: int) -> int:
        return self.edits.source.count(b"\n", 0, at) + 1
