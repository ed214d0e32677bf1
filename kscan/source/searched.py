# SPDX-License-Identifier: GPL-2.0-only
"""What directories and commits have in common: the searches, and the count of skips.

A tree remembers where a word stands, so that many questions cost one search.  A tree whose
whole content has a name (the id of a commit's tree; sizes and times of a directory's files,
which is what git's index trusts too) keeps its answers in a store for the next run.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256

from kscan.model import Skip
from kscan.source import search
from kscan.source.search import FoundWords, NameIndex, Text, WordSearch
from kscan.source.tree import (
    C_SUFFIXES,
    LARGEST,
    DefinitionIndex,
    Memory,
    Unreadable,
    blob_id_of,
    is_below,
    version_in_makefile,
)


class SearchedTree(ABC):
    """A tree that is searched as text."""

    name: str
    commit: str | None

    def __init__(self) -> None:
        self._skips: dict[str, str] = {}
        self._found: dict[tuple[str, ...], FoundWords] = {}
        self._indices: dict[tuple[str, ...], DefinitionIndex] = {}
        self._memory: Memory | None = None

    @abstractmethod
    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""

    @abstractmethod
    def text(self, path: str) -> Text:
        """The bytes of `path` to search in, however many; raises `Unreadable`."""

    @abstractmethod
    def state(self) -> str | None:
        """A name for the content of the whole tree; None where none is sure."""

    @abstractmethod
    def _content(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`."""

    @abstractmethod
    def _sizes(self, paths: Sequence[str]) -> Mapping[str, int]:
        """Size of each of `paths` in bytes, of those that can be asked."""

    @abstractmethod
    def _grep(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> tuple[bytes, int] | None:
        """What ``git grep -z`` prints, and how many bytes stand before each path.

        None where git cannot answer for every file.
        """

    def remember(self, memory: Memory) -> None:
        """Takes answers to searches from `memory` where the tree is as it was, and keeps them."""
        self._memory = memory

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read, so far; one per path, sorted."""
        return [Skip(path, reason) for path, reason in sorted(self._skips.items())]

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`, and counts a skip, where there are none."""
        try:
            return self._content(path)
        except Unreadable as unreadable:
            self._skips[path] = unreadable.reason
            raise

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
        """Files that contain any of `words` as a whole word, sorted; too large ones are skips."""
        plain = [word for word in words if search.is_identifier(word)]
        odd = sorted(filter(search.is_searchable, set(words).difference(plain)))
        where = self.files_by_word(plain, suffixes=suffixes, under=under)
        found = {path for paths in where.values() for path in paths}
        if odd:
            found.update(self._small(self._files_with_odd(odd, suffixes, under)))
        return sorted(found)

    def _files_with_odd(
        self, words: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> Sequence[str]:
        """`files_with` for words that are not identifiers, as devicetree compatibles."""
        answer = self._grep(["-l", *search.grep_words(words)], suffixes, under)
        if answer is None:
            wanted = WordSearch(words)
            texts = self._texts(suffixes, under)
            return [path for path, text in texts if wanted.finds_one_in(text)]
        output, prefix = answer
        return [os.fsdecode(path[prefix:]) for path in output.split(b"\0") if path]

    def files_by_word(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Mapping[str, Sequence[str]]:
        """For each of `words`, which are identifiers, the files that contain it, sorted.

        One search for all that was not asked before.
        """
        everywhere = self._found.setdefault((), FoundWords())
        known = self._found.setdefault(tuple(sorted(under)), FoundWords())
        if under and not everywhere.unknown(words, suffixes):
            known = everywhere
        missing = known.unknown(words, suffixes)
        if missing:
            self._look_for(missing, suffixes, under, known)
        found = {word: known.files(word, suffixes) for word in words}
        small = set(self._small({path for paths in found.values() for path in paths}))
        return {
            word: [path for path in paths if path in small and is_below(path, under)]
            for word, paths in found.items()
        }

    def _look_for(
        self,
        words: Sequence[str],
        suffixes: Sequence[str],
        under: Sequence[str],
        known: FoundWords,
    ) -> None:
        keys = {
            f"{self._key('words', under)}:{suffix}:{word}": (suffix, word)
            for suffix in suffixes
            for word in words
        }
        for key, stored in self._recalled(keys).items():
            known.recall(*keys[key], (os.fsdecode(path) for path in stored.split(b"\0") if path))
        words = known.unknown(words, suffixes)
        if not words:
            return
        found = self._grepped(words, suffixes, under)
        if found is None:
            wanted = WordSearch(words)
            texts = self._texts(suffixes, under)
            known.learn(words, suffixes, ((path, wanted.words_in(text)) for path, text in texts))
            return
        known.learn(words, suffixes, found)
        self._keep(
            {key: _joined(known.files(word, [suffix])) for key, (suffix, word) in keys.items()}
        )

    def _grepped(
        self, words: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> Iterator[tuple[str, Iterable[bytes]]] | None:
        """Paths, and which of `words` git finds there; None where it cannot answer."""
        strings = search.strings_for(words)
        options = search.grep_strings(strings) if strings else ["-o", *search.grep_words(words)]
        answer = self._grep(options, suffixes, under)
        if answer is None:
            return None
        matches = search.grep_matches(*answer)
        if not strings:
            return ((path, (word,)) for path, word in matches)
        wanted = WordSearch(words)
        return ((path, wanted.words_in(line)) for path, line in matches)

    def _small(self, paths: Iterable[str]) -> Sequence[str]:
        """`paths` without the too large ones and those that are not there: they become skips."""
        sizes = self._sizes(sorted(paths))
        large = {path: size for path, size in sizes.items() if size > LARGEST}
        self._skips.update((path, too_large(size)) for path, size in large.items())
        return [path for path in sizes if path not in large]

    def _texts(self, suffixes: Sequence[str], under: Sequence[str]) -> Iterator[tuple[str, Text]]:
        """Every readable file that a search covers; the others become skips."""
        for path in self.paths():
            if path.endswith(tuple(suffixes)) and is_below(path, under):
                try:
                    yield path, self.text(path)
                except Unreadable as unreadable:
                    self._skips[path] = unreadable.reason

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of function definitions, made when first asked for."""
        key = tuple(suffixes)
        if key not in self._indices:
            self._indices[key] = self._definitions(key)
        return self._indices[key]

    def _definitions(self, suffixes: tuple[str, ...]) -> DefinitionIndex:
        key = self._key("definitions", suffixes)
        for stored in self._recalled([key]).values():
            with suppress(ValueError):
                return NameIndex.from_bytes(stored)
        answer = self._grep(["-o", "-P", "-e", search.GREP_DEFINITION], suffixes, ())
        if answer is None:
            texts = self._texts(suffixes, ())
            return NameIndex.of((path, search.defined_names(text)) for path, text in texts)
        index = NameIndex.of(
            (path, (name,))
            for path, name in search.grep_matches(*answer)
            if name not in search.NOT_FUNCTIONS
        )
        self._keep({key: bytes(index)})
        return index

    def _key(self, kind: str, scope: Sequence[str]) -> str:
        """What a kept answer is called: for this state of the tree, and this way to search."""
        if self._memory is None:
            return ""
        way = sha256(repr((search.WAY, kind, sorted(scope))).encode()).hexdigest()[:16]
        return f"{kind}:{self.state()}:{way}"

    def _recalled(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        if self._memory is None or self.state() is None:
            return {}
        return self._memory.get_many(keys)

    def _keep(self, values: Mapping[str, bytes]) -> None:
        if self._memory is not None and self.state() is not None:
            self._memory.put_many(values)


def _joined(paths: Iterable[str]) -> bytes:
    return b"\0".join(os.fsencode(path) for path in paths)


def too_large(size: int) -> str:
    """The reason of a skip for a file of `size` bytes."""
    return f"larger than {LARGEST >> 20} MB ({size >> 20} MB), not read"
