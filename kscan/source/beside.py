# SPDX-License-Identifier: GPL-2.0-only
"""A tree with directories beside it that are built against it: drivers kept out of the kernel.

What ``make M=dir`` builds (Documentation/kbuild/modules.rst) stands below `EXTERNAL` here, each
directory under its own name, as if it were part of the tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from kscan.model import KscanError, Skip
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.patched import PatchedTree
from kscan.source.tree import (
    C_SUFFIXES,
    EXTERNAL,
    DefinitionIndex,
    Memory,
    Tree,
    WordTree,
    by_word,
    is_below,
)
from kscan.wording import enumerated


class BesideTree:
    """`base` and the directories `beside` it, by the path below which they stand."""

    def __init__(self, base: Tree, beside: Mapping[str, DirectoryTree]) -> None:
        self.base = base
        self.beside = beside
        self.name = f"{base.name} with {enumerated([tree.name for tree in beside.values()])}"
        self.commit = base.commit
        self._indices: dict[tuple[str, ...], DefinitionIndex] = {}

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read."""
        theirs = [
            Skip(f"{top}/{skip.path}", skip.reason)
            for top, tree in self.beside.items()
            for skip in tree.skips
        ]
        return sorted([*self.base.skips, *theirs], key=lambda skip: skip.path)

    @cached_property
    def _sorted(self) -> Sequence[str]:
        theirs = {top: tree.paths() for top, tree in self.beside.items()}
        return sorted([*self.base.paths(), *_placed(theirs)])

    def paths(self) -> Sequence[str]:
        """Every regular file, sorted."""
        return self._sorted

    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""
        tree, _, below = self._at(path)
        return tree.exists(below)

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`."""
        tree, _, below = self._at(path)
        return tree.read(below)

    def blob_id(self, path: str) -> str:
        """The git blob id of `path`; raises `Unreadable`."""
        tree, _, below = self._at(path)
        return tree.blob_id(below)

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory`, sorted."""
        tree, top, below = self._at(directory.strip("/"))
        return [top + path for path in tree.listing(below)]

    def kernel_version(self) -> str:
        """The version of the tree that all is built against."""
        return self.base.kernel_version()

    def files_with(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Sequence[str]:
        """Files that contain any of `words` as a whole word, sorted."""
        own = self.base.files_with(words, suffixes=suffixes, under=under)
        found = {t: tree.files_with(words, suffixes=suffixes) for t, tree in self.beside.items()}
        return sorted([*own, *_placed(found, under)])

    def files_by_word(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Mapping[str, Sequence[str]]:
        """For each of `words`, which are identifiers, the files that contain it, sorted."""
        own = by_word(self.base, words, suffixes, under)
        theirs = {
            top: tree.files_by_word(words, suffixes=suffixes) for top, tree in self.beside.items()
        }
        found = {word: {top: one[word] for top, one in theirs.items()} for word in words}
        return {word: sorted([*own[word], *_placed(found[word], under)]) for word in words}

    def remember(self, memory: Memory) -> None:
        """The tree and each directory keep their answers by themselves."""
        for tree in (self.base, *self.beside.values()):
            if isinstance(tree, WordTree):
                tree.remember(memory)

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of all."""
        key = tuple(suffixes)
        if key not in self._indices:
            theirs = {top: tree.definitions(key) for top, tree in self.beside.items()}
            self._indices[key] = _JoinedIndex(self.base.definitions(key), theirs)
        return self._indices[key]

    def _at(self, path: str) -> tuple[Tree, str, str]:
        """The tree that `path` stands in, what its paths begin with here, and the rest."""
        for top, tree in self.beside.items() if path.startswith(EXTERNAL) else ():
            if path == top or path.startswith(f"{top}/"):
                return tree, f"{top}/", path[len(top) + 1 :]
        return self.base, "", path


class _JoinedIndex:
    """An index of a tree and of directories beside it."""

    def __init__(self, own: DefinitionIndex, theirs: Mapping[str, DefinitionIndex]) -> None:
        self._own = own
        self._theirs = theirs

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        theirs = {top: index.files(name) for top, index in self._theirs.items()}
        return tuple(sorted([*self._own.files(name), *_placed(theirs)]))

    def names(self) -> set[str]:
        """The names in all of them."""
        return {*self._own.names(), *chain(*(index.names() for index in self._theirs.values()))}


def _placed(found: Mapping[str, Sequence[str]], under: Sequence[str] = ()) -> list[str]:
    """The paths `found` in each directory, as they are called here."""
    paths = [f"{top}/{path}" for top, several in found.items() for path in several]
    return [path for path in paths if is_below(path, under)]


def beside(base: Tree, directories: Sequence[Path]) -> Tree:
    """`base` with `directories` beside it; raises `KscanError` for what is none, or in it."""
    found: dict[str, DirectoryTree] = {}
    places = {_directory(directory).resolve(): directory for directory in directories}
    for place, directory in places.items():
        tree = DirectoryTree(directory)
        _refuse_overlap(base, place, directory, places)
        if not any(path.endswith(C_SUFFIXES) for path in tree.paths()):
            raise KscanError(f"{directory}: no C file in it; --external takes a driver's directory")
        found[_place(base, place.name, found)] = tree
    return BesideTree(base, found) if found else base


def _refuse_overlap(base: Tree, place: Path, directory: Path, places: Mapping[Path, Path]) -> None:
    """Raises `KscanError` where a file of `directory`, which is `place`, would be there twice."""
    ground = _ground(base)
    if isinstance(base, DirectoryTree) and ground is not None and place.is_relative_to(ground):
        raise KscanError(f"{directory}: below the tree, which has it already")
    if ground is not None and ground.is_relative_to(place):
        raise KscanError(f"{directory}: the tree is in it; --external takes a driver's directory")
    for other, named in places.items():
        if place.is_relative_to(other) and place != other:
            raise KscanError(f"{directory}: below {named}, which has it already")


def _ground(base: Tree) -> Path | None:
    """Where the files of `base` stand on disk, or those of its repository, if they do."""
    while isinstance(base, PatchedTree):
        base = base.base
    if isinstance(base, CommitTree):
        return base.repository.worktree and base.repository.worktree.resolve()
    return base.root.resolve() if isinstance(base, DirectoryTree) else None


def _directory(place: Path) -> Path:
    try:
        is_directory = place.is_dir()
    except (OSError, ValueError) as error:
        raise KscanError(f"{str(place)!r}: not a path: {error}") from error
    if not is_directory:
        raise KscanError(f"{place}: no such directory; --external takes a driver's directory")
    return place


def _place(base: Tree, name: str, taken: Mapping[str, object]) -> str:
    """``external/NAME``, with a number where that is taken."""
    known = {path.split("/")[1] for path in base.paths() if path.startswith(f"{EXTERNAL}/")}
    known.update(top.split("/")[1] for top in taken)
    names = [name or "here", *(f"{name or 'here'}-{number}" for number in range(2, len(known) + 3))]
    return f"{EXTERNAL}/{next(one for one in names if one not in known)}"
