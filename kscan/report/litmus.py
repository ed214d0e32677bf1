# SPDX-License-Identifier: GPL-2.0-only
"""A trace arranged as a litmus test: what P0 does, what P1 does, and how the window joins them.

Kernel readers know the layout from ``tools/memory-model``: a column a thread, program order
downwards. P0 is the probing thread, P1 the callback that its registration runs.

A trace lists its steps in the order they are established. Edge steps (call, slot, argument) that
stand directly before the callback's entry are the *way* from the registration to the callback. An
edge step stands at its call site, in the calling function, and its target is the function of the
next step; where the first one does not stand in the registration function itself, each is read
as standing in the function it arrives at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kscan.model import Confidence, Finding, Step, StepKind

EDGES = (StepKind.CALL, StepKind.SLOT, StepKind.ARGUMENT, StepKind.QUEUED)
_ASSUMED = ", assumed by "
"""In the note of an edge that a scenario adds, before the scenario's name."""

_SLOT = re.compile(r"\b[A-Za-z_]\w*\.[A-Za-z_]\w*\b")


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of the way into the callback."""

    label: str
    """Empty for a direct call, ``argument``, or the slot as ``struct.field``; ``assumed`` last."""
    target: str
    """The function it arrives at."""
    step: Step


@dataclass(frozen=True, slots=True)
class Litmus:
    """A trace, arranged."""

    probing: str
    """The function P0 runs in."""
    callback: str
    """The function P1 starts in; empty when the trace has one side only."""
    slot: str
    """The slot P1 is called through, as ``struct.field``; empty when there is none."""
    in_window: bool
    """Whether P1 runs inside a registration that P0 makes."""
    before: tuple[Step, ...]
    """P0 up to and with the registration."""
    origin: str
    """The function the way starts in."""
    way: tuple[Hop, ...]
    inside: tuple[Step, ...]
    """P1."""
    after: tuple[Step, ...]
    """P0 after the registration."""


def arranged(finding: Finding) -> Litmus:
    """The finding's trace as a litmus test, in program order on each side."""
    trace = finding.trace
    entry = _entry(trace)
    start = _way_start(trace, entry)
    way = trace[start:entry]
    rest = [(index, step) for index, step in enumerate(trace) if not start <= index < entry]
    pivot = _pivot(trace, entry)
    probing = [(index, step) for index, step in rest if step.side == 0]
    inside = tuple(step for _, step in rest if step.side == 1)
    origin, hops = _hops(finding, way, inside)
    callback = finding.callback.function if finding.callback and inside else ""
    return Litmus(
        probing=_probing(finding, probing),
        callback=callback or (inside[0].location.function if inside else ""),
        slot=finding.callback.slot if finding.callback else "",
        in_window=finding.registration is not None and bool(inside),
        before=tuple(step for index, step in probing if index <= pivot),
        origin=origin,
        way=hops,
        inside=inside,
        after=tuple(step for index, step in probing if index > pivot),
    )


def weakest_step(finding: Finding) -> Step | None:
    """The first step below high confidence among the least certain ones; None if all are high."""
    step = min(finding.trace, key=lambda s: s.confidence.rank, default=None)
    return None if step is None or step.confidence is Confidence.HIGH else step


def _edge_label(step: Step) -> str:
    """How an edge is labelled: nothing for a direct call, ``argument``, or the slot's name.

    Also ``assumed`` where a scenario adds it.
    """
    if step.kind is StepKind.SLOT:
        called, assumed, _ = step.note.partition(_ASSUMED)
        found = _SLOT.search(called)
        if assumed:
            return f"{found.group()}, assumed" if found else "assumed"
        return found.group() if found else called or "slot"
    return step.kind.value if step.kind in (StepKind.ARGUMENT, StepKind.QUEUED) else ""


def _entry(trace: tuple[Step, ...]) -> int:
    """Index of P1's first step; the trace's length when there is no P1."""
    for index, step in enumerate(trace):
        if step.kind is StepKind.CALLBACK:
            return index
    inside = (i for i, s in enumerate(trace) if s.side == 1 and s.kind not in EDGES)
    return next(inside, len(trace))


def _way_start(trace: tuple[Step, ...], entry: int) -> int:
    start = entry
    if entry == len(trace):
        return start
    while start > 0 and trace[start - 1].kind in EDGES:
        start -= 1
    return start


def _pivot(trace: tuple[Step, ...], entry: int) -> int:
    """Index of the step P1 hangs from: the registration, or what stands before P1."""
    for index, step in enumerate(trace):
        if step.kind is StepKind.REGISTER and step.side == 0:
            return index
    return entry


def _probing(finding: Finding, steps: list[tuple[int, Step]]) -> str:
    if finding.registration:
        return finding.registration.function
    return steps[0][1].location.function if steps else ""


def _hops(
    finding: Finding, way: tuple[Step, ...], inside: tuple[Step, ...]
) -> tuple[str, tuple[Hop, ...]]:
    if not way:
        return "", ()
    api = finding.registration.api if finding.registration else ""
    first = way[0].location.function
    targets = [step.location.function for step in way]
    if not api or first == api:
        last = finding.callback.function if finding.callback else ""
        targets = [*targets[1:], last or (inside[0].location.function if inside else "")]
        origin = first
    else:
        origin = api
    hops = (Hop(_edge_label(s), t, s) for s, t in zip(way, targets, strict=True))
    return origin, tuple(hop for hop in hops if hop.target)
