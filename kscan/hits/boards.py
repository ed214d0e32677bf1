# SPDX-License-Identifier: GPL-2.0-only
"""Which boards have a device: the ``.dts`` files whose closure leaves such a node enabled.

A board is its ``.dts`` with everything it includes, in cpp's order: later statements override
earlier ones, by label, by path or in place.  A node counts if neither it nor a bus above it
says ``status = "disabled"`` (``of_device_is_available()``, ``drivers/of/base.c``).  Headers are
not read, so an ``#if`` over a name from one of them sees it undefined.
"""

from __future__ import annotations

import posixpath
import re
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kscan.hits import devicetree
from kscan.hits.conditions import holds
from kscan.hits.devicetree import Kind, Statement
from kscan.hits.nodes import Client, State, clients_of, enabled, hear, node_of
from kscan.source.apart import apart
from kscan.source.tree import Tree, Unreadable
from kscan.workers import may_fork

_SOURCES = (".dts", ".dtsi")
_DEEPEST = 32
_MANY_FILES = 512
"""Files one board may include, each counted as often as it is."""
_MANY_STATEMENTS = 100_000
"""Of one board, after which no more files are read; the longest of 6.12 has some 1,500."""
_KEPT_FILES = 1024
_KEPT_STATES = 8
FEWEST = 200
"""Boards below which a second process takes longer to start than to do without."""
_INCLUDED_NAME = re.compile(rb"include[/ \t]+[\"<]([^\"<>\n]+\.dtsi?)[\">]")


@dataclass(frozen=True, slots=True)
class Board:
    """One ``.dts`` file that has the device."""

    path: str
    model: str
    """The root node's ``model``: what an oops prints as ``Hardware name``."""
    nodes: tuple[str, ...]
    """The matching nodes' names, sorted."""
    clients: tuple[Client, ...] = ()
    """Enabled devices that name one of `nodes` in ``iommus`` or ``iommu-map``."""

    def __str__(self) -> str:
        return f"{self.path} ({self.model})" if self.model else self.path


class Boards:
    """The boards of one tree, asked by the compatibles of drivers."""

    def __init__(self, tree: Tree, jobs: int | None = None) -> None:
        self._tree = tree
        self._jobs = jobs

    def using(self, wanted: Mapping[str, frozenset[str]]) -> dict[str, tuple[Board, ...]]:
        """The boards of each driver in `wanted`, which gives its compatibles; by path.

        All drivers are asked in one walk: a file is parsed once, however many of them it names.
        Where there are many boards another process walks half of them.
        """
        candidates = self._walk(wanted).candidates()
        if len(candidates) < FEWEST or not may_fork(self._jobs):
            return self._among(candidates, wanted)
        middle = len(candidates) // 2
        first = partial(self._among, candidates[:middle], wanted)
        with apart(self._tree, first) as result:
            last = self._among(candidates[middle:], wanted)
            known = result() or first()
        return {driver: known[driver] + last[driver] for driver in wanted}

    def _walk(self, wanted: Mapping[str, frozenset[str]]) -> _Walk:
        return _Walk(self._tree, {each for names in wanted.values() for each in names})

    def _among(
        self, candidates: list[str], wanted: Mapping[str, frozenset[str]]
    ) -> dict[str, tuple[Board, ...]]:
        """`using`, for the boards `candidates`."""
        found: dict[str, list[Board]] = {driver: [] for driver in wanted}
        walk = self._walk(wanted)
        for path in candidates:
            state = walk.state_of(path)
            present = {p: names for p, names in state.matching.items() if enabled(state, p)}
            if not present:
                continue
            clients = clients_of(state, present)
            for driver, names in wanted.items():
                nodes = [node for node, said in present.items() if not names.isdisjoint(said)]
                if nodes:
                    found[driver].append(_board(path, state.model, nodes, clients))
        return {driver: tuple(boards) for driver, boards in found.items()}


def _board(path: str, model: str, nodes: list[str], clients: dict[str, set[Client]]) -> Board:
    served = {client for node in nodes for client in clients.get(node, ())}
    names = sorted(node.rpartition("/")[2] for node in nodes)
    return Board(path, model, tuple(names), tuple(sorted(served)))


_Included = tuple[str, frozenset[tuple[str, str]], int]
"""A file, the macros that are defined where it is included, and how deep that is.

Anywhere is 0, for one whose own includes end in time.
"""


