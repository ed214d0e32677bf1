# SPDX-License-Identifier: GPL-2.0-only
"""Why a device was not served before its driver was bound: findings that leave it unserved.

The line that says so is printed on one of three ways: a registration's walk meets a device
that has its driver already, a bus configures the device at bind, or a driver calls the bus's
part itself.  The innermost of the functions that begin these ways tells which it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kscan.hits import firmware
from kscan.hits.boards import Board
from kscan.hits.who import boards_of
from kscan.model import Effect, Finding, Report
from kscan.source.tree import Tree, Unreadable
from kscan.triage.incident import Incident
from kscan.triage.match import Strength, Verdict, place_on
from kscan.triage.signatures import Signature

_PLATFORM = re.compile(r"^([0-9a-f]{1,16})\.([\w,.+-]{1,64})$")
_BOARD = re.compile(r"^\S+(?: \((.*)\))?$")
_CALL = r"->\s*{}\s*\("


class Devices:
    """Which devices are behind which drivers, found when first asked for.

    With a `tree` by the devicetree of each board; without, by the findings' own ``hits``.
    """

    def __init__(self, report: Report, tree: Tree | None = None) -> None:
        self.report = report
        self.tree = tree
        self._known: dict[str, _Hardware] = {}

    def behind(self, findings: list[Finding]) -> dict[str, _Hardware]:
        """The hardware of each finding's driver, by the finding's path."""
        new = [finding for finding in findings if finding.primary.path not in self._known]
        if new:
            self._known |= _hardware(new, self.tree)
        return self._known


def why_late(incident: Incident, devices: Devices, signature: Signature) -> Verdict:
    """What of an audit explains that `incident` printed the line of `signature`."""
    report = devices.report
    outside = _called_outside(incident, report, signature)
    if outside is not None:
        return outside
    bind = _innermost(incident, signature.bind)
    walk = _innermost(incident, tuple({e.registration.api for e in report.window}))
    if walk is not None and (bind is None or walk < bind):
        return _walked(incident, signature, devices.tree)
    return _bound(incident, devices, signature)


def _innermost(incident: Incident, functions: tuple[str, ...]) -> int | None:
    places = (place for place, name in enumerate(incident.functions) if name in functions)
    return next(places, None)


def _called_outside(incident: Incident, report: Report, signature: Signature) -> Verdict | None:
    """The finding that says who on the trace calls the bus's part where it does not belong."""
    for finding in report.findings:
        if finding.rule not in signature.called_outside or finding.callback is not None:
            continue
        place = place_on(incident, finding.primary.function, finding.primary.path)
        bind = _innermost(incident, signature.bind)
        if place is not None and (bind is None or place < bind):
            why = f"{finding.primary.function}() on the trace is what the finding is about"
            return Verdict(Strength.STRONG, finding, why)
    return None


def _walked(incident: Incident, signature: Signature, tree: Tree | None) -> Verdict:
    """A registration's walk met the device: it says nothing about a bind."""
    met = f"the walk inside a registration met {_device(incident)}, which had a driver already"
    before = _before_filter(incident, signature, tree) if tree is not None else None
    if before:
        said = (
            f"here the line is printed before ops->{signature.filter}() has said whether the "
            "device is served at all: for this device it need not mean anything"
        )
    elif before is None:
        said = "not explained: this tree does not print the line, so nothing here says why"
    else:
        said = "not explained: it was bound before its IOMMU was registered, or meanwhile"
    return Verdict(Strength.NONE, None, f"{met}; {said}")


def _before_filter(incident: Incident, signature: Signature, tree: Tree) -> bool | None:
    """The line is printed before the filtering callback is asked; None if not in this tree."""
    paths = dict.fromkeys(frame.path for frame in incident.frames if frame.path.endswith(".c"))
    for path in paths:
        try:
            text = tree.read(path).decode("utf-8", "replace") if tree.exists(path) else ""
        except Unreadable:
            continue
        printed = text.find(signature.phrase)
        if printed >= 0:
            end = text.find("\n}", printed)
            rest = text[printed : end if end >= 0 else len(text)]
            return re.search(_CALL.format(re.escape(signature.filter)), rest) is not None
    return None


