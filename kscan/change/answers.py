# SPDX-License-Identifier: GPL-2.0-only
"""What an analysis asked of a tree, and which changes leave every answer as it was.

An analysis is a function of the answers its tree gave: files read, files looked for,
directories listed, words searched, definitions asked for.  A change that gives the same
answers gives the same findings, and telling costs what the changed files cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kscan.change.contents import Contents
from kscan.model import Skip
from kscan.source.compare import ChangedPath
from kscan.source.search import WordSearch, defined_names
from kscan.source.tree import (
    C_SUFFIXES,
    DefinitionIndex,
    Memory,
    Tree,
    Unreadable,
    WordTree,
    by_word,
    is_below,
)


class Search(msgspec.Struct, frozen=True, array_like=True):
    """One word search."""

    words: tuple[str, ...]
    suffixes: tuple[str, ...]
    under: tuple[str, ...] = ()


class Questions(msgspec.Struct, array_like=True):
    """Everything that was asked of one tree."""

    read: set[str] = msgspec.field(default_factory=set)
    looked_for: set[str] = msgspec.field(default_factory=set)
    listed: set[str] = msgspec.field(default_factory=set)
    searches: set[Search] = msgspec.field(default_factory=set)
    defined: dict[str, set[str]] = msgspec.field(default_factory=dict)
    """Names by the suffixes, joined, of the files that were to define them."""

    def as_asked(self) -> Questions:
        """The questions up to now."""
        copy = Questions()
        copy.include(self)
        return copy

    def include(self, others: Questions) -> None:
        """Adds the questions that an answer taken over from another tree rests on."""
        self.read |= others.read
        self.looked_for |= others.looked_for
        self.listed |= others.listed
        self.searches |= others.searches
        for suffixes, names in others.defined.items():
            self.defined.setdefault(suffixes, set()).update(names)


class AskedTree:
    """A tree that writes down what it is asked."""

    def __init__(self, tree: Tree, contents: Contents) -> None:
        self.tree = tree
        self.questions = Questions()
        self._contents = contents

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.tree.name

    @property
    def commit(self) -> str | None:
        """Full commit id, where there is one."""
        return self.tree.commit

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read."""
        return self.tree.skips

    def paths(self) -> Sequence[str]:
        """Every regular file; only counted, so not written down."""
        return self.tree.paths()

    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""
        self.questions.looked_for.add(path)
        return self.tree.exists(path)

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`."""
        self.questions.read.add(path)
        return self._contents.read(self.tree, path)

    def blob_id(self, path: str) -> str:
        """The git blob id of `path`; raises `Unreadable`."""
        self.questions.read.add(path)
        return self.tree.blob_id(path)

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory`, sorted."""
        self.questions.listed.add(directory.strip("/"))
        return self.tree.listing(directory)

    def files_with(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Sequence[str]:
        """Files that contain any of `words` as a whole word, sorted."""
        self._searched(words, suffixes, under)
        return self.tree.files_with(words, suffixes=suffixes, under=under)

    def files_by_word(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Mapping[str, Sequence[str]]:
        """For each of `words`, which are identifiers, the files that contain it, sorted."""
        for word in words:
            self._searched([word], suffixes, under)
        return by_word(self.tree, words, suffixes, under)

    def _searched(
        self, words: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> None:
        if words:
            search = Search(tuple(sorted(set(words))), tuple(suffixes), tuple(under))
            self.questions.searches.add(search)

    def remember(self, memory: Memory) -> None:
        """Takes answers to searches from `memory`, and keeps them there."""
        if isinstance(self.tree, WordTree):
            self.tree.remember(memory)

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of function definitions."""
        asked = self.questions.defined.setdefault("\0".join(suffixes), set())
        return _AskedIndex(self.tree.definitions(suffixes), asked)

    def kernel_version(self) -> str:
        """The version for the report; findings that depend on it come of reading the Makefile."""
        return self.tree.kernel_version()


class _AskedIndex:
    """An index that writes down the names it is asked for."""

    def __init__(self, index: DefinitionIndex, asked: set[str]) -> None:
        self._index = index
        self._asked = asked

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        self._asked.add(name)
        return self._index.files(name)

    def names(self) -> Iterable[str]:
        """Every name: what a slip may be meant for, on which no answer rests."""
        return self._index.names()


def answers_stand(
    questions: Questions, old: Tree, new: Tree, changed: Iterable[ChangedPath]
) -> bool:
    """`new`, which differs from `old` in the files `changed`, answers all `questions` alike."""
    changes = tuple(changed)
    if any(_is_asked_about(questions, change) for change in changes):
        return False
    return not any(_tells_otherwise(questions, old, new, change) for change in changes)


def _is_asked_about(questions: Questions, change: ChangedPath) -> bool:
    """The content of a changed file was read, or its coming or going was looked at."""
    if change.old in questions.read or change.new in questions.read:
        return True
    if change.old == change.new:
        return False
    moved = [path for path in (change.old, change.new) if path is not None]
    return any(
        path in questions.looked_for or path.rpartition("/")[0] in questions.listed
        for path in moved
    )


def _tells_otherwise(questions: Questions, old: Tree, new: Tree, change: ChangedPath) -> bool:
    """A search or an index would name the changed file otherwise than before."""
    before, after = _content(old, change.old), _content(new, change.new)
    if any(
        _is_found(search, change.old, before) != _is_found(search, change.new, after)
        or (change.old != change.new and _is_found(search, change.new, after))
        for search in questions.searches
    ):
        return True
    return any(
        asked & _defined(change.old, before, suffixes, after, change.new)
        for suffixes, asked in questions.defined.items()
    )


def _content(tree: Tree, path: str | None) -> bytes:
    if path is None:
        return b""
    try:
        return tree.read(path)
    except Unreadable:
        return b""


def _is_found(search: Search, path: str | None, content: bytes) -> bool:
    return (
        path is not None
        and path.endswith(search.suffixes)
        and is_below(path, search.under)
        and WordSearch(search.words).finds_one_in(content)
    )


def _defined(
    old: str | None, before: bytes, joined: str, after: bytes, new: str | None
) -> set[str]:
    """Names that another file set defines now."""
    suffixes = tuple(joined.split("\0"))
    was = defined_names(before) if old is not None and old.endswith(suffixes) else set()
    names = defined_names(after) if new is not None and new.endswith(suffixes) else set()
    differing = was ^ names if old == new else was | names
    return {name.decode("ascii", "replace") for name in differing}
