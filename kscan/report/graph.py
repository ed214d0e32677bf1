# SPDX-License-Identifier: GPL-2.0-only
"""Where the boxes and arrows of a call path stand: three boxes a row, turning at each end.

Geometry only, in the user units of an SVG; the template draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kscan.model import Finding, Location, Step
from kscan.reachability import Implementation, Reach
from kscan.report.litmus import EDGES, Litmus

BOX_WIDTH = 212
BOX_HEIGHT = 46
_GAP_X = 156
_GAP_Y = 50
_COLUMNS = 3
_MARGIN = 10
_LABEL = 25
_EDGE_LABEL = 23
_MARK_LABEL = 23
_API_LABEL = 34
_ASSUMED = ", assumed"
"""Ends the label of an edge that a scenario adds."""
_KINDS = {
    "": "call",
    "call": "call",
    "argument": "argument",
    "queued": "argument",
    "registers": "register",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One function."""

    x: int
    y: int
    label: str
    place: str
    """``file.c:123``; empty when it is not known."""
    title: str
    role: str
    """``p0``, ``core``, ``p1`` or ``changed``."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge, with its kind as the label."""

    path: str
    """SVG path data."""
    x: int
    y: int
    anchor: str
    label: str
    title: str
    kind: str
    """``call``, ``slot``, ``argument`` or ``register``."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A drawn call path."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    function: str
    role: str
    place: Location | None = None


def call_path(finding: Finding, litmus: Litmus) -> Graph | None:
    """The way from the registering function to the last function P1 runs; None when there is none.

    P0's function is joined to the registration by an edge ``registers``.
    """
    if not litmus.way:
        return None
    places: dict[str, Location] = {}
    for step in finding.trace:
        places.setdefault(step.location.function, step.location)
    nodes, labels = [_Node(litmus.origin, "core", places.get(litmus.origin))], []
    if finding.registration:
        nodes.insert(0, _Node(litmus.probing, "p0", places.get(litmus.probing)))
        labels.append("registers")
    for hop in litmus.way:
        role = "p1" if hop.target == litmus.callback else "core"
        nodes.append(_Node(hop.target, role, places.get(hop.target)))
        labels.append(hop.label or "call")
    for function in _called(litmus.inside, nodes[-1].function):
        nodes.append(_Node(function, "p1", places.get(function)))
        labels.append("call")
    return _laid_out(nodes, labels)


def _called(steps: Sequence[Step], function: str) -> Iterator[str]:
    """The functions that P1 calls its way down to, from `function`; what merely follows is none."""
    for before, after in pairwise(steps):
        name = after.location.function
        enters = before.kind in EDGES and after.depth >= before.depth
        if enters and before.location.function == function and name not in ("", function):
            yield (function := name)


def reach_path(reach: Reach) -> Graph | None:
    """The functions from a registration to the call through the slot; None when not known.

    The kinds of the edges between are not part of a :class:`Reach`, so those have no label.
    """
    if not reach.via:
        return None
    nodes = [_Node(name, "changed" if name in reach.changed else "core") for name in reach.via]
    labels = [""] * (len(nodes) - 1)
    return _laid_out([*nodes, _Node(reach.slot, "p1")], [*labels, "slot"])


def _laid_out(nodes: Sequence[_Node], labels: Sequence[str]) -> Graph:
    boxes = [_box(node, position) for position, node in enumerate(nodes)]
    arrows = [
        _arrow(before, after, label)
        for (before, after), label in zip(pairwise(boxes), labels, strict=True)
    ]
    columns = min(_COLUMNS, len(boxes))
    rows = -(-len(boxes) // _COLUMNS)
    width = columns * BOX_WIDTH + (columns - 1) * _GAP_X + 2 * _MARGIN
    height = rows * BOX_HEIGHT + (rows - 1) * _GAP_Y + 2 * _MARGIN
    return Graph(width, height, tuple(boxes), tuple(arrows))


def _box(node: _Node, position: int) -> Box:
    row, column = divmod(position, _COLUMNS)
    column = _COLUMNS - 1 - column if row % 2 else column
    place = node.place
    return Box(
        x=_MARGIN + column * (BOX_WIDTH + _GAP_X),
        y=_MARGIN + row * (BOX_HEIGHT + _GAP_Y),
        label=_short(node.function or "?", _LABEL),
        place=_short(f"{place.path.rsplit('/', 1)[-1]}:{place.line}", _LABEL) if place else "",
        title=f"{node.function} ({place.path}:{place.line})" if place else node.function,
        role=node.role,
    )


def _arrow(before: Box, after: Box, label: str) -> Arrow:
    slot, assumed, _ = label.partition(_ASSUMED)
    kind = "slot assumed" if assumed else _KINDS.get(label, "slot")
    middle = before.y + BOX_HEIGHT // 2
    shown = _short(slot, _EDGE_LABEL - len(assumed)) + assumed
    if before.y != after.y:
        x = before.x + BOX_WIDTH // 2
        top, bottom = before.y + BOX_HEIGHT, after.y - 2
        at_left = before.x == _MARGIN
        return Arrow(
            f"M{x} {top}V{bottom}",
            x + (9 if at_left else -9),
            (top + bottom) // 2 + 4,
            "start" if at_left else "end",
            shown,
            label,
            kind,
        )
    forward = after.x > before.x
    start = before.x + (BOX_WIDTH if forward else 0)
    end = after.x - 2 if forward else after.x + BOX_WIDTH + 2
    return Arrow(
        f"M{start} {middle}H{end}", (start + end) // 2, middle - 7, "middle", shown, label, kind
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """One implementation of a slot in the picture of a delta."""

    y: int
    label: str
    title: str
    unready: bool


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One slot on one side of the picture."""

    y: int
    height: int
    slot: str
    title: str
    reached: bool
    marks: tuple[Mark, ...]
    more: int
    """Implementations that are counted, not drawn."""
    more_y: int


