# SPDX-License-Identifier: GPL-2.0-only
"""Whom a changed function reaches: calls downwards, to the ops tables that drivers fill."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kscan.change.drivers import Link
from kscan.kernel.catalogue import Catalogue
from kscan.program.calls import Slot, call_sites
from kscan.program.program import OUTSIDE, Function, Program
from kscan.program.tables import Tables

MOST_FUNCTIONS = 150
"""Functions visited below the change, the nearest first."""

NEAR = 1
"""Calls below a driver's own function in which slots are looked for.

What it calls further down serves everybody, and does not change with it.
"""

MOST_FILES = 80
"""Files that fill a slot which are looked into; the others are counted."""

MOST_READ = 600
"""Files that name a table's struct which are read to tell whether they fill the slot."""

TABLE_SHARE = 1 / 3
"""Share of function pointers from which a struct is an ops table."""


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot called somewhere below the change, and the way down to that call."""

    slot: Slot
    way: tuple[str, ...]
    path: str
    """The file that makes the call."""


@dataclass
class Reached:
    """The entry points below some functions."""

    program: Program
    catalogue: Catalogue
    known: Sequence[Tables]
    """Tables read already, complete for the struct tags `complete`."""
    complete: frozenset[str]
    follow: frozenset[str]
    """Slots whose functions are no drivers' own: the walk goes on through them."""
    not_looked_into: set[str] = field(default_factory=set)
    _elsewhere: list[SlotUse] = field(default_factory=list)
    """Slots of ops tables that were not read yet."""

    def begin(self, changed: Iterable[Function], deepest: int = MOST_FUNCTIONS) -> Iterator[Link]:
        """A link for each implementation of a slot below `changed`, of the tables known.

        `deepest` is how many calls down a slot may be called.
        """
        for use in self._uses(changed, deepest):
            yield from self._filled(use, self.known)
            if use.slot.tag not in self.complete and self._is_table(use):
                self._elsewhere.append(use)

    @property
    def names(self) -> list[str]:
        """The words that `go_on` looks for."""
        return sorted({use.slot.tag for use in self._elsewhere})

    def go_on(self) -> Iterator[Link]:
        """A link for each implementation in tables that are looked for in the whole tree."""
        if self._elsewhere:
            tables = Tables(self.program, self._files())
            for use in self._elsewhere:
                yield from self._filled(use, [tables])

    def _uses(self, changed: Iterable[Function], deepest: int) -> Iterator[SlotUse]:
        """Every slot below `changed`, once, with its shortest way."""
        ways: dict[Function, tuple[str, ...]] = {f: (f.name,) for f in changed}
        slots: set[Slot] = set()
        waiting = deque(ways)
        while waiting:
            caller = waiting.popleft()
            for callee in self._callees(caller):
                if isinstance(callee, Slot):
                    if callee not in slots:
                        slots.add(callee)
                        yield SlotUse(callee, ways[caller], caller.path)
                elif (
                    callee not in ways
                    and len(ways) < MOST_FUNCTIONS
                    and len(ways[caller]) <= deepest
                ):
                    ways[callee] = (*ways[caller], callee.name)
                    waiting.append(callee)

    def _callees(self, caller: Function) -> Iterator[Function | Slot]:
        for site in call_sites(self.program, caller):
            if site.slot is not None:
                yield site.slot
                if str(site.slot) in self.follow:
                    for tables in self.known:
                        yield from (e.function for e in tables.implementers(site.slot))
            elif not self.catalogue.stops_at(site.name):
                for target in self.program.resolve(site.name, caller.path):
                    if not self.catalogue.stops_in(target.path):
                        yield target

    def _filled(self, use: SlotUse, tables: Sequence[Tables]) -> Iterator[Link]:
        if not use.slot.tag:
            return
        for table in tables:
            for entry in table.implementers(use.slot):
                way = (*use.way, entry.function.name)
                yield Link(len(way) - 1, entry.function.path, way)

    def _is_table(self, use: SlotUse) -> bool:
        """The slot's struct is an ops table: function pointers are a good part of it."""
        record = self.program.record(use.slot.tag, use.path) if use.slot.tag else None
        if record is None:
            return False
        pointers = sum(member.type.fn for member in record.fields)
        return pointers >= TABLE_SHARE * len(record.fields)

    def _files(self) -> tuple[str, ...]:
        """Files that name the struct and the field of a slot that is looked for."""
        tree = self.program.reader.tree
        found = tree.files_with(self.names, suffixes=(".c",))
        named = [path for path in found if not path.startswith(OUTSIDE)]
        slots = {use.slot for use in self._elsewhere}
        fields = [(slot.tag.encode(), slot.field.encode()) for slot in slots]
        filling = [path for path in named[:MOST_READ] if _has_both(tree.read(path), fields)]
        self.not_looked_into.update([*filling[MOST_FILES:], *named[MOST_READ:]])
        self.program.reader.load(filling[:MOST_FILES])
        return tuple(filling[:MOST_FILES])


def _has_both(text: bytes, fields: Sequence[tuple[bytes, bytes]]) -> bool:
    """`text` names a struct and puts something into its field."""
    return any(tag in text and b"." + field in text for tag, field in fields)
