# SPDX-License-Identifier: GPL-2.0-only
"""A tree that is a directory on disk, in git or not; git is asked nothing about its history."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from kscan.model import Skip
from kscan.source import git, search
from kscan.source.tree import (
    C_SUFFIXES,
    LARGEST,
    DefinitionIndex,
    Unreadable,
    blob_id_of,
    is_below,
    version_in_makefile,
)

_GLOB_CHARACTERS = str.maketrans({c: "\\" + c for c in "\\*?["})


class DirectoryTree:
    """The regular files below a directory; ``.git`` and symbolic links are left out."""

    def __init__(self, root: Path | str, name: str | None = None) -> None:
        self.root = Path(root)
        self.name = str(root) if name is None else name
        self.commit: str | None = None
        self._folders: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._paths: list[str] | None = None
        self._skips: dict[str, str] = {}
        self._indices: dict[tuple[str, ...], DefinitionIndex] = {}

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read, so far; one per path, sorted."""
        return [Skip(path, reason) for path, reason in sorted(self._skips.items())]

    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted."""
        if self._paths is None:
            self._paths = sorted(self._walk())
        return self._paths

    def _walk(self) -> Iterator[str]:
        pending = [""]
        while pending:
            directory = pending.pop()
            files, folders = self._folder(directory)
            below = f"{directory}/" if directory else ""
            pending += [below + folder for folder in folders]
            yield from (below + file for file in files)

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
                    if entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                        folders.append(entry.name)
        except OSError as error:
            self._skips[directory or "."] = _reason(error)
        return frozenset(files), frozenset(folders)

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

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`, and counts a skip, where there are none."""
        try:
            return self._content(path)
        except Unreadable as unreadable:
            self._skips[path] = unreadable.reason
            raise

    def _content(self, path: str) -> bytes:
        if not self.exists(path):
            raise Unreadable(path, "no such file in the tree")
        try:
            handle = os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise Unreadable(path, _reason(error)) from error
        with open(handle, "rb") as file:  # noqa: PTH123
            return _bytes_of(path, file.fileno())

    def blob_id(self, path: str) -> str:
        """The git blob id of `path`; raises `Unreadable`."""
        return blob_id_of(self.read(path))

    def kernel_version(self) -> str:
        """The version in the top-level Makefile; empty where it does not say."""
        return version_in_makefile(self.read("Makefile")) if self.exists("Makefile") else ""

    def files_with(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Sequence[str]:
        """Files that contain any of `words` as a whole word, sorted."""
        if not words:
            return []
        choices = [part for word in sorted(words) for part in ("-e", word)]
        globs = _globs(suffixes, under)
        output = git.grep_directory(self.root, ["-l", "-w", "-F", *choices], globs)
        if output is None:
            return self._files_with_slowly(words, suffixes, under)
        found = (os.fsdecode(path) for path in output.split(b"\0") if path)
        return sorted(path for path in found if self._is_small(path))

    def _files_with_slowly(
        self, words: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> Sequence[str]:
        pattern = search.word_pattern(words)
        contents = self._contents(suffixes, under)
        return [path for path, content in contents if pattern.search(content)]

    def _contents(
        self, suffixes: Sequence[str], under: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        for path in self.paths():
            if path.endswith(tuple(suffixes)) and is_below(path, under):
                try:
                    yield path, self.read(path)
                except Unreadable:
                    continue

    def _is_small(self, path: str) -> bool:
        size = (self.root / path).lstat().st_size
        if size > LARGEST:
            self._skips[path] = _too_large(size)
        return size <= LARGEST

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of function definitions, made when first asked for."""
        key = tuple(suffixes)
        if key not in self._indices:
            self._indices[key] = self._definitions(key)
        return self._indices[key]

    def _definitions(self, suffixes: tuple[str, ...]) -> DefinitionIndex:
        pattern = f"^{search.DEFINITION_HEAD}\\K{search.DEFINITION_NAME}{search.DEFINITION_TAIL}"
        output = git.grep_directory(self.root, ["-o", "-P", "-e", pattern], _globs(suffixes, ()))
        if output is None:
            contents = self._contents(suffixes, ())
            return search.NameIndex((p, search.defined_names(c)) for p, c in contents)
        return search.NameIndex(
            (os.fsdecode(path), [name])
            for path, name in search.grep_records(output)
            if name not in search.NOT_FUNCTIONS
        )


def _globs(suffixes: Sequence[str], under: Sequence[str]) -> list[str]:
    """Pathspecs of the files that end in one of `suffixes`, below one of `under`."""
    tops = [top.strip("/").translate(_GLOB_CHARACTERS) for top in under] or [""]
    tops = [f"{top}/**/" if top else "**/" for top in tops]
    return [f":(glob){top}*{suffix}" for top in tops for suffix in suffixes]


def _bytes_of(path: str, handle: int) -> bytes:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(path, "not a regular file")
    if status.st_size > LARGEST:
        raise Unreadable(path, _too_large(status.st_size))
    with open(handle, "rb", closefd=False) as file:
        return file.read()


def _too_large(size: int) -> str:
    return f"larger than {LARGEST >> 20} MB ({size >> 20} MB), not read"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
