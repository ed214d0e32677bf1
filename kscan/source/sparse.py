# SPDX-License-Identifier: GPL-2.0-only
"""Sparse checkouts: files of the tree that are not on disk, and are not read there."""

from __future__ import annotations

from kscan.model import KscanError
from kscan.source.directory import DirectoryTree
from kscan.source.index import entries
from kscan.source.repository import Repository
from kscan.wording import counted

_PATTERNS = "info/sparse-checkout"


def told_sparse(tree: DirectoryTree) -> DirectoryTree:
    """`tree`, where it is the top of a sparse checkout with what that leaves out as a skip."""
    absent = _left_out(tree) if (tree.root / ".git").exists() else 0
    if absent:
        what = counted(absent, "tracked file")
        tree.pass_over(".", f"a sparse checkout without {what}: --commit HEAD reads all of them")
    return tree


def _left_out(tree: DirectoryTree) -> int:
    """How many files the index has that are left out of the checkout, and are not there."""
    try:
        repository = Repository(tree.root)
        if not (repository.git_dir / _PATTERNS).is_file():
            return 0
        tracked = entries(repository, tree.root)
        return sum(entry.is_left_out and not tree.exists(entry.path) for entry in tracked)
    except KscanError:
        return 0  # what git says of it is nothing to a directory
