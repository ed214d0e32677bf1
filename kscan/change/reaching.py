# SPDX-License-Identifier: GPL-2.0-only
"""Who reaches a changed function: callers upwards, to where an ops table or initcall enters.

A caller is whoever names the function in its body: it calls it or hands it over.  Files are
found by word; within a file the way up costs nothing but its own facts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from kscan.change.drivers import Link
from kscan.facts import ir
from kscan.kernel.catalogue import Catalogue
from kscan.program.filled import holding
from kscan.program.program import OUTSIDE, Program
from kscan.reachability import Implementation

LEVELS = 2
"""Times that the way goes on into other files, to the users of what a file exports."""

MOST_NAMES = 60
"""Exported names that one search looks for, the nearest to the change."""

MOST_FILES = 80
"""Files of one search that are looked into; the others are counted."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """A function or macro, and the way from it down to the change."""

    path: str
    name: str
    way: tuple[str, ...]


@dataclass
class Reaching:
    """The entry points above some functions, file by file upwards."""

    program: Program
    catalogue: Catalogue
    not_looked_into: set[str] = field(default_factory=set)
    _exported: dict[str, _Reached] = field(default_factory=dict)
    """What other files may call, by name, from the last file looked into."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, changed: Iterable[Implementation]) -> Iterator[Link]:
        """The entry points in the files of `changed` themselves."""
        yield from self._upwards(_Reached(c.path, c.function, (c.function,)) for c in changed)

    @property
    def files(self) -> frozenset[str]:
        """The files in which `begin` or `go_on` came to what other files may call."""
        return frozenset(reached.path for reached in self._exported.values())

    @property
    def names(self) -> list[str]:
        """The words that `go_on` looks for."""
        return sorted(self._exported)

    def go_on(self) -> Iterator[Link]:
        """The entry points in the files that use what was exported so far."""
        if self._exported:
            yield from self._upwards(list(self._users()))

    def _upwards(self, level: Iterable[_Reached]) -> Generator[Link, None, None]:
        """The entry points within the files of `level`; notes what others may call there."""
        exported: list[_Reached] = []
        waiting = list(level)
        for reached in waiting:
            if (reached.path, reached.name) in self._seen:
                continue
            self._seen.add((reached.path, reached.name))
            if self._is_entry(reached):
                yield Link(len(reached.way) - 1, reached.path, reached.way)
                continue
            if self._is_exported(reached):
                exported.append(reached)
            waiting += self._naming(reached, reached.path)
        self._exported = {}
        for reached in sorted(exported, key=lambda r: (len(r.way), r.way)):
            if len(self._exported) < MOST_NAMES:
                self._exported.setdefault(reached.name, reached)

    def _is_entry(self, reached: _Reached) -> bool:
        """An ops table holds the function, or an initcall or a module macro names it."""
        if holding(self.program, reached.path, reached.name):
            return True
        toplevel = self.program.unit(reached.path).toplevel
        return any(reached.name in call.arguments for call in toplevel)

    def _is_exported(self, reached: _Reached) -> bool:
        """Other files see it, and calling it means something."""
        if self.catalogue.stops_at(reached.name) or reached.name.startswith("__builtin"):
            return False
        if reached.path.endswith(".h"):
            return True
        functions = self.program.unit(reached.path).functions
        return any(f.name == reached.name and not f.static for f in functions)

    def _naming(self, reached: _Reached, path: str) -> Iterator[_Reached]:
        """The functions of `path` that call what is reached, or hand it over."""
        for function in self.program.functions_in(path):
            if function.name == reached.name or not self.program.mentions(function, reached.name):
                continue
            nodes = self.program.body(function).nodes
            if any(isinstance(node, ir.Name) and node.id == reached.name for node in nodes):
                yield _Reached(path, function.name, (function.name, *reached.way))

    def _users(self) -> Iterator[_Reached]:
        """The functions of other files that name what is exported."""
        reader = self.program.reader
        found = reader.tree.files_with(self.names, suffixes=(".c",))
        homes = {reached.path for reached in self._exported.values()}
        paths = [path for path in found if path not in homes and not path.startswith(OUTSIDE)]
        self.not_looked_into.update(paths[MOST_FILES:])
        reader.load(paths[:MOST_FILES])
        for path in paths[:MOST_FILES]:
            for reached in self._exported.values():
                yield from self._naming(reached, path)
