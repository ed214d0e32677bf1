# SPDX-License-Identifier: GPL-2.0-only
"""Where a function of the earlier state stands in the later one: under which file and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kscan.change.functions import MOST_FILES, Bodies, Tokens
from kscan.source.compare import ChangedPath

ALIKE = 0.5
"""Share of common tokens from which another name is the same function, as for ``git diff -M``."""

SHORTEST = 8
"""Tokens; a shorter body is like too many others to be known again under another name."""


@dataclass
class Renames:
    """Files and functions of one tree, and what they are called in the next."""

    old: Bodies
    new: Bodies
    changed: Sequence[ChangedPath]
    _functions: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {c.old: c.new for c in self.changed if c.old is not None and c.new is not None}

    @cached_property
    def _gone(self) -> frozenset[str]:
        return frozenset(c.old for c in self.changed if c.old is not None and c.new != c.old)

    def path(self, path: str) -> str:
        """The path of the file that was `path`; `path` itself where nothing took its place."""
        return self._paths.get(path, path)

    def is_touched(self, path: str) -> bool:
        """The file that was `path` reads otherwise now."""
        return path in self._paths or path in self._gone

    def function(self, path: str, name: str) -> tuple[str, str]:
        """File and name of the function that was `name` in `path`; as they were if unknown."""
        key = (path, name)
        if key not in self._functions:
            self._functions[key] = self._found(path, name)
        return self._functions[key]

    def _found(self, path: str, name: str) -> tuple[str, str]:
        new_path = self.path(path)
        bodies = self.old.of(path).get(name, ())
        if not self.is_touched(path) or name in self.new.of(new_path) or not bodies:
            return new_path, name
        moved = next(self._moved(new_path, name, bodies[0]), None)
        if moved is not None:
            return moved
        return new_path, self._renamed(path, new_path, name, bodies[0])

    def _moved(self, new_path: str, name: str, body: Tokens) -> Iterator[tuple[str, str]]:
        """Other changed files in which `name` is new and reads much like `body`."""
        for change in self.changed if len(self.changed) <= MOST_FILES else ():
            if change.new is None or change.new == new_path:
                continue
            bodies = self.new.of(change.new).get(name, ())
            is_new = bodies and name not in self.old.of(change.old)
            if is_new and likeness(body, bodies[0]) >= ALIKE:
                yield change.new, name

    def _renamed(self, path: str, new_path: str, name: str, body: Tokens) -> str:
        """The name in `new_path` that is new there and whose body is most like `body`."""
        known = self.old.of(path)
        ranked = sorted(
            (-likeness(body, bodies[0], (name, other)), other)
            for other, bodies in self.new.of(new_path).items()
            if other not in known
        )
        if len(body) >= SHORTEST and ranked and -ranked[0][0] >= ALIKE:
            return ranked[0][1]
        return name


def likeness(one: Tokens, other: Tokens, names: Iterable[str] = ()) -> float:
    """Share of tokens that two bodies have in common, 0 to 1; `names` count as one name."""
    own = {name.encode() for name in names}
    left = Counter(b"" if token in own else token for token in one)
    right = Counter(b"" if token in own else token for token in other)
    return (left & right).total() / max(left.total(), right.total(), 1)
