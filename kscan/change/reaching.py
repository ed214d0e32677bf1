# SPDX-License-Identifier: GPL-2.0-only
"""Who reaches a changed function: callers upwards, to where an ops table or initcall enters.

A caller is whoever names the function in its body: it calls it or hands it over.  Files are
found by word; within a file the way up costs nothing but its own facts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kscan.change.drivers import Link
from kscan.facts import ir
from kscan.kernel.catalogue import Catalogue
from kscan.program.program import OUTSIDE, Function, Program

LEVELS = 2
"""Searches of the tree: from a file to the files that use what it exports."""

MOST_NAMES = 60
"""Exported names one search looks for, the nearest to the change."""

MOST_FILES = 80
"""Files of one search that are looked into; the others are counted."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """A function, and the way from it down to the change."""

    function: Function
    way: tuple[str, ...]


@dataclass
class Reaching:
    """The entry points above some functions."""

    program: Program
    catalogue: Catalogue
    not_looked_into: set[str] = field(default_factory=set)
    _seen: set[Function] = field(default_factory=set)

    def links(self, changed: Iterable[Function]) -> Iterator[Link]:
        """A link for each entry point from which one of `changed` is reached."""
        level = [_Reached(function, (function.name,)) for function in changed]
        for last in range(LEVELS + 1):
            exported = yield from self._upwards(level)
            if last == LEVELS or not exported:
                return
            level = list(self._users(exported))

    def _upwards(self, level: Sequence[_Reached]) -> Generator[Link, None, list[_Reached]]:
        """The links within the files of `level`; returns what others may call there."""
        exported: list[_Reached] = []
        waiting = list(level)
        for reached in waiting:
            function = reached.function
            if function in self._seen:
                continue
            self._seen.add(function)
            if self._is_entry(function):
                yield Link(len(reached.way) - 1, function.path, reached.way)
                continue
            if not function.fact.static and not self.catalogue.stops_at(function.name):
                exported.append(reached)
            waiting += [
                _Reached(caller, (caller.name, *reached.way))
                for caller in self._naming(function.name, function.path)
            ]
        return exported

    def _is_entry(self, function: Function) -> bool:
        """An ops table holds `function`, or an initcall or a module macro names it."""
        unit = self.program.unit(function.path)
        return any(function.name in fact.values for fact in unit.slots) or any(
            function.name in call.arguments for call in unit.toplevel
        )

    def _naming(self, name: str, path: str) -> Iterator[Function]:
        """The functions of `path` that call `name` or hand it over."""
        for function in self.program.functions_in(path):
            if function.name != name and self.program.mentions(function, name):
                nodes = ir.walk_body(self.program.body(function))
                if any(isinstance(node, ir.Name) and node.id == name for node in nodes):
                    yield function

    def _users(self, exported: Sequence[_Reached]) -> Iterator[_Reached]:
        """The functions of other files that name what is exported."""
        nearest: dict[str, _Reached] = {}
        for reached in sorted(exported, key=lambda r: (len(r.way), r.way)):
            nearest.setdefault(reached.function.name, reached)
        wanted = dict(list(nearest.items())[:MOST_NAMES])
        found = self.program.reader.tree.files_with(sorted(wanted), suffixes=(".c",))
        homes = {reached.function.path for reached in wanted.values()}
        paths = [p for p in found if p not in homes and not p.startswith(OUTSIDE)]
        self.not_looked_into.update(paths[MOST_FILES:])
        self.program.reader.load(paths[:MOST_FILES])
        for path in paths[:MOST_FILES]:
            for name, reached in wanted.items():
                for caller in self._naming(name, path):
                    yield _Reached(caller, (caller.name, *reached.way))
