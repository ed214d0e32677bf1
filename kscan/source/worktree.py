# SPDX-License-Identifier: GPL-2.0-only
"""What a dirty worktree changes on top of HEAD, found without git looking at the files.

The index is read, never refreshed, and the files are compared byte for byte, so no clean
filter of ``.gitattributes`` runs.  A file whose size and times are those the index recorded
is taken as unchanged, as git does, unless it was written as late as the index itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from kscan.model import KscanError, Skip
from kscan.source import git
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.repository import REGULAR, Repository
from kscan.source.tree import Unreadable, blob_id_of

_ENTRY = re.compile(
    rb"(?P<mode>\d{6}) (?P<blob>[0-9a-f]+) (?P<stage>\d)\t(?P<path>[^\0]*)\0"
    rb"  ctime: (?P<csec>\d+):(?P<cnsec>\d+)\n  mtime: (?P<msec>\d+):(?P<mnsec>\d+)\n"
    rb"  dev: \d+\tino: (?P<ino>\d+)\n  uid: \d+\tgid: \d+\n"
    rb"  size: (?P<size>\d+)\tflags: (?P<flags>[0-9a-f]+)\n"
)
_SKIP_WORKTREE = 1 << 30
_INTENT_TO_ADD = 1 << 29


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
    written = _index_time(repository.git_dir / "index")
    top = os.fsencode(root) + b"/"
    for match in _ENTRY.finditer(_listed(repository, root, "--stage", "--debug")):
        path = os.fsdecode(match["path"])
        if match["mode"] not in REGULAR:
            continue
        flags = int(match["flags"], 16)
        if flags & _SKIP_WORKTREE:  # left out of a sparse checkout: not on disk, not removed
            yield path, match["blob"].decode()
        elif match["stage"] != b"0" or flags & _INTENT_TO_ADD:
            yield path, None
        else:
            clean = _is_clean(top + match["path"], match, written)
            yield path, match["blob"].decode() if clean else None


def _is_clean(file: bytes, entry: re.Match[bytes], index_written: int) -> bool:
    try:
        status = os.lstat(file)
    except OSError:
        return False
    recorded = int(entry["msec"]) * 1_000_000_000 + int(entry["mnsec"])
    return (
        status.st_mtime_ns == recorded
        and recorded < index_written
        and int(status.st_ctime) == int(entry["csec"])
        and status.st_size == int(entry["size"])
        and status.st_ino & 0xFFFFFFFF == int(entry["ino"])
    )


def _index_time(index: Path) -> int:
    try:
        return index.stat().st_mtime_ns
    except OSError:
        return 0


def _untracked(repository: Repository, root: Path) -> Iterator[str]:
    answer = _listed(
        repository, root, "--others", "--exclude-standard", "--", ":(glob)**/*.c", ":(glob)**/*.h"
    )
    return (os.fsdecode(path) for path in answer.split(b"\0") if path and path[-1:] != b"/")


def _listed(repository: Repository, root: Path, *options: str) -> bytes:
    done = git.finished(
        ["ls-files", "-z", *options], root, git.environment(repository.git_dir, root)
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
            "git ls-files failed"
        ]
        raise KscanError(f"{root}: {said[0]}")
    return done.stdout
