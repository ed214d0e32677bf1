# SPDX-License-Identifier: GPL-2.0-only
"""What a dirty worktree changes on top of HEAD, found without git looking at the files.

The files that the index is not sure of are compared byte for byte, so no clean filter of
``.gitattributes`` runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kscan.model import KscanError, Skip
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.index import entries, listed
from kscan.source.repository import Repository
from kscan.source.tree import Unreadable, blob_id_of


def worktree_changes(head: CommitTree) -> tuple[dict[str, bytes | None], list[Skip]]:
    """Path to content, for what differs from `head` on disk; and what could not be read.

    Tracked files, and ``.c`` and ``.h`` files that are neither tracked nor ignored.
    """
    repository = head.repository
    if repository.worktree is None:
        raise KscanError(f"{repository.git_dir}: a bare repository has no worktree; give a range")
    disk = DirectoryTree(repository.worktree)
    changes: dict[str, bytes | None] = {}
    skips: list[Skip] = []
    for path, blob in _wanted(repository, head, disk):
        try:
            content = disk.read(path) if disk.exists(path) else None
        except Unreadable as unreadable:
            skips.append(Skip(path, unreadable.reason))
            continue
        if content is None or blob_id_of(content) != blob:
            changes[path] = content
    return changes, skips


def _wanted(
    repository: Repository, head: CommitTree, disk: DirectoryTree
) -> Iterator[tuple[str, str]]:
    """Paths that may differ from `head`, with the blob id they have there, or none."""
    tracked: set[str] = set()
    for path, blob in _tracked(repository, disk.root):
        tracked.add(path)
        known = head.blob_id(path) if head.exists(path) else ""
        if blob != known:
            yield path, known
    for path in head.paths():
        if path not in tracked:
            yield path, head.blob_id(path)
    for path in _untracked(repository, disk.root):
        if path not in tracked and not head.exists(path):
            yield path, ""


def _tracked(repository: Repository, root: Path) -> Iterator[tuple[str, str | None]]:
    """Each path in the index with the blob its file surely has; None where it is not sure."""
    for entry in entries(repository, root):
        is_sure = entry.is_clean or entry.is_left_out
        yield entry.path, entry.blob if is_sure else None


def _untracked(repository: Repository, root: Path) -> Iterator[str]:
    answer = listed(
        repository, root, "--others", "--exclude-standard", "--", ":(glob)**/*.c", ":(glob)**/*.h"
    )
    return (os.fsdecode(path) for path in answer.split(b"\0") if path and path[-1:] != b"/")
