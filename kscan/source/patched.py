# SPDX-License-Identifier: GPL-2.0-only
"""A tree with changes on top, in memory: a patch, a later commit, a dirty worktree.

Searches cost what the changed files cost: the tree below answers once for all that
stand on it, and its answer is corrected for what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kscan.model import KscanError, Skip
from kscan.source.repository import Repository
from kscan.source.search import (
    FoundWords,
    NameIndex,
    WordSearch,
    defined_names,
    is_identifier,
    is_searchable,
)
from kscan.source.searched import too_large
from kscan.source.tree import (
    C_SUFFIXES,
    LARGEST,
    DefinitionIndex,
    Memory,
    Tree,
    Unreadable,
    WordTree,
    blob_id_of,
    by_word,
    is_below,
    version_in_makefile,
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob of a repository, read when its bytes are asked for."""

    repository: Repository
    id: str


Change = bytes | Blob | None
"""What a file becomes; None: it is gone."""


class PatchedTree:
    """`base` with `changes` (path to new content) on top; neither is written to."""

    def __init__(
        self,
        base: Tree,
        changes: Mapping[str, Change],
        name: str | None = None,
        commit: str | None = None,
    ) -> None:
        self.base = base
        self.changes = changes
        self.name = base.name if name is None else name
        self.commit = commit
        self._skips: dict[str, str] = {}
        self._found = FoundWords()
        self._indices: dict[tuple[str, ...], DefinitionIndex] = {}

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read; of the tree below, what is not changed."""
        below = {s.path: s.reason for s in self.base.skips if s.path not in self.changes}
        return [Skip(path, reason) for path, reason in sorted((below | self._skips).items())]

    @cached_property
    def _present(self) -> Sequence[str]:
        return sorted(path for path, change in self.changes.items() if change is not None)

    @cached_property
    def _sorted(self) -> Sequence[str]:
        kept = [path for path in self.base.paths() if path not in self.changes]
        return sorted([*kept, *self._present])

    @cached_property
    def _listings(self) -> Mapping[str, Sequence[str]]:
        listings: dict[str, list[str]] = {}
        for path in self._present:
            listings.setdefault(path.rpartition("/")[0], []).append(path)
        return listings

    def paths(self) -> Sequence[str]:
        """Every regular file, sorted."""
        return self._sorted

    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""
        if path in self.changes:
            return self.changes[path] is not None
        return self.base.exists(path)

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory`, sorted."""
        kept = [path for path in self.base.listing(directory) if path not in self.changes]
        return sorted([*kept, *self._listings.get(directory.strip("/"), ())])

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable` where there are none.

        That counts a skip, but for a file that is gone: nothing of it is left to analyse. Raises
        `KscanError` for a blob that is not here: what it defines must not count as removed.
        """
        if path not in self.changes:
            return self.base.read(path)
        try:
            return self._content(path, LARGEST)
        except Unreadable as unreadable:
            if self.changes[path] is not None:
                self._skips[path] = unreadable.reason
            raise

    def _content(self, path: str, limit: int | None) -> bytes:
        change = self.changes[path]
        if change is None:
            raise Unreadable(path, "no longer in the tree")
        if isinstance(change, bytes):
            content: bytes | None = change
            size = len(change)
        else:
            content, size = change.repository.blob(change.id, limit)
            if size < 0:
                raise KscanError(f"{path}: {change.repository.why_absent(change.id)}")
        if content is None or (limit is not None and size > limit):
            raise Unreadable(path, too_large(size))
        return content

    def blob_id(self, path: str) -> str:
        """The git blob id of `path`; raises `Unreadable`."""
        if path not in self.changes:
            return self.base.blob_id(path)
        change = self.changes[path]
        return change.id if isinstance(change, Blob) else blob_id_of(self.read(path))

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
        """Files that contain any of `words` as a whole word, sorted; too large ones are skips."""
        plain = [word for word in words if is_identifier(word)]
        odd = sorted(filter(is_searchable, set(words).difference(plain)))
        where = self.files_by_word(plain, suffixes=suffixes, under=under)
        found = {path for paths in where.values() for path in paths}
        if odd:
            search = WordSearch(odd)
            below = self.base.files_with(odd, suffixes=suffixes, under=under)
            found.update(path for path in below if path not in self.changes)
            texts = self._texts(suffixes, under)
            found.update(self._small(path for path, text in texts if search.finds_one_in(text)))
        return sorted(found)

    def files_by_word(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Mapping[str, Sequence[str]]:
        """For each of `words`, which are identifiers, the files that contain it, sorted."""
        missing = self._found.unknown(words, suffixes)
        if missing:
            search = WordSearch(missing)
            texts = self._texts(suffixes, ())
            words_in = ((path, search.words_in(text)) for path, text in texts)
            self._found.learn(missing, suffixes, words_in)
        below = by_word(self.base, words, suffixes, under)
        changed = {word: self._found.files(word, suffixes) for word in words}
        small = set(self._small(sorted({path for paths in changed.values() for path in paths})))
        return {
            word: sorted(
                [path for path in below[word] if path not in self.changes]
                + [path for path in changed[word] if path in small and is_below(path, under)]
            )
            for word in words
        }

    def remember(self, memory: Memory) -> None:
        """The tree below keeps its answers; what is changed is searched each time."""
        if isinstance(self.base, WordTree):
            self.base.remember(memory)

    def _texts(self, suffixes: Sequence[str], under: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Every changed file that a search covers and that can be read."""
        for path in self._present:
            if path.endswith(tuple(suffixes)) and is_below(path, under):
                try:
                    yield path, self._content(path, None)
                except Unreadable as unreadable:
                    self._skips[path] = unreadable.reason

    def _small(self, paths: Iterable[str]) -> Iterator[str]:
        for path in paths:
            try:
                self.read(path)
            except Unreadable:
                continue
            yield path

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of the tree below, corrected for what changed."""
        key = tuple(suffixes)
        if key not in self._indices:
            changed = NameIndex.of(
                (path, defined_names(text)) for path, text in self._texts(key, ())
            )
            below = self.base.definitions(key)
            self._indices[key] = _PatchedIndex(below, changed, self.changes)
        return self._indices[key]


class _PatchedIndex:
    """An index corrected for changed files."""

    def __init__(
        self, below: DefinitionIndex, changed: DefinitionIndex, changes: Mapping[str, Change]
    ) -> None:
        self._below = below
        self._changed = changed
        self._changes = changes

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        kept = [path for path in self._below.files(name) if path not in self._changes]
        return tuple(sorted([*kept, *self._changed.files(name)]))

    def names(self) -> set[str]:
        """The names of the tree below, and of what changed."""
        return {*self._below.names(), *self._changed.names()}
