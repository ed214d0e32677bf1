# SPDX-License-Identifier: GPL-2.0-only
"""One board's devicetree while its statements are heard, in order: what is there and enabled.

Nodes merge by path and by label, later statements override earlier ones, and deletions
delete, as ``scripts/dtc/livetree.c`` has it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from kscan.hits.devicetree import Kind, Statement

_AVAILABLE = frozenset({"", "ok", "okay"})


@dataclass(frozen=True, slots=True, order=True)
class Client:
    """A device that has its DMA translated: its node names an IOMMU's."""

    node: str
    """Name with unit address: ``sata@ee300000``."""
    compatible: str = ""
    """The most specific one; empty where the node has none."""

    def __str__(self) -> str:
        return f"{self.node} ({self.compatible})" if self.compatible else self.node


@dataclass(slots=True)
class State:
    """What the statements of a board have said so far."""

    labels: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    compatibles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    matching: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The nodes with a wanted compatible; a part of `compatibles`."""
    masters: dict[tuple[str, Kind], tuple[str, ...]] = field(default_factory=dict)
    """Labels or paths that a node names, by node and property."""
    defines: dict[str, str] = field(default_factory=dict)
    model: str = ""
    files: int = 0
    heard: int = 0
    """Statements of all those files."""
    lowest: int = 0
    """Levels of includes to the deepest of those files."""
    below: dict[str, set[str]] | None = None
    """The nodes below a node, once one was deleted: most boards delete none."""

    def take(self, other: State) -> None:
        """Say what `other` says, too; later changes to either leave the other alone."""
        self.labels = dict(other.labels)
        self.statuses = dict(other.statuses)
        self.compatibles = dict(other.compatibles)
        self.matching = dict(other.matching)
        self.masters = dict(other.masters)
        self.defines = dict(other.defines)
        self.model = other.model
        self.files, self.heard = self.files + other.files, self.heard + other.heard
        self.below = None

    @property
    def untouched(self) -> bool:
        """No statement about a node has been heard."""
        return not (self.labels or self.statuses or self.compatibles or self.model)


def node_of(statement: Statement, state: State, base: str) -> str:
    """The path of the node a statement is about; an unknown label stands for itself."""
    anchor = statement.anchor
    if not anchor:
        return base + statement.below
    if anchor[0] == "&":
        return state.labels.get(anchor[1:], anchor) + statement.below
    return anchor.rstrip("/") + statement.below


def hear(statement: Statement, state: State, base: str, wanted: frozenset[str]) -> None:
    """Let `state` take in one statement that is neither conditional nor include."""
    kind, values = statement.kind, statement.values
    if kind is Kind.DEFINE:
        state.defines[values[0]] = values[1]
        return
    if kind is Kind.UNDEF:
        state.defines.pop(values[0], None)
        return
    path = node_of(statement, state, base)
    _place(state.below, path)
    if kind is Kind.LABEL:
        state.labels[values[0]] = path
    elif kind is Kind.STATUS:
        state.statuses[path] = "".join(values[:1])
    elif kind is Kind.COMPATIBLE:
        state.compatibles[path] = values
        _set_matching(state, path, values, wanted)
    elif kind is Kind.MODEL and not path:
        state.model = "".join(values[:1])
    elif kind in (Kind.IOMMUS, Kind.IOMMU_MAP):
        state.masters[path, kind] = values
    elif kind is Kind.UNSET:
        _unset(state, path, values[0], wanted)
    elif kind is Kind.DELETE:
        _delete(state, path)


def _set_matching(
    state: State, path: str, compatibles: tuple[str, ...], wanted: frozenset[str]
) -> None:
    matching = tuple(name for name in compatibles if name in wanted)
    if matching:
        state.matching[path] = matching
    else:
        state.matching.pop(path, None)


def _unset(state: State, path: str, name: str, wanted: frozenset[str]) -> None:
    """``/delete-property/``."""
    if name == "status":
        state.statuses.pop(path, None)
    elif name == "compatible":
        state.compatibles.pop(path, None)
        _set_matching(state, path, (), wanted)
    elif name in ("iommus", "iommu-map"):
        state.masters.pop((path, Kind(name)), None)


def _delete(state: State, path: str) -> None:
    """``/delete-node/``: the node and all below it are gone; a new one may take its place."""
    if state.below is None:
        state.below = {}
        for known in (*state.statuses, *state.compatibles, *(pair[0] for pair in state.masters)):
            _place(state.below, known)
    gone = [path]
    for node in gone:
        gone += state.below.pop(node, ())
        state.statuses.pop(node, None)
        state.compatibles.pop(node, None)
        state.matching.pop(node, None)
        for kind in (Kind.IOMMUS, Kind.IOMMU_MAP):
            state.masters.pop((node, kind), None)


def _place(below: dict[str, set[str]] | None, path: str) -> None:
    """Notes `path`, and each node above it, below the next one above; where that is noted."""
    while below is not None and "/" in path:
        above = path.rpartition("/")[0]
        nodes = below.setdefault(above, set())
        if path in nodes:
            return
        nodes.add(path)
        path = above


def enabled(state: State, path: str) -> bool:
    """Neither the node nor a bus above it is switched off."""
    while path:
        if state.statuses.get(path, "") not in _AVAILABLE:
            return False
        path = path.rpartition("/")[0]
    return True


def clients_of(state: State, masters: Collection[str]) -> dict[str, set[Client]]:
    """The enabled devices behind each node of `masters`."""
    found: dict[str, set[Client]] = {}
    for (path, _), names in state.masters.items():
        for name in names:
            master = name if name.startswith("/") else state.labels.get(name, "")
            if master in masters and enabled(state, path):
                compatible = next(iter(state.compatibles.get(path, ())), "")
                client = Client(path.rpartition("/")[2], compatible)
                found.setdefault(master, set()).add(client)
    return found
