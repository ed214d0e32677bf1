# SPDX-License-Identifier: GPL-2.0-only
"""Findings with who is hit by them, looked up beside the rules where there is a process for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from kscan.hits import firmware, who
from kscan.hits.get_maintainer import maintainers
from kscan.model import Finding, Hits
from kscan.source.apart import apart
from kscan.source.tree import Tree

Known = Mapping[tuple[str, bool], Hits]
"""Who is hit, by file and whether it was looked at alone."""


def with_hits(
    tree: Tree,
    findings: tuple[Finding, ...],
    known: Known,
    jobs: int | None = None,
) -> tuple[Finding, ...]:
    """`findings` with who is hit by their files, unless `known`, and whom to ask.

    The files that build into one object are one driver, but not where they are of the core: of
    what makes up ``drivers/acpi/acpi.o`` each is looked at alone.
    """
    paths = {finding.primary.path for finding in findings}
    alone = paths - {finding.primary.path for finding in findings if not _is_of_core(finding)}
    unknown = sorted(path for path in paths if (path, path in alone) not in known)
    hits = {**known, **_looked_up(tree, unknown, alone, jobs)}
    people = {path: maintainers(tree, path) for path in sorted(paths)}
    return tuple(
        replace(f, hits=hits[path, path in alone], maintainers=people[path])
        for f in findings
        for path in [f.primary.path]
    )


@contextmanager
def beforehand(
    tree: Tree, paths: Collection[str], alone: Collection[str], nice: int = 0
) -> Iterator[Callable[[], Known]]:
    """Has another process look up who is hit by `paths`; what it yields waits for the answer.

    Of those in `alone` no other file is looked at. That process has a priority lower by `nice`,
    for where others have more to do than it. Nothing is looked up for no paths, and nothing is
    known where the process was ended.
    """
    if not paths:
        yield dict
        return
    with apart(tree, partial(_nicely, tree, paths, alone, nice)) as result:
        yield lambda: result() or {}


def _nicely(tree: Tree, paths: Collection[str], alone: Collection[str], nice: int) -> Known:
    os.nice(nice)
    return _looked_up(tree, paths, alone, 1)


def _looked_up(
    tree: Tree, paths: Collection[str], alone: Collection[str], jobs: int | None
) -> Known:
    found = who.hits_of(tree, paths, jobs, alone)
    known = {(path, path in alone): hits for path, hits in found.items()}
    both = {path for path in alone if path in found and firmware.stands_alone(tree, path)}
    return known | {(path, False): found[path] for path in both}


def _is_of_core(finding: Finding) -> bool:
    """The registration itself runs it, and no driver has a part in it."""
    return finding.registration is None and all(step.side == 1 for step in finding.trace)