@dataclass(frozen=True, slots=True)
class Delta:
    """One registration function, before and after the range."""

    api: str
    title: str
    height: int
    before: tuple[SlotRow, ...]
    after: tuple[SlotRow, ...]


_MARK_HEIGHT = 18
_MARKS = 6
_ROW_GAP = 14
_TOP = 92


def delta(
    api: str,
    added: Iterable[Reach],
    removed: Iterable[Reach],
    unready: set[tuple[str, Implementation]],
) -> Delta:
    """The slots that `api` gains and loses, with their implementations on the side that runs them.

    `unready` holds (slot, implementation) of those with an introduced finding.
    """
    before, after, y = [], [], _TOP
    for reach, gained in (*((r, True) for r in added), *((r, False) for r in removed)):
        full = _slot_row(reach, y, unready)
        height = full.height
        hollow = SlotRow(y, height, full.slot, full.title, False, (), 0, 0)
        before.append(hollow if gained else full)
        after.append(full if gained else hollow)
        y += height + _ROW_GAP
    title = f"{api}()"
    return Delta(_short(title, _API_LABEL), title, y, tuple(before), tuple(after))


def _slot_row(reach: Reach, y: int, unready: set[tuple[str, Implementation]]) -> SlotRow:
    ordered = sorted(reach.implementations, key=lambda i: (reach.slot, i) not in unready)
    lines = min(len(ordered), _MARKS + 1)
    height = max(40, 8 + lines * _MARK_HEIGHT)
    first = y + (height - lines * _MARK_HEIGHT) // 2 + 13
    marks = tuple(
        Mark(
            first + position * _MARK_HEIGHT,
            _short(one.function, _MARK_LABEL),
            f"{one.function} ({one.path})",
            (reach.slot, one) in unready,
        )
        for position, one in enumerate(ordered[:_MARKS])
    )
    return SlotRow(
        y=y,
        height=height,
        slot=_short(reach.slot, 30),
        title=reach.slot,
        reached=True,
        marks=marks,
        more=len(ordered) - len(marks),
        more_y=first + len(marks) * _MARK_HEIGHT,
    )
