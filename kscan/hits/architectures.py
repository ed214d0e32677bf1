# SPDX-License-Identifier: GPL-2.0-only
"""Which architectures a file can be built for, as far as Kconfig tells.

A symbol that only another architecture's ``arch/*/Kconfig*`` defines is never set there, nor is
one that depends on it, or that nothing but such symbols select. ``COMPILE_TEST`` counts as
unset: what it alone admits is built, and runs nowhere. A symbol that nothing defines is ``n``, as
in Kconfig itself, where the tree is whole: where it has the ``Kconfig`` at its top that all others
are sourced from. Macros, ``$(...)``, are not expanded; whatever is not understood may be set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kscan.hits.conditions import holds
from kscan.hits.entries import Entry, entries_in, symbols_in
from kscan.hits.kbuild import builds
from kscan.source.tree import Tree, Unreadable

_NEGATED = re.compile(r"!\s*+\w++|\w++\s*+(?:=\s*+n|!=\s*+[ym])\b")
_SET_TO = re.compile(r"(\w++)\s*+(?:=\s*+[ym]|!=\s*+n)\b")
_WORD = re.compile(r"\w++")
_NEVER = frozenset({"COMPILE_TEST", "n"})
_ALWAYS = frozenset({"y", "m"})
_LONGEST = 1 << 20
_LONGEST_CONDITION = 400
_MANY_STEPS = 1000
"""For one question; 6.12 takes up to some 250."""
_DEEPEST = 12
"""Symbols that depend on each other, one after the other, that are followed."""


def architecture_of(path: str) -> str:
    """The architecture whose code `path` is, as ``arm64``; empty for code of all."""
    parts = path.split("/")
    return parts[1] if parts[0] == "arch" and len(parts) > 2 else ""


@dataclass
class Architectures:
    """The Kconfig files of one tree, read when first asked about.

    Each question is answered for itself: what another one found out would spare it steps, and
    where they are bounded its answer would depend on who asked before.
    """

    tree: Tree
    _parsed: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    _answers: dict[tuple[str, str], bool] = field(default_factory=dict)
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)
    """What was found out on the way to the answer in the making."""
    _rests_on: int = 0
    """Of what the answer in the making rests on, the place on the trail of the outermost."""
    _steps: int = 0
    """Taken for the answer in the making."""

    def may_build(self, path: str, architecture: str) -> bool:
        """`path`, a C file that some makefile names, may be part of a kernel for `architecture`."""
        if architecture_of(path) not in ("", architecture):
            return False
        ways = builds(self.tree, path)
        return any(
            all(
                self._may_be_chosen(symbol.removeprefix("CONFIG_"), architecture)
                for symbol in (*way.own, *way.around)
            )
            for way in ways
        )

    def _may_be_chosen(self, symbol: str, architecture: str) -> bool:
        """A makefile's `symbol` may be set; one without a definition came with its driver."""
        defining, _ = self._files.get(symbol, ([], []))
        return not defining or self._answer(symbol, architecture)

    def _answer(self, symbol: str, architecture: str) -> bool:
        """`symbol` may be set in a kernel for `architecture`."""
        key = (symbol, architecture)
        if key not in self._answers:
            self._known, self._rests_on, self._steps = {}, 0, 0
            self._answers[key] = self._may_be_set(*key, ())
        return self._answers[key]

    @cached_property
    def _is_whole(self) -> bool:
        """The tree has the Kconfig that the others are sourced from: it defines every symbol."""
        return self.tree.exists("Kconfig")

    def is_only_for(self, path: str, architecture: str) -> bool:
        """The tree has other architectures than `architecture`, and none of them has `path`."""
        others = sorted(self._all - {architecture})
        own = bool(others) and self.may_build(path, architecture)
        return own and not any(self.may_build(path, other) for other in others)

    @cached_property
    def _all(self) -> frozenset[str]:
        """Every architecture of the tree."""
        return frozenset(filter(None, map(architecture_of, self.tree.paths())))

    def _may_be_set(self, symbol: str, architecture: str, trail: tuple[str, ...]) -> bool:
        """`symbol` may be set in a kernel for `architecture`; `trail` is what asks."""
        if symbol in _NEVER:
            return False
        key = (symbol, architecture)
        if key in self._known:
            return self._known[key]
        self._steps += 1
        if symbol in trail or len(trail) > _DEEPEST or self._steps > _MANY_STEPS:
            self._rests_on = min(self._rests_on, trail.index(symbol) if symbol in trail else 0)
            return True
        return self._answered(key, trail)

    def _answered(self, key: tuple[str, str], trail: tuple[str, ...]) -> bool:
        """The answer for `key`, kept where it rests on nothing that is still open on `trail`.

        What is still asked about is taken for yes, and that may turn out to be wrong.
        """
        outer, self._rests_on = self._rests_on, len(trail)
        answer = self._is_offered(*key, (*trail, key[0]))
        if self._rests_on == len(trail) or not answer:
            self._known[key] = answer
        self._rests_on = min(outer, self._rests_on)
        return answer

    def _is_offered(self, symbol: str, architecture: str, trail: tuple[str, ...]) -> bool:
        defining, selecting = self._files.get(symbol, ([], []))
        if not defining:  # a literal, as 0x10; or n
            return not self._is_whole or symbol in _ALWAYS or symbol[:1].isdigit()
        if self._is_selected(symbol, selecting, architecture, trail):
            return True
        return any(
            all(self._may_hold(each, architecture, trail) for each in entry.conditions)
            and self._has_value(entry, architecture, trail)
            for entry in self._entries(defining, architecture)
            if entry.symbol == symbol
        )

    def _has_value(self, entry: Entry, architecture: str, trail: tuple[str, ...]) -> bool:
        """Somebody may be asked for it, or its default may be yes."""
        return any(self._may_hold(each, architecture, trail) for each in entry.prompts) or any(
            self._may_hold(value, architecture, trail)
            and self._may_hold(condition, architecture, trail)
            for value, condition in entry.defaults
        )

    def _is_selected(
        self, symbol: str, files: list[str], architecture: str, trail: tuple[str, ...]
    ) -> bool:
        return any(
            self._may_be_set(entry.symbol, architecture, trail)
            and self._may_hold(condition, architecture, trail)
            for entry in self._entries(files, architecture)
            for selected, condition in entry.selects
            if selected == symbol
        )

    def _may_hold(self, condition: str, architecture: str, trail: tuple[str, ...]) -> bool:
        """`condition` is true for some setting of the symbols that may be set."""
        if len(condition) > _LONGEST_CONDITION:
            return True
        plain = _SET_TO.sub(r"\1", _NEGATED.sub("y", condition))
        known = {
            symbol: symbol == "y" or self._may_be_set(symbol, architecture, trail)
            for symbol in sorted(set(_WORD.findall(plain)))
        }
        return not plain or holds(_WORD.sub(lambda m: f"{known[m[0]]:d}", plain), {})

    def _entries(self, files: list[str], architecture: str) -> Iterator[Entry]:
        """The definitions in those of `files` that a kernel for `architecture` reads."""
        for path in files:
            if architecture_of(path) in ("", architecture):
                if path not in self._parsed:
                    self._parsed[path] = entries_in(self._text(path).decode("utf-8", "replace"))
                yield from self._parsed[path]

    @cached_property
    def _files(self) -> dict[str, tuple[list[str], list[str]]]:
        """For each symbol the Kconfig files that define it, and those that select it."""
        files: dict[str, tuple[list[str], list[str]]] = {}
        for path in self.tree.paths():
            if path.rpartition("/")[2].startswith("Kconfig"):
                for place, symbols in enumerate(symbols_in(self._text(path))):
                    for symbol in symbols:
                        files.setdefault(symbol, ([], []))[place].append(path)
        return files

    def _text(self, path: str) -> bytes:
        try:
            return self.tree.read(path)[:_LONGEST]
        except Unreadable:
            return b""
