# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a change alters in nothing but names, or parameters: that is no repair.

A name is a new one where the changed files declare the old one no more, and now declare the new
one; of functions, what they do is to be much the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from kscan.change.functions import Alterations, Bodies, Tokens
from kscan.change.renames import Renames, likeness
from kscan.facts.unit import Unit
from kscan.reachability import Implementation
from kscan.source.tree import C_SUFFIXES

SAME = 0.8
"""Share of common tokens from which a function under a new name does what it did."""


@dataclass
class Spelling:
    """Answers for one change."""

    alterations: Alterations
    renames: Renames
    _known: dict[Implementation, bool] = field(default_factory=dict)

    def is_all(self, place: Implementation) -> bool:
        """What differs in the function at `place` is how something is called, or what it takes."""
        if place not in self._known:
            self._known[place] = not self.alterations.not_compared and self._is_all(place)
        return self._known[place]

    def _is_all(self, place: Implementation) -> bool:
        bodies = self.alterations.new.of(place.path).get(place.function, ())
        return any(self._are_alike(earlier, bodies) for earlier in self._earlier(place))

    def _earlier(self, place: Implementation) -> Iterator[tuple[Tokens, ...]]:
        """What the function may have been: of that name, or of one that is gone from the file."""
        changed = self.alterations.changed
        path = next((c.old for c in changed if c.new == place.path), None)
        now = self.alterations.new.of(place.path)
        for name, bodies in self.alterations.old.of(path).items():
            if name == place.function or name not in now:
                yield bodies

    def _are_alike(self, before: tuple[Tokens, ...], after: tuple[Tokens, ...]) -> bool:
        old, new = list(map(_inside, before)), list(map(_inside, after))
        if [len(one) for one in old] != [len(one) for one in new]:
            return False
        pairs = zip(chain(*old), chain(*new), strict=True)
        return all(self._is_new_name(*pair) for pair in {(a, b) for a, b in pairs if a != b})

    def _is_new_name(self, was: bytes, now: bytes) -> bool:
        old, new = was.decode("utf-8", "replace"), now.decode("utf-8", "replace")
        before, after = self._declared
        if old not in before or old in after or new not in after or new in before:
            return False
        homes = before[old]
        return not homes or any(self._does_the_same(path, old, new) for path in homes)

    def _does_the_same(self, path: str, old: str, new: str) -> bool:
        """The function `new` is what `old` of the file `path` was."""
        there, name = self.renames.function(path, old)
        bodies = self.alterations.old.of(path)[old], self.alterations.new.of(there).get(name, ())
        alike = (likeness(*pair, (old, new)) >= SAME for pair in zip(*bodies, strict=False))
        return name == new and all(alike)

    @cached_property
    def _declared(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """What the changed files declare, before and after, with those that define functions."""
        changed = self.alterations.changed
        return (
            _declared(self.alterations.old, (c.old for c in changed)),
            _declared(self.alterations.new, (c.new for c in changed)),
        )


def _inside(function: Tokens) -> Tokens:
    """`function` without its head; of a macro, all."""
    return function[function.index(b"{") :] if b"{" in function else function


def _declared(bodies: Bodies, paths: Iterator[str | None]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        if path is not None and path.endswith(C_SUFFIXES):
            for name in _names(bodies.reader.unit(path)):
                found.setdefault(name, [])
            for name in bodies.of(path):
                found.setdefault(name, []).append(path)
    return found


def _names(unit: Unit) -> Iterator[str]:
    """What `unit` declares at file scope, and the members of its structs."""
    for struct in unit.structs:
        yield struct.tag
        yield from (member.name for member in struct.fields)
    for call in unit.toplevel:  # as DEFINE_MUTEX() does
        yield from call.arguments
    yield from (prototype.name for prototype in unit.prototypes)
    yield from (variable.name for variable in unit.globals)
    yield from (macro.name for macro in unit.macros)
    yield from (typedef.name for typedef in unit.typedefs)
