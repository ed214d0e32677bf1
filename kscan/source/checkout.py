# SPDX-License-Identifier: GPL-2.0-only
"""A commit searched in the checkout beside it, as far as the two are alike.

To search a commit git must unpack every blob of it; the files of a checkout lie open.  What
differs is searched in the commit, so the answer is the commit's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kscan.model import KscanError
from kscan.source import git
from kscan.source.directory import DirectoryTree
from kscan.source.index import entries
from kscan.source.repository import Repository
from kscan.source.search import RECORD, pathspecs
from kscan.source.tree import Unreadable, blob_id_of, is_below

MOST = 300
"""Files that may differ; with more of them the commit is searched whole."""

_REWRITES = re.compile(rb"\b(?:filter|ident|working-tree-encoding)\b")
"""Attributes with which git writes other words to disk than the blob has."""


@dataclass
class Checkout:
    """The worktree of a repository beside one commit."""

    repository: Repository
    root: Path
    commit: str
    otherwise: Sequence[str]
    """Files that the commit has and the worktree has not, or has otherwise."""
    foreign: Sequence[str]
    """Tracked files of the worktree that the commit has not, or has otherwise."""

    def read(self, path: str, blob: str) -> bytes | None:
        """The bytes of `path`, if they are on disk what `blob` has; None: look there."""
        try:
            content = self._disk.read(path)
        except Unreadable:
            return None
        return content if blob_id_of(content) == blob else None

    @cached_property
    def _disk(self) -> DirectoryTree:
        return DirectoryTree(self.root)

    def grep(
        self,
        options: Sequence[str],
        suffixes: Sequence[str],
        under: Sequence[str],
        early: bytes | None = None,
    ) -> bytes | None:
        """What ``git grep -z`` finds in the commit, without its id before each path.

        `early` is what `worktree_grep` found in the whole worktree, if that was asked already.
        None where git cannot answer for every file.
        """
        if early is None:
            alike = worktree_grep(self.repository, options, suffixes, under, self.foreign)
        else:
            alike = _without(early, self.foreign, "-l" in options)
        rest = self._otherwise(options, suffixes, under)
        return None if alike is None or rest is None else alike + rest

    def _otherwise(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> bytes | None:
        """What is found in the files that only the commit has as they are."""
        wanted = [
            f":(literal){path}"
            for path in self.otherwise
            if path.endswith(tuple(suffixes)) and is_below(path, under)
        ]
        if not wanted:
            return b""
        found = self.repository.grep(options, self.commit, wanted)
        prefix = re.escape(self.commit.encode() + b":")
        return None if found is None else re.sub(rb"(?<![^\0\n])" + prefix, b"", found)


def worktree_grep(
    repository: Repository,
    options: Sequence[str],
    suffixes: Sequence[str],
    under: Sequence[str],
    excluded: Sequence[str] = (),
) -> bytes | None:
    """What ``git grep -z`` finds in the tracked files of the worktree; None where it cannot."""
    root = repository.worktree
    if root is None:
        return None
    specs = [*pathspecs(suffixes, under), *(f":(exclude,literal){path}" for path in excluded)]
    line = ["grep", *git.GREP_PLAINLY, *options, "--", *specs]
    try:
        return git.grep_output(git.finished(line, root, git.environment(repository.git_dir, root)))
    except KscanError:
        return None


def _without(found: bytes, paths: Sequence[str], names_only: bool) -> bytes:
    """What ``git grep -z`` printed, but for `paths`."""
    if not paths:
        return found
    gone = {os.fsencode(path) for path in paths}
    if names_only:
        return b"".join(path + b"\0" for path in found.split(b"\0") if path and path not in gone)
    return b"".join(match[0] for match in RECORD.finditer(found) if match[1] not in gone)


def beside(repository: Repository, commit: str, files: Mapping[str, str]) -> Checkout | None:
    """The checkout of `repository`, if it is much like `commit`, which has `files`; else None.

    `files` gives the blob id of each path.
    """
    root = repository.worktree
    if root is None or _is_rewritten(repository, files):
        return None
    same: set[str] = set()
    foreign: list[str] = []
    try:
        for entry in entries(repository, root):
            if entry.is_clean and not entry.is_left_out and files.get(entry.path) == entry.blob:
                same.add(entry.path)
            else:
                foreign.append(entry.path)
    except KscanError:
        return None
    otherwise = [path for path in files if path not in same]
    if len(otherwise) > MOST or len(foreign) > MOST:
        return None
    return Checkout(repository, root, commit, otherwise, foreign)


def _is_rewritten(repository: Repository, files: Mapping[str, str]) -> bool:
    """Some attribute may make git write other words to disk than a blob has."""
    for path, blob in files.items():
        if path.rpartition("/")[2] == ".gitattributes":
            content, _ = repository.blob(blob)
            if content is None or _REWRITES.search(content):
                return True
    try:
        own = (repository.shared_dir / "info" / "attributes").read_bytes()
    except OSError:
        return False
    return _REWRITES.search(own) is not None
