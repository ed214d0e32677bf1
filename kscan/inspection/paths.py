# SPDX-License-Identifier: GPL-2.0-only
"""``kscan paths``: how control gets from one function to another, edge by edge.

The walk is that of the audit: direct calls, functions handed over, slots; the catalogue's stop
list is honoured. Which slots to follow is found backwards from the target, so that a slot with
hundreds of implementers leads only to those that matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kscan.inspection.detours import Detours
from kscan.inspection.inspection import Document, Inspection, limits_text, not_macros
from kscan.inspection.naming import Call, Naming, calls_through, fits
from kscan.kernel.contracts import Scenario
from kscan.model import Confidence, KscanError, weakest
from kscan.program.calls import CallSite, EdgeKind, Slot, call_sites
from kscan.program.graph import Edge, Reach, reach
from kscan.program.program import Function
from kscan.wording import counted, rows_printable

MOST_LEVELS = 10
"""Calls that are followed backwards from the target."""

MOST_AT_ONCE = 100
"""Functions whose callers are looked for on one level."""

_MOST_PATHS = 10
_PATIENCE = 3
"""Levels on which a way through the core is looked for, from that of the first way on."""
_FAR = (1, 0)
_LABELLED = (EdgeKind.ARGUMENT.value, EdgeKind.QUEUED.value)
_REASONS = 3


def paths(
    inspection: Inspection, start: str, end: str, *, as_is: bool = False, further: bool = False
) -> Document:
    """The document ``kscan/paths/1`` from `start` to `end`; raises `KscanError`.

    Edges of the catalogue's scenarios are assumed where the tree lacks them, unless `as_is`.
    With `further`, longer ways are looked for once the shortest are found.
    """
    targets = inspection.functions(end)
    roots = [root for root in inspection.functions(start) if root not in targets]
    if not roots:
        raise KscanError(f"{targets[0].name}() is both ends: kscan callers {end} says who calls it")
    walks = [reach(inspection.program, inspection.catalogue, root) for root in roots]
    if not as_is:
        walks = [_assuming(inspection, walk) for walk in walks]
    back = _Back(inspection, targets)
    found = back.met_by(walks, further)
    assumed = any(edge.site.kind is EdgeKind.ASSUMED for way in found for edge in way)
    visited = {function for walk in walks for function in walk.functions()}
    return {
        **inspection.heading("paths"),
        "from": [inspection.place(root) for root in roots],
        "to": [inspection.place(target) for target in targets],
        "scenario": inspection.catalogue.scenarios[0].name if assumed else None,
        "paths": [[_row(inspection, edge) for edge in way] for way in found],
        "walked": {"forwards": len(visited), "backwards": len(back.onwards)},
        "complete": back.complete and all(walk.complete for walk in walks),
        "stopped": _stopped(inspection, visited),
        "stop": inspection.catalogue.stop_reason(targets[0].name) or None,
        "unresolved": not_macros(name for walk in walks for name in walk.unresolved),
        **inspection.limits(),
    }


def _assuming(inspection: Inspection, walk: Reach) -> Reach:
    """`walk` with the scenarios' edges where it meets a caller of theirs."""
    catalogue, program = inspection.catalogue, inspection.program
    if not any(_concerns(scenario, walk) for scenario in catalogue.scenarios):
        return walk
    from kscan.audit import Audit, Options  # noqa: PLC0415 - only where a scenario matters

    audit = Audit(inspection.tree, Options(), inspection.cache)
    assumed = tuple(edge for case in audit.cases for edge in case.window.assumed)
    return reach(program, catalogue, walk.root, assumed=assumed) if assumed else walk


def _concerns(scenario: Scenario, walk: Reach) -> bool:
    slots = {str(slot) for slot in walk.slots}
    return any(
        edge.caller in walk or not slots.isdisjoint(edge.or_caller_of) for edge in scenario.edge
    )