class _Walk:
    """One pass over the boards that may have one of the wanted compatibles."""

    def __init__(self, tree: Tree, wanted: Collection[str]) -> None:
        self._tree = tree
        self._wanted = frozenset(wanted)
        self._files: OrderedDict[str, tuple[Statement, ...]] = OrderedDict()
        self._states: OrderedDict[_Included, tuple[State, int]] = OrderedDict()
        """What whole includes say, and how many levels of others are below each."""

    def candidates(self) -> list[str]:
        """The ``.dts`` files that name a wanted compatible or include, by name, one that does."""
        if not self._wanted:
            return []
        pending = list(self._files_with(sorted(self._wanted)))
        seen = set(pending)
        includers = self._includers() if pending else {}
        while pending:
            fresh = includers.get(posixpath.basename(pending.pop()), set()) - seen
            seen |= fresh
            pending += fresh
        return sorted(path for path in seen if path.endswith(".dts"))

    def _includers(self) -> dict[str, set[str]]:
        """Which files include one of this name, whatever its directory."""
        found: dict[str, set[str]] = {}
        for path in self._files_with(["include"]):
            try:
                text = self._tree.read(path)
            except Unreadable:
                continue
            for name in _INCLUDED_NAME.findall(text):
                found.setdefault(posixpath.basename(name.decode("utf-8", "replace")), set()).add(
                    path
                )
        return found

    def _files_with(self, words: list[str]) -> Sequence[str]:
        return self._tree.files_with(words, suffixes=_SOURCES, under=("arch",))

    def state_of(self, path: str) -> State:
        """What the whole of board `path` says; nothing where its own file cannot be read."""
        state = State()
        self._replay(path, state, "", 0)
        return state

    def _statements(self, path: str) -> tuple[Statement, ...]:
        known = self._files.get(path)
        if known is None:
            try:
                known = devicetree.statements(self._tree.read(path))
            except (Unreadable, devicetree.Unreadable):
                known = ()
            self._files[path] = known
            if len(self._files) > _KEPT_FILES:
                self._files.popitem(last=False)
        return known

    def _replay(self, path: str, state: State, base: str, depth: int) -> None:
        """Let `state` hear what `path` says when included in the node at `base`."""
        state.files += 1
        state.lowest = max(state.lowest, depth)
        if depth > _DEEPEST or state.files > _MANY_FILES or state.heard > _MANY_STATEMENTS:
            return
        statements = self._statements(path)
        state.heard += len(statements)
        branches = _Branches()
        for statement in statements:
            if statement.kind in _CONDITIONAL:
                branches.follow(statement, state.defines)
            elif not branches.active:
                continue
            elif statement.kind is Kind.INCLUDE:
                target = self._target(path, statement.values[0])
                if target:
                    self._include(target, state, node_of(statement, state, base), depth)
            else:
                hear(statement, state, base, self._wanted)

    def _include(self, target: str, state: State, base: str, depth: int) -> None:
        """Replay `target`; what a first include says is the same for every board of a SoC.

        Such a one has bounds of its own, or what it says would depend on which board came first.
        """
        if not state.untouched or base:
            self._replay(target, state, base, depth + 1)
            return
        defines = frozenset(state.defines.items())
        known, levels = self._states.get((target, defines, 0), (None, 0))
        if known is None or depth + levels > _DEEPEST:
            known, levels = self._states.get((target, defines, depth), (None, 0))
        if known is None:
            known = State(defines=dict(state.defines))
            self._replay(target, known, base, depth + 1)
            levels = known.lowest - depth
            self._keep((target, defines, depth if known.lowest > _DEEPEST else 0), known, levels)
        state.take(known)
        state.lowest = max(state.lowest, depth + levels)

    def _keep(self, key: _Included, state: State, levels: int) -> None:
        self._states[key] = state, levels
        if len(self._states) > _KEPT_STATES:
            self._states.popitem(last=False)

    def _target(self, path: str, named: str) -> str:
        """The file an include names: beside `path`, or below ``arch/*/boot/dts``; or empty."""
        if not named.endswith(_SOURCES):
            return ""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
        if self._tree.exists(beside):
            return beside
        architecture, _, rest = named.partition("/")
        prefixed = posixpath.normpath(f"arch/{architecture}/boot/dts/{rest}")
        return prefixed if self._tree.exists(prefixed) else ""


_CONDITIONAL = frozenset({Kind.IF, Kind.ELSE, Kind.ENDIF})


class _Branches:
    """The ``#if`` … ``#endif`` of one file that stand open."""

    def __init__(self) -> None:
        self._open: list[tuple[bool, bool]] = []
        """For each: all those around it are taken; one of its branches has been."""
        self.active = True
        """All the branches that stand open are taken."""

    def follow(self, statement: Statement, defines: Mapping[str, str]) -> None:
        """`statement` opens, turns or closes a conditional."""
        if statement.kind is Kind.IF:
            taken = holds(statement.values[0], defines)
            self._open.append((self.active, taken))
            self.active = self.active and taken
        elif not self._open:
            return
        elif statement.kind is Kind.ELSE:
            around, been = self._open.pop()
            taken = not been and holds(statement.values[0], defines)
            self._open.append((around, been or taken))
            self.active = around and taken
        else:
            self.active, _ = self._open.pop()
