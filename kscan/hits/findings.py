# SPDX-License-Identifier: GPL-2.0-only
"""Findings with who is hit by them, looked up beside the rules where there is a process for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from kscan.hits import who
from kscan.hits.get_maintainer import maintainers
from kscan.model import Finding, Hits
from kscan.source.apart import apart
from kscan.source.tree import Tree


def with_hits(
    tree: Tree,
    findings: tuple[Finding, ...],
    known: Mapping[str, Hits],
    jobs: int | None = None,
) -> tuple[Finding, ...]:
    """`findings` with who is hit by their files, unless `known`, and whom to ask."""
    paths = sorted({finding.primary.path for finding in findings})
    unknown = [path for path in paths if path not in known]
    hits = {**known, **who.hits_of(tree, unknown, jobs)}
    people = {path: maintainers(tree, path) for path in paths}
    return tuple(
        replace(f, hits=hits[f.primary.path], maintainers=people[f.primary.path]) for f in findings
    )


@contextmanager
def beforehand(
    tree: Tree, paths: list[str], nice: int = 0
) -> Iterator[Callable[[], Mapping[str, Hits]]]:
    """Has another process look up who is hit by `paths`; what it yields waits for the answer.

    That process has a priority lower by `nice`, for where others have more to do than it.
    Nothing is looked up for no paths, and nothing is known where the process was ended.
    """
    if not paths:
        yield dict
        return
    with apart(tree, partial(_hits, tree, paths, nice)) as result:
        yield lambda: result() or {}


def _hits(tree: Tree, paths: list[str], nice: int) -> dict[str, Hits]:
    os.nice(nice)
    return who.hits_of(tree, paths, jobs=1)
