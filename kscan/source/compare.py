# SPDX-License-Identifier: GPL-2.0-only
"""Which files differ between two directories that git knows nothing of."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kscan.source.directory import DirectoryTree
from kscan.source.tree import C_SUFFIXES, Tree, Unreadable

_THREADS = 4
_ALIKE = 0.5
"""Share of common lines from which a moved file is a rename, as for ``git diff -M``."""


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """A file that differs; one path is None where it was added or removed."""

    old: str | None
    new: str | None


def changed_files(old: DirectoryTree, new: DirectoryTree) -> Sequence[ChangedPath]:
    """The files that differ, renames paired, sorted; each content is read at most once."""
    before, after = set(old.paths()), set(new.paths())
    edited = _differing(old, new, sorted(before & after))
    removed, added = sorted(before - after), sorted(after - before)
    renames = dict(_renames(old, new, removed, added))
    gone = set(renames) | set(renames.values())
    changes = [ChangedPath(path, path) for path in edited]
    changes += [ChangedPath(source, target) for source, target in renames.items()]
    changes += [ChangedPath(path, None) for path in removed if path not in gone]
    changes += [ChangedPath(None, path) for path in added if path not in gone]
    return sorted(changes, key=lambda change: change.new or change.old or "")


def _differing(old: DirectoryTree, new: DirectoryTree, paths: Sequence[str]) -> list[str]:
    """Those of `paths`, which both have, with another content; reading lets go of the lock."""
    slices = [paths[start : start + 500] for start in range(0, len(paths), 500)]
    with ThreadPoolExecutor(_THREADS) as threads:
        answers = threads.map(
            lambda part: [path for path in part if not _is_same(old, new, path)], slices
        )
        return [path for answer in answers for path in answer]


def _is_same(old: DirectoryTree, new: DirectoryTree, path: str) -> bool:
    """Both have the same bytes at `path`; one that cannot be read is taken as changed."""
    try:
        before, after = (old.root / path).lstat(), (new.root / path).lstat()
        if before.st_size != after.st_size:
            return False
        return os.path.samestat(before, after) or old.text(path)[:] == new.text(path)[:]
    except (Unreadable, OSError):
        return False


def _renames(
    old: Tree, new: Tree, removed: Sequence[str], added: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Pairs of C files, removed and added, of the same name and mostly the same lines."""
    free: dict[str, list[str]] = {}
    for path in added:
        if path.endswith(C_SUFFIXES):
            free.setdefault(path.rpartition("/")[2], []).append(path)
    for path in removed:
        candidates = free.get(path.rpartition("/")[2], [])
        ranked = [(_likeness(old, new, path, other), other) for other in candidates[:16]]
        if ranked and (best := max(ranked))[0] >= _ALIKE:
            candidates.remove(best[1])
            yield path, best[1]


def _likeness(old: Tree, new: Tree, path: str, other: str) -> float:
    """Share of lines that two files have in common, blank ones apart, 0 to 1."""
    try:
        before = Counter(line for line in old.read(path).split(b"\n") if line)
        after = Counter(line for line in new.read(other).split(b"\n") if line)
    except Unreadable:
        return 0.0
    return (before & after).total() / max(before.total(), after.total(), 1)
