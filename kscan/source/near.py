# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a misspelt name may be meant for, static ones too, without a search of the tree.

Functions of a driver begin as its file is called, or as those of external linkage in that file
begin: ``foo_iommu_probe()`` stands in ``foo_iommu.c``.  Only files so found are looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os.path import commonprefix
from posixpath import basename

from kscan.source.search import functions_named
from kscan.source.tree import DefinitionIndex, Tree, Unreadable

MOST = 30
"""Files that are looked into: those that begin alike the longest."""
_LEAST = 3
"""Letters that have to be the same."""


def defined_near(
    tree: Tree,
    name: str,
    counts: Callable[[str], bool] = lambda _path: True,
    index: DefinitionIndex | None = None,
) -> set[str]:
    """What the C files define that begin as `name` does, or have in `index` what begins so."""
    found: set[str] = set()
    for path in _near(tree, name, counts, index):
        try:
            found.update(each.decode() for each in functions_named(tree.read(path)))
        except Unreadable:
            continue
    return found


def _near(
    tree: Tree, name: str, counts: Callable[[str], bool], index: DefinitionIndex | None
) -> list[str]:
    """The files to look into."""
    alike: dict[str, int] = {}
    for path, other in _known(tree, name, index):
        if counts(path):
            start = commonprefix((name, other))  # noqa: RUF071  characters are meant
            alike[path] = max(alike.get(path, 0), len(start))
    return sorted(alike, key=lambda path: (-alike[path], path))[:MOST]


def _known(tree: Tree, name: str, index: DefinitionIndex | None) -> Iterator[tuple[str, str]]:
    """C files, each with its name or that of a function in it, that begin as `name` does."""
    start = name[:_LEAST]
    for path in tree.paths():
        stem = basename(path).removesuffix(".c").replace("-", "_")
        if path.endswith(".c") and stem.startswith(start):
            yield path, stem
    if index is None:
        return
    for other in index.names():
        if other.startswith(start):
            yield from ((path, other) for path in index.files(other))
