# SPDX-License-Identifier: GPL-2.0-only
"""A tree that is a directory on disk, in git or not; git is asked nothing about its history."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Thread

from kscan.source import git
from kscan.source.search import Text, pathspecs
from kscan.source.searched import SearchedTree, too_large
from kscan.source.tree import LARGEST, Unreadable

_NOT_ASKED = "not asked"
_KEPT_BESIDE = (".jsonl", ".json", ".sarif", ".txt", ".md", ".html", ".toml", ".log", ".mbox")
"""What files at the top end in that are no source: reports, baselines, logs of the user's."""
_SURELY_PAST = 2_000_000_000
"""Nanoseconds after which a file that changes again gets another time."""


class DirectoryTree(SearchedTree):
    """The regular files below a directory; ``.git`` and symbolic links are left out.

    A symbolic link that leaves the tree, or that turns in a circle, is a skip; one within
    the tree is passed over, since its target is a file of the tree anyway.
    """

    def __init__(self, root: Path | str, name: str | None = None) -> None:
        super().__init__()
        self.root = Path(root)
        self.name = str(root) if name is None else name
        self.commit: str | None = None
        self._folders: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._passed_over: dict[str, str] = {}
        self._paths: list[str] | None = None
        self._state: str | None = _NOT_ASKED

    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted."""
        if self._paths is None:
            self._paths = sorted(self._walk())
        return self._paths

    def state(self) -> str | None:
        """A digest of names, sizes, times and inodes of all files of source, and of skips.

        None where a file cannot be asked, or changed so lately that its time need not tell.
        """
        if self._state is _NOT_ASKED:
            self._state = self._digest_of_times()
        return self._state

    def _digest_of_times(self) -> str | None:
        top = f"{os.fspath(self.root)}/"
        parts: list[str] = []
        newest = 0
        try:
            for path in self.paths():
                if "/" not in path and path.endswith(_KEPT_BESIDE):
                    continue
                status = os.lstat(top + path)
                changed = status.st_ctime_ns
                newest = max(newest, changed)
                parts.append(
                    f"{path}\0{status.st_size} {status.st_mtime_ns} {changed} {status.st_ino}\n"
                )
        except OSError:
            return None
        parts += [f"{path}\0{reason}\n" for path, reason in sorted(self._passed_over.items())]
        if newest > time.time_ns() - _SURELY_PAST:
            return None
        return sha256(os.fsencode("".join(parts))).hexdigest()

    def _walk(self) -> Iterator[str]:
        pending = [""]
        while pending:
            directory = pending.pop()
            files, folders = self._folder(directory)
            below = f"{directory}/" if directory else ""
            pending += [below + folder for folder in folders]
            yield from (below + file for file in files)

    def has_source(self) -> bool:
        """There is a ``.c`` file; looks no further than the first."""
        return any(path.endswith(".c") for path in self._walk())

    def _folder(self, directory: str) -> tuple[frozenset[str], frozenset[str]]:
        """Names of the files and the directories in `directory`, which is one of the tree."""
        known = self._folders.get(directory)
        if known is None:
            known = self._folders[directory] = self._scan(directory)
        return known

    def _scan(self, directory: str) -> tuple[frozenset[str], frozenset[str]]:
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(self.root / directory) as entries:
                for entry in entries:
                    if entry.name == ".git":
                        continue
                    if entry.is_symlink():
                        self._skip_stray_link(directory, entry.name)
                    elif entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
        except OSError as error:
            self.pass_over(directory or ".", _reason(error))
        return frozenset(files), frozenset(folders)

    def _skip_stray_link(self, directory: str, name: str) -> None:
        path = f"{directory}/{name}" if directory else name
        try:
            target = (self.root / path).resolve(strict=True)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self.pass_over(path, "a symbolic link that turns in a circle, not followed")
            return
        except RuntimeError:  # what Python before 3.13 calls a circle
            self.pass_over(path, "a symbolic link that turns in a circle, not followed")
            return
        if not target.is_relative_to(self.root.resolve()):
            self.pass_over(path, "a symbolic link out of the tree, not followed")

    def pass_over(self, path: str, reason: str) -> None:
        """Counts a skip that is met on the walk."""
        self._skips[path] = self._passed_over[path] = reason

    def _is_folder(self, directory: str) -> bool:
        """`directory` is reached from the root through directories alone, no symbolic link."""
        if not directory or directory in self._folders:
            return True
        parent, _, name = directory.rpartition("/")
        return self._is_folder(parent) and name in self._folder(parent)[1]

    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""
        parent, _, name = path.rpartition("/")
        return self._is_folder(parent) and name in self._folder(parent)[0]

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory`, sorted."""
        directory = directory.strip("/")
        if not self._is_folder(directory):
            return []
        below = f"{directory}/" if directory else ""
        return sorted(below + name for name in self._folder(directory)[0])

    def _open(self, path: str) -> tuple[int, int]:
        """A handle on the regular file `path`, and its size."""
        if not self.exists(path):
            raise Unreadable(path, "no such file in the tree")
        try:
            place = f"{os.fspath(self.root)}/{path}"
            handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise Unreadable(path, _reason(error)) from error
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise Unreadable(path, "not a regular file")
        return handle, status.st_size

    def _content(self, path: str) -> bytes:
        handle, size = self._open(path)
        try:
            if size > LARGEST:
                raise Unreadable(path, too_large(size))
            return _whole(handle, size)
        except OSError as error:
            raise Unreadable(path, _reason(error)) from error
        finally:
            os.close(handle)

    def text(self, path: str) -> Text:
        """The bytes of `path` to search in, however many; raises `Unreadable`."""
        handle, size = self._open(path)
        try:
            if size > LARGEST:
                return mmap(handle, 0, access=ACCESS_READ)
            return _whole(handle, size)
        except OSError as error:
            raise Unreadable(path, _reason(error)) from error
        finally:
            os.close(handle)

    def _sizes(self, paths: Sequence[str]) -> Mapping[str, int]:
        sizes: dict[str, int] = {}
        top = f"{os.fspath(self.root)}/"
        for path in paths:
            try:
                sizes[path] = os.lstat(top + path).st_size
            except OSError as error:
                self._skips[path] = _reason(error)
        return sizes

    def _grep(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> tuple[bytes, int] | None:
        walk = Thread(target=self.paths)  # the disk is read once for both
        if not under and self._paths is None:
            walk.start()
        output = git.grep_directory(self.root, options, pathspecs(suffixes, under))
        if walk.ident is not None:
            walk.join()
        return None if output is None else (output, 0)


def _whole(handle: int, size: int) -> bytes:
    """All bytes from `handle`, at most `LARGEST` of them."""
    parts: list[bytes] = []
    left = LARGEST
    while left and (part := os.read(handle, min(left, size + 1))):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
