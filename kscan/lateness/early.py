# SPDX-License-Identifier: GPL-2.0-only
"""What a function writes on the way to a call in it: for sure, or on some ways only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kscan.flow.cfg import Cfg, Kind, Node, flow_of
from kscan.flow.conditions import reduced
from kscan.flow.places import Place, place_of
from kscan.flow.written import Write
from kscan.kernel.functions import Functions
from kscan.program.types import Scope


def written_before(
    scope: Scope, functions: Functions, target: Node, at: Callable[[Node], Iterable[Write]]
) -> Iterator[tuple[Place, tuple[Write, ...], bool]]:
    """The places written before `target`: the writes `at` some nodes, and if on every way.

    A test that finds the place set will do: ``if (!dma_dev) dma_dev = dev;``. What is run later may
    have written it by then, or not. Nothing but zero is what a fresh object holds anyway.
    """
    cfg = flow_of(scope.program, scope.function)
    found: dict[Place, dict[int, Write]] = {}
    for index in sorted(cfg.reaching(target.index)):
        for write in at(cfg.nodes[index]):
            known = found.setdefault(write.place, {})
            if index not in known or known[index].is_later:
                known[index] = write
    for place, several in found.items():
        if all(write.is_zero for write in several.values()):
            continue
        at_once = {index for index, write in several.items() if not write.is_later}
        sure = cfg.passes(at_once, target.index)
        if not sure:
            tests = [
                node.index
                for node, empty in _asking(scope, functions, cfg, place)
                if empty in at_once or cfg.passes_between(empty, at_once, target.index)
            ]
            sure = bool(tests) and cfg.passes({*at_once, *tests}, target.index)
        yield place, tuple(several.values()), sure


def _asking(
    scope: Scope, functions: Functions, cfg: Cfg, place: Place
) -> Iterator[tuple[Node, int]]:
    """The tests whether `place` is set, with the node that comes where it is not."""
    for node in cfg.nodes:
        if node.kind is Kind.BRANCH and node.expr is not None:
            asked = reduced(node.expr)
            if place_of(scope, functions, asked.test) == place:
                yield node, node.then[1 if asked.holds else 0]
