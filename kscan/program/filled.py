# SPDX-License-Identifier: GPL-2.0-only
"""The table entries of a file: those it spells, and those that macros in its tables stand for.

An entry that a macro makes stands where the macro does: on the line of the table, which is
where its reader looks.  Of a macro that is defined several times the definition counts that
`kscan.program.program.Program.macro` gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname, join
from typing import TypeVar

import msgspec

from kscan.facts.spelled import NAME, Spelled, initialised
from kscan.facts.unit import InvocationFact, SlotFact
from kscan.program import invoked
from kscan.program.brought import brought
from kscan.program.program import Program

MOST_TEXT = 4 << 20
"""Bytes that the macros in one file's tables may stand for; a sound codec of 7.3 needs 1.2 M."""
_LEAST = 100
"""Bytes that a text counts for beside its own."""
_DEEPEST = 32
"""Macros within macros."""

_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"|(?<![.\w])([A-Za-z_])')
_NAME = re.compile(r"\w+")
_Fact = TypeVar("_Fact", SlotFact, InvocationFact)


@dataclass(frozen=True)
class Filled:
    """What the tables of a file hold."""

    slots: tuple[SlotFact, ...]
    unread: tuple[InvocationFact, ...]
    """Macros among entries of which it is not known what they stand for."""

    @cached_property
    def by_table(self) -> dict[str, tuple[SlotFact, ...]]:
        """The entries of each object."""
        return _grouped((fact.variable, fact) for fact in self.slots)

    @cached_property
    def by_word(self) -> dict[str, tuple[SlotFact, ...]]:
        """The entries by each word that they name or fill."""
        return _by_word(self.slots)


@dataclass(frozen=True)
class _Spelled:
    """What the tables of a file hold as far as no macro needs to be read for it."""

    by_word: dict[str, tuple[SlotFact, ...]]
    brought: frozenset[str] | None
    """What macros in them may name; None where that is anything."""


def _by_word(facts: Iterable[SlotFact]) -> dict[str, tuple[SlotFact, ...]]:
    return _grouped((w, f) for f in facts for w in dict.fromkeys((*f.values, *f.fields[-1:])))


def _grouped(pairs: Iterable[tuple[str, SlotFact]]) -> dict[str, tuple[SlotFact, ...]]:
    found: dict[str, list[SlotFact]] = {}
    for name, fact in pairs:
        found.setdefault(name, []).append(fact)
    return {name: tuple(facts) for name, facts in found.items()}


def slot_facts(program: Program, path: str) -> tuple[SlotFact, ...]:
    """Every table entry of `path`, those that macros make last."""
    return filled(program, path).slots


def filled(program: Program, path: str) -> Filled:
    """What the tables of `path` hold; remembered with the program."""
    known: Filled | None = program.filled.get(path)
    if known is None:
        known = program.filled[path] = _filled(program, path)
    return known


def holding(program: Program, path: str, name: str) -> list[SlotFact]:
    """The table entries of `path` that name the function or object `name`."""
    return [fact for fact in _naming(program, path, name) if name in fact.values]


def filling(program: Program, path: str, member: str) -> list[SlotFact]:
    """The table entries of `path` that fill something called `member`."""
    return [fact for fact in _naming(program, path, member) if fact.fields[-1:] == (member,)]


def _naming(program: Program, path: str, word: str) -> tuple[SlotFact, ...]:
    """The table entries of `path` that have `word`; macros are read only where one may bring it."""
    known: Filled | _Spelled | None = program.filled.get(path)
    if known is None:
        known = program.spelled.get(path)
        if known is None:
            known = program.spelled[path] = _spelled_in(program, path)
        if known.brought is None or word in known.brought:
            known = filled(program, path)
    return known.by_word.get(word, ())


def _spelled_in(program: Program, path: str) -> _Spelled:
    own = frozenset(_own_macros(program, path))
    invocations = _invocations(program, path, own)
    return _Spelled(_by_word(program.unit(path).slots), brought(program, path, invocations, own))


def _filled(program: Program, path: str) -> Filled:
    reading = _Reading(program, path)
    own = frozenset(_own_macros(program, path))
    facts = reading.settled(program.unit(path).slots, _invocations(program, path, own))
    return Filled(tuple(facts), tuple(dict.fromkeys(reading.unread)))


def _invocations(program: Program, path: str, own: frozenset[str]) -> tuple[InvocationFact, ...]:
    """The macros in the tables of `path`, which has the macros `own`."""
    unit = program.unit(path)
    return (*unit.invocations, *_values(unit.slots, own.__contains__))


def _held(fact: SlotFact) -> object:
    """What two entries that say the same have in common."""
    return fact.owner, fact.variable, fact.fields, fact.values, fact.inner


