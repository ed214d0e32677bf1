# SPDX-License-Identifier: GPL-2.0-only
"""Which functions a change alters: bodies compared token by token.

Comments, white space and moves, within a file or to another, are no alteration; a macro
that takes arguments counts as a function.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kscan.facts.reader import Reader
from kscan.reachability import Implementation
from kscan.source.compare import ChangedPath
from kscan.source.tree import C_SUFFIXES, Unreadable

MOST_FILES = 400
"""Changed files whose functions are all compared; of a larger change the rest is told."""

_TOKEN = re.compile(
    rb"(?P<blank>\s+|\\\r?\n|/\*.*?(?:\*/|\Z)|//[^\n]*)"
    rb'|(?<!\\)"(?:\\.|[^"\\\n])*+"|(?<!\\)\'(?:\\.|[^\'\\\n])*+\''
    rb"|[A-Za-z_$]\w*|\.?\d(?:[eEpP][+-]|[\w.])*"
    rb"|->|\+\+|--|<<=?|>>=?|[-+*/%&|^!=<>]=|&&|\|\||\.\.\.|##|.",
    re.DOTALL,
)

Tokens = tuple[bytes, ...]


def tokens(text: bytes) -> Tokens:
    """The C tokens of `text`, without comments and white space."""
    return tuple(m[0] for m in _TOKEN.finditer(text) if m["blank"] is None)


@dataclass
class Bodies:
    """The functions of the files of one tree, as tokens."""

    reader: Reader
    _known: dict[str, dict[str, tuple[Tokens, ...]]] = field(default_factory=dict)

    def of(self, path: str | None) -> dict[str, tuple[Tokens, ...]]:
        """Name to bodies, several where conditionals choose; nothing for no file."""
        if path is None or not path.endswith(C_SUFFIXES):
            return {}
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: str) -> dict[str, tuple[Tokens, ...]]:
        try:
            source = self.reader.tree.read(path)
        except Unreadable:
            return {}
        unit = self.reader.unit(path)
        found: dict[str, tuple[Tokens, ...]] = {}
        for function in unit.functions:
            body = tokens(source[function.start : function.end])
            found[function.name] = (*found.get(function.name, ()), body)
        for macro in unit.macros:
            if macro.params is not None:
                body = tokens(f"({','.join(macro.params)}) {macro.body}".encode())
                found[macro.name] = (*found.get(macro.name, ()), body)
        return found


@dataclass
class Alterations:
    """The functions that differ between two trees."""

    old: Bodies
    new: Bodies
    changed: Sequence[ChangedPath]
    """The files that differ."""
    foremost: Container[str] = ()
    """Files of the new tree that are compared first when there are too many."""

    @cached_property
    def _pairs(self) -> dict[str, ChangedPath]:
        """Changed files by their path in the new tree."""
        return {change.new: change for change in self.changed if change.new is not None}

    @cached_property
    def files(self) -> tuple[ChangedPath, ...]:
        """The changed C files; the foremost first."""
        found = c_files(self.changed)
        return tuple(sorted(found, key=lambda change: change.new not in self.foremost))

    @property
    def not_compared(self) -> int:
        """Changed files that `all` leaves out, because the change is so large."""
        return max(0, len(self.files) - MOST_FILES)

    def is_altered(self, path: str, name: str) -> bool:
        """The function `name` of the new tree's file `path` is new or reads otherwise."""
        change = self._pairs.get(path)
        if change is None:
            return False
        bodies = self.new.of(path).get(name)
        return bodies is not None and bodies != self.old.of(change.old).get(name)

    def was_altered(self, path: str, name: str) -> bool:
        """The function `name` of the old tree's file `path` is gone or reads otherwise."""
        change = next((c for c in self.changed if c.old == path), None)
        if change is None:
            return False
        bodies = self.old.of(path).get(name)
        return bodies is not None and bodies != self.new.of(change.new).get(name)

    @cached_property
    def all(self) -> tuple[Implementation, ...]:
        """The altered functions, by file and name."""
        files = self.files[:MOST_FILES]
        moved = {
            (name, bodies)
            for change in files
            for name, bodies in self.old.of(change.old).items()
            if name not in self.new.of(change.new)
        }
        return tuple(sorted(self._altered(files, moved), key=lambda i: (i.path, i.function)))

    def gone(self, names: frozenset[str]) -> tuple[Implementation, ...]:
        """The functions among `names` that no changed file has any more, by file and name.

        Of a change too large to be compared it tells nothing.
        """
        if self.not_compared:
            return ()
        left = {
            Implementation(name, change.old)
            for change in self.files
            if change.old is not None
            for name in names.intersection(self.old.of(change.old))
            if name not in self.new.of(change.new)
        }
        still = {name for change in self.files if left for name in self.new.of(change.new)}
        found = (one for one in left if one.function not in still)
        return tuple(sorted(found, key=lambda i: (i.path, i.function)))

    def _altered(
        self, files: Sequence[ChangedPath], moved: set[tuple[str, tuple[Tokens, ...]]]
    ) -> Iterator[Implementation]:
        for change in files:
            before = self.old.of(change.old)
            for name, bodies in self.new.of(change.new).items():
                if bodies != before.get(name) and (name, bodies) not in moved:
                    assert change.new is not None
                    yield Implementation(name, change.new)


def c_files(changed: Sequence[ChangedPath]) -> tuple[ChangedPath, ...]:
    """Those of the `changed` files that are C before or after."""
    return tuple(c for c in changed if _is_c(c.old) or _is_c(c.new))


def _is_c(path: str | None) -> bool:
    return path is not None and path.endswith(C_SUFFIXES)