@dataclass
class _Back:
    """The functions that lead to the targets, found level by level from behind."""

    inspection: Inspection
    targets: tuple[Function, ...]
    onwards: dict[Function, Edge | None] = field(default_factory=dict)
    """The next edge towards a target; None for the targets themselves."""
    fillings: dict[Slot, dict[Function, None]] = field(default_factory=dict)
    """Functions that lead to a target, by the slot they fill."""
    opened: list[Slot] = field(default_factory=list)
    """Slots whose callers were not looked for yet."""
    complete: bool = True

    def met_by(self, walks: list[Reach], further: bool) -> list[tuple[Edge, ...]]:
        """The ways from the roots of `walks`, shortest first; none where none is seen.

        Those through another driver come last, and are looked beyond.
        """
        self.onwards = dict.fromkeys(self.targets)
        level = list(self.targets)
        ways: dict[tuple[Edge, ...], tuple[int, int]] = {}
        detours, patience = Detours(self.inspection.program, self.targets), _PATIENCE
        for _ in range(MOST_LEVELS):
            level = self._above(level)
            new = (way for walk in walks for way in self._joined(walk) if way not in ways)
            ways.update({way: detours.of(way) for way in new})
            best = min(ways.values(), default=_FAR)
            patience -= best[0] == 0
            if not (further or (best > (0, 0) and patience)) or not (level or self.opened):
                break
        else:
            self.complete = False
        kept = (way for way, rank in ways.items() if further or rank == best)
        return sorted(kept, key=lambda way: (ways[way], len(way)))[:_MOST_PATHS]

    def _above(self, level: list[Function]) -> list[Function]:
        """Who calls a function of `level`, or through a slot that one below it fills."""
        found = [self._edge_through(call.caller, call.site) for call in self._through()]
        kept = [f for f in level if f in self.targets or not self._is_stopped(f)]
        self.complete = self.complete and len(kept) <= MOST_AT_ONCE
        if kept:
            naming = Naming(self.inspection, tuple(kept[:MOST_AT_ONCE]))
            for call in naming.calls():
                callee = naming.meant(call.site.name, call.caller.path)
                if callee is not None:
                    found.append(Edge(call.caller, callee, call.site))
            for entry in naming.filled():
                if entry.slot not in self.fillings:
                    self.opened.append(entry.slot)
                self.fillings.setdefault(entry.slot, {})[entry.function] = None
        fresh = {edge.caller: edge for edge in reversed(found) if edge.caller not in self.onwards}
        self.onwards.update(fresh)
        return sorted(fresh, key=_place)

    def _through(self) -> Iterator[Call]:
        opened, self.opened = self.opened, []
        return calls_through(self.inspection, opened)

    def _edge_through(self, caller: Function, site: CallSite) -> Edge:
        return next(Edge(caller, target, surely) for target, surely in self._filling(site))

    def _filling(self, site: CallSite) -> Iterator[tuple[Function, CallSite]]:
        """Who fills the slot of `site`, and `site` as sure as both types are known."""
        for slot, functions in self.fillings.items():
            if site.slot is not None and fits(site.slot, slot):
                typed = Confidence.HIGH if slot.tag and site.slot.tag else Confidence.LOW
                for function in functions:
                    yield function, replace(site, confidence=weakest(site.confidence, typed))

    def _joined(self, walk: Reach) -> Iterator[tuple[Edge, ...]]:
        """Ways of `walk` to a function that leads on, or to a call through a slot that does."""
        for function in walk.functions():
            edge = self.onwards.get(function)
            before = walk.way(function)
            if edge is not None and not any(e.caller in self.onwards for e in before):
                yield (*before, edge, *self._onwards(edge.callee))
        for call in walk.slots.values():
            for target, site in self._filling(call.site):
                edge = Edge(call.caller, target, site)
                yield (*walk.way(call.caller), edge, *self._onwards(target))

    def _onwards(self, function: Function) -> Iterator[Edge]:
        edge = self.onwards.get(function)
        while edge is not None:
            yield edge
            edge = self.onwards.get(edge.callee)

    def _is_stopped(self, function: Function) -> bool:
        catalogue = self.inspection.catalogue
        return catalogue.stops_at(function.name) or catalogue.stops_in(function.path)


def _stopped(inspection: Inspection, visited: set[Function]) -> dict[str, int]:
    """How many names the walk did not enter, by the stop list's reasons."""
    names: dict[str, set[str]] = {}
    for caller in visited:
        for site in call_sites(inspection.program, caller):
            reason = inspection.catalogue.stop_reason(site.name) if site.slot is None else ""
            if reason:
                names.setdefault(reason, set()).add(site.name)
    return {reason: len(found) for reason, found in sorted(names.items())}


def _place(function: Function) -> tuple[str, str]:
    return function.path, function.name


def _row(inspection: Inspection, edge: Edge) -> Document:
    reader = inspection.program.reader
    line, column = reader.position(edge.caller.path, edge.site.at)
    return {
        "kind": edge.site.kind.value,
        "slot": str(edge.site.slot) if edge.site.slot else None,
        "from": edge.caller.name,
        "path": edge.caller.path,
        "line": line,
        "column": column,
        "to": edge.callee.name,
        "to_path": edge.callee.path,
        "to_line": edge.callee.line,
        "confidence": edge.site.confidence.value,
        "source": reader.source_line(edge.caller.path, line),
    }


def as_text(document: Document) -> str:
    """`document` for a terminal: an edge a line, then what was left out."""
    start, end = document["from"][0]["function"], document["to"][0]["function"]
    rows: list[str] = []
    if not document["complete"]:
        rows.append("the walk gave up: more functions lead there than it follows")
    if document["scenario"]:
        rows.append(f"scenario {document['scenario']}: edges marked assumed are not in this tree")
    for way in document["paths"]:
        rows.append(f"{start}() leads to {end}() over {counted(len(way), 'edge')}:")
        rows += [_edge_text(edge) for edge in way]
    if not document["paths"]:
        rows.append(f"{start}() leads to {end}() by no way that kscan sees")
    if document["stop"]:
        rows.append(f"{end} is on the stop list ({document['stop']}): an audit does not enter it")
    entered = sum(document["stopped"].values())
    if any(edge["slot"] for way in document["paths"] for edge in way):
        rows.append(
            "a slot is taken to run whoever fills it: an audit keeps to the table registered"
        )
    rows.append(
        f"walked {counted(document['walked']['forwards'], 'function')} from {start}(), "
        f"{document['walked']['backwards']} back from {end}(); "
        f"{counted(entered, 'name')} of the stop list not entered"
    )
    most = sorted(document["stopped"].items(), key=lambda pair: -pair[1])[:_REASONS]
    rows += [f"    {count:>4}  {reason}" for reason, count in most]
    if document["unresolved"]:
        names = document["unresolved"]
        rows.append(f"not resolved: {counted(len(names), 'name')}, such as {', '.join(names[:8])}")
    return rows_printable([*rows, *limits_text(document)])


def _edge_text(edge: Document) -> str:
    label = edge["slot"] or (edge["kind"] if edge["kind"] in _LABELLED else "")
    if edge["kind"] == EdgeKind.ASSUMED.value:
        label = f"{label}, assumed" if label else "assumed"
    arrow = f"-[{label}]->" if label else "->"
    doubt = "" if edge["confidence"] == Confidence.HIGH.value else f" ({edge['confidence']})"
    return f"  {edge['path']}:{edge['line']}: {edge['from']} {arrow} {edge['to']}{doubt}"