def _guess(invocation: InvocationFact) -> object:
    """The entry that `kscan.facts.tables` makes of a call: its last argument is the value."""
    words = _NAME.findall(invocation.arguments[-1]) if invocation.arguments else []
    place = invocation.owner, invocation.variable, invocation.fields
    return *place, tuple(words[-1:]), invocation.inner


def _values(facts: Iterable[SlotFact], is_macro: Callable[[str], bool]) -> Iterator[InvocationFact]:
    """Entries whose value is the name of a macro: ``.pm = FOO_PM_OPS``."""
    for fact in facts:
        for name in fact.values if fact.fields and (fact.owner or fact.inner) else ():
            if is_macro(name):
                yield InvocationFact(
                    fact.owner, fact.variable, fact.fields, name, None, fact.line, fact.inner, True
                )


def _own_macros(program: Program, path: str) -> Iterator[str]:
    """The macros of `path`, and of headers beside it: as values, those of others are constants."""
    unit, reader = program.unit(path), program.reader
    yield from (macro.name for macro in unit.macros)
    for header in (join(dirname(path), name) for name in unit.includes):
        if reader.tree.exists(header):
            yield from reader.defines(header).names


@dataclass
class _Reading:
    """Reads what macros of one file stand for."""

    program: Program
    path: str
    unread: list[InvocationFact] = field(default_factory=list)
    left: int = MOST_TEXT

    def settled(
        self,
        facts: Iterable[SlotFact],
        invocations: Iterable[InvocationFact],
        outer: frozenset[str] = frozenset(),
    ) -> list[SlotFact]:
        """`facts`, and what the `invocations` beside them in the macros `outer` stand for.

        A value that was guessed goes where its macro says another.
        """
        made: dict[object, SlotFact] = {}
        guessed: set[object] = set()
        for invocation in invocations:
            found = self._read(invocation, outer)
            for fact in found:
                made.setdefault(_held(fact), fact)
            if found:
                guessed.add(_guess(invocation))
        kept = [fact for fact in facts if _held(fact) not in guessed - made.keys()]
        known = set(map(_held, kept))
        return [*kept, *(fact for held, fact in made.items() if held not in known)]

    def _read(self, invocation: InvocationFact, outer: frozenset[str]) -> list[SlotFact]:
        """The entries that `invocation`, in the macros `outer`, stands for."""
        text = self._text(invocation, outer)
        if text is not None and not any(word[1] for word in _WORD.finditer(text)):
            return []
        known = self._initialised(_spelled(invocation, text)) if text is not None else None
        if known is None:
            self._leave(invocation)
            return []
        facts = [_placed(invocation, fact) for fact in known[0]]
        inner = [_placed(invocation, one) for one in known[1]]
        inner += _values(facts, self._is_macro)
        return self.settled(facts, inner, outer | {invocation.macro})

    def _initialised(self, text: str) -> Spelled | None:
        """What the initialiser `text` holds; None where it does not parse, or is too much."""
        self.left -= len(text) + _LEAST
        return initialised(text) if self.left > 0 else None

    def _is_macro(self, name: str) -> bool:
        return self.program.macro(name, self.path) is not None

    def _text(self, invocation: InvocationFact, outer: frozenset[str]) -> str | None:
        """What the macro of `invocation` stands for; None where that is not known."""
        if invocation.macro in outer or len(outer) >= _DEEPEST:
            return None
        macro = self.program.macro(invocation.macro, self.path)
        return None if macro is None else invoked.text_of(macro, invocation.arguments)

    def _leave(self, invocation: InvocationFact) -> None:
        """Notes a macro that may fill members nobody knows of; a member's value is one at most."""
        if not (invocation.whole and invocation.fields):
            self.unread.append(invocation)


def _spelled(invocation: InvocationFact, text: str) -> str:
    """`text` as an initialiser of the struct that `invocation` stands in.

    Indented, because a brace in column 0 ends a definition.
    """
    text = text.replace("\n", "\n\t")
    if not invocation.whole:
        return f"{{\n\t{text}\n}}"
    return f"{{ .{invocation.fields[-1]} = {text} }}" if invocation.fields else text


def _placed(invocation: InvocationFact, fact: _Fact) -> _Fact:
    """`fact`, read in what `invocation` stands for, as one of the table it stands in."""
    if fact.variable != NAME:
        return msgspec.structs.replace(fact, line=invocation.line)
    above = invocation.fields[:-1] if invocation.whole else invocation.fields
    deeper = len(above) + len(fact.fields) - len(invocation.fields)
    return msgspec.structs.replace(
        fact,
        owner=invocation.owner,
        variable=invocation.variable,
        fields=above + fact.fields,
        line=invocation.line,
        inner=fact.inner or _deeper(invocation.inner, deeper),
    )


def _deeper(inner: str, members: int) -> str:
    """The compound literal `inner` as seen from so many `members` further inside."""
    literal, _, depth = inner.partition("#")
    return f"{literal}#{int(depth) + members}" if literal else ""
