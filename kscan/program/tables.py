# SPDX-License-Identifier: GPL-2.0-only
"""Ops tables of a program: who fills a slot, and what one table holds."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kscan.facts.unit import GlobalFact, InvocationFact, SlotFact
from kscan.model import Confidence
from kscan.program.calls import Slot
from kscan.program.filled import filled, filling
from kscan.program.program import Function, Program

_MOST_HOPS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A function in a slot of a table."""

    slot: Slot
    function: Function
    variable: str
    """The table's name; empty for an anonymous one."""
    line: int
    path: str
    confidence: Confidence = Confidence.HIGH
    via: str = ""
    """The field of the first table that led to this one."""


@dataclass
class Tables:
    """The table entries of some files."""

    program: Program
    paths: tuple[str, ...]
    _known: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def implementers(self, slot: Slot) -> tuple[Entry, ...]:
        """The entries of `slot`; where either type stays unknown, by field name alone."""
        if slot.field not in self._known:
            self._known[slot.field] = tuple(self._filling(slot.field))
        return tuple(
            entry
            for entry in self._known[slot.field]
            if not (slot.tag and entry.slot.tag) or slot.tag == entry.slot.tag
        )

    def _filling(self, name: str) -> Iterator[Entry]:
        self.program.reader.load(self.paths)
        for path in self.paths:
            for fact in filling(self.program, path, name):
                yield from self._made(path, fact)

    def _made(self, path: str, fact: SlotFact) -> Iterator[Entry]:
        slot = slot_of(self.program, path, fact)
        for name in fact.values:
            if self.program.own_variable(name, path) is not None:
                continue
            for function in self.program.resolve(name, path)[:1]:
                sure = Confidence.HIGH if slot.tag else Confidence.LOW
                yield Entry(slot, function, fact.variable, fact.line, path, sure)


def slot_of(program: Program, path: str, fact: SlotFact) -> Slot:
    """The slot a table entry fills: the innermost struct around it that is known."""
    if fact.inner:
        literal, _, depth = fact.inner.partition("#")
        owner, fields = literal, fact.fields[len(fact.fields) - int(depth or 0) :]
    else:
        owner, fields = fact.owner, fact.fields
    tag = _tag(program, path, owner) if owner else _assigned_tag(program, path, fact.variable)
    for name in fields[:-1]:
        kind = program.field_type(tag, name, path) if tag else None
        tag = kind.tag if kind is not None else ""
    return Slot(tag, fields[-1] if fields else "")


def _tag(program: Program, path: str, base: str) -> str:
    kind, _, tag = base.partition(" ")
    if kind in ("struct", "union"):
        return tag
    alias = program.typedef(base, path) if base else None
    return alias.type.tag if alias is not None else ""


def _assigned_tag(program: Program, path: str, variable: str) -> str:
    """The struct of the object that an assignment fills: one of the file, and no pointer."""
    known = program.own_variable(variable, path) if variable else None
    return known.type.tag if known is not None and not known.type.ptr else ""


def table_entries(
    program: Program, path: str, variable: str, through: Iterable[str], hops: int = 0, via: str = ""
) -> Iterator[Entry]:
    """The entries of the table `variable` as `path` sees it, and of the tables it leads to."""
    place = home(program, path, variable)
    if place is None or hops > _MOST_HOPS:
        return
    wanted = frozenset(through)
    for fact in _entries(program, place, variable):
        slot = slot_of(program, place, fact)
        for name in fact.values:
            if home(program, place, name) is not None:
                if fact.fields[-1] in wanted or (hops and fact.fields[-1] == "ops"):
                    first = via or fact.fields[-1]
                    yield from table_entries(program, place, name, wanted, hops + 1, first)
                continue
            for function in program.resolve(name, place)[:1]:
                yield Entry(slot, function, variable, fact.line, place, via=via)


def foreign_members(
    program: Program, path: str, variable: str, tags: Iterable[str]
) -> tuple[str, ...]:
    """Members that the table `variable` of `path` fills and that the structs `tags` lack here.

    Such a table is written for another version of the kernel.
    """
    facts = _entries(program, path, variable)
    wanted = frozenset(tags)
    return tuple(
        slot.field
        for slot in dict.fromkeys(slot_of(program, path, fact) for fact in facts)
        if slot.tag in wanted and program.field_type(slot.tag, slot.field, path) is None
    )


def unread_macros(program: Program, path: str, variable: str) -> tuple[str, ...]:
    """Macros in the table `variable`, which `path` defines, that may fill nobody knows what."""
    found = (m for m in filled(program, path).unread if m.variable == variable)
    return tuple(dict.fromkeys(m.macro for m in found if not _is_value(program, path, m)))


def _is_value(program: Program, path: str, invocation: InvocationFact) -> bool:
    """What looks like a macro is an object or a function: a value by its position."""
    name = invocation.macro
    return invocation.arguments is None and bool(
        program.variable(name, path) or program.resolve(name, path)
    )


def _entries(program: Program, path: str, variable: str) -> list[SlotFact]:
    """What the table `variable` of `path` holds.

    Of several definitions, as ``#if`` tells apart, those that fill members which the struct
    lacks are meant for other kernels.
    """
    facts = [f for f in filled(program, path).by_table.get(variable, ()) if f.fields]
    starts = [one.line for one in program.unit(path).globals if _defines(one, variable)]
    if len(starts) < 2:
        return facts
    strange = {bisect(starts, f.line) for f in facts if not _has_member(program, path, f)}
    fitting = [f for f in facts if bisect(starts, f.line) not in strange]
    return fitting or facts


def _defines(fact: GlobalFact, variable: str) -> bool:
    return fact.name == variable and fact.initialised and not fact.extern


def _has_member(program: Program, path: str, fact: SlotFact) -> bool:
    """The struct has the member that `fact` fills, or is not known here."""
    slot = slot_of(program, path, fact)
    return (
        program.record(slot.tag, path) is None
        or program.field_type(slot.tag, slot.field, path) is not None
    )


def home(program: Program, path: str, variable: str) -> str | None:
    """The file that defines the object `variable` which `path` sees; None when not found."""
    if program.holds(path, variable):
        return path
    if program.variable(variable, path) is None:
        return None
    word = variable.encode()
    return next(
        (
            other
            for other in program.siblings(path)
            if program.reader.names(other, word) and program.holds(other, variable)
        ),
        None,
    )