def _bound(incident: Incident, devices: Devices, signature: Signature) -> Verdict:
    """A bus configured the device at bind: who left it unserved until then?"""
    found = devices.report.findings
    candidates = [f for f in found if f.rule in signature.explained_by and f.callback]
    hardware = devices.behind(candidates)
    ties = [
        (tie, finding)
        for finding in candidates
        if (tie := _tie(incident, hardware[finding.primary.path], finding.driver))
    ]
    if not ties:
        return Verdict(Strength.NONE, None, _untied(incident, candidates))
    ties.sort(key=lambda pair: (pair[0].guess, pair[1].effect is not Effect.DECLINED))
    tie, best = ties[0]
    others = tuple(finding for _, finding in ties[1:])
    return Verdict(Strength.PARTIAL, best, _story(incident, tie, best), others, tie.guess)


def _story(incident: Incident, tie: _Tie, finding: Finding) -> str:
    assert finding.callback is not None
    api = f"{finding.registration.api}()" if finding.registration else "a registration"
    doing = "declines" if finding.effect is Effect.DECLINED else "goes wrong"
    return (
        f"{tie.why}; {finding.callback.function}() of that driver {doing} while {api} walks the "
        f"devices, so {_device(incident)} is left to be served when "
        f"{incident.driver or 'its driver'} binds"
    )


def _device(incident: Incident) -> str:
    """What the line names, where the log has it."""
    return incident.device or "the device, which the log does not name,"


def _untied(incident: Incident, candidates: list[Finding]) -> str:
    if not candidates:
        return "not explained: no finding leaves a device unserved until its driver binds"
    return (
        f"not explained: nothing ties {_device(incident)} to a driver that has such a finding: "
        f"{', '.join(sorted({finding.driver for finding in candidates}))}"
    )


@dataclass(frozen=True, slots=True)
class _Hardware:
    """The boards of one driver and the devices behind it."""

    models: frozenset[str]
    nodes: frozenset[str]
    """Nodes of the devices it serves, on any board."""
    by_model: dict[str, set[str]] | None = None
    """The same by board; None where only the sum is known."""


def _hardware(findings: list[Finding], tree: Tree | None) -> dict[str, _Hardware]:
    """By the file of each finding: from `tree`, or from the findings' own ``hits``."""
    if tree is None:
        return {finding.primary.path: _from_hits(finding) for finding in findings}
    paths = dict.fromkeys(finding.primary.path for finding in findings)
    compatibles = {path: firmware.matches(tree, path).compatibles for path in paths}
    return {path: _from_boards(boards) for path, boards in boards_of(tree, compatibles).items()}


def _from_hits(finding: Finding) -> _Hardware:
    boards = (_BOARD.match(board) for board in finding.hits.boards)
    models = frozenset(board[1] for board in boards if board and board[1])
    return _Hardware(models, frozenset(c.partition(" ")[0] for c in finding.hits.clients))


def _from_boards(boards: tuple[Board, ...]) -> _Hardware:
    by_model: dict[str, set[str]] = {}
    for board in boards:
        by_model.setdefault(board.model, set()).update(client.node for client in board.clients)
    nodes = frozenset(node for nodes in by_model.values() for node in nodes)
    return _Hardware(frozenset(by_model), nodes, by_model)


@dataclass(frozen=True, slots=True)
class _Tie:
    """Why a device is thought to hang on a driver."""

    why: str
    guess: bool


def _tie(incident: Incident, known: _Hardware, driver: str) -> _Tie | None:
    """How the incident's device hangs on `driver`; None if nothing says that it does."""
    node, device = node_of(incident.device), incident.device
    here = bool(incident.hardware) and incident.hardware in known.models
    if here and known.by_model is not None and node in known.by_model[incident.hardware]:
        return _Tie(f"the devicetree of this board puts {device} behind {driver}", guess=False)
    if here and known.by_model is None and node in known.nodes:
        return _Tie(
            f"a guess: this board has {driver}, which serves {node} on some board", guess=True
        )
    if here and not node:
        return _Tie(f"a guess: this board has {driver}", guess=True)
    if not here and node in known.nodes:
        return _Tie(f"a guess: {driver} serves {node} on another board", guess=True)
    return None


def node_of(device: str) -> str:
    """The devicetree node of a platform device: ``sata@ee300000`` for ``ee300000.sata``.

    Empty for a device that is not named so (``of_device_make_bus_id()``, drivers/of/device.c).
    """
    named = _PLATFORM.match(device)
    return f"{named[2]}@{named[1]}" if named else ""
