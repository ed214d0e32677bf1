# SPDX-License-Identifier: GPL-2.0-only
"""What a partial clone lacks of a tree: it may be why an answer fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kscan.model import KscanError
from kscan.source.beside import BesideTree
from kscan.source.commit import CommitTree
from kscan.source.patched import PatchedTree
from kscan.source.tree import Tree


@contextmanager
def laid_to_absence(*trees: Tree) -> Iterator[None]:
    """Where what is inside fails and a blob of one of `trees` is not here, says that instead."""
    try:
        yield
    except KscanError as error:
        for tree in trees:
            said = _absence(tree)
            if said:
                raise KscanError(said) from error
        raise


def _absence(tree: Tree) -> str:
    below = tree
    while isinstance(below, PatchedTree | BesideTree):
        below = below.base
    if not isinstance(below, CommitTree):
        return ""
    commit, name = (tree.commit, tree.name) if tree.commit else (below.commit, below.name)
    return below.repository.absence(commit, name)
