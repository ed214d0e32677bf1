# SPDX-License-Identifier: GPL-2.0-only
"""Searching a tree as text: whole words, and what looks like a function definition.

``git grep`` does it where it can; Python's ``re`` where git or its PCRE is missing or
gives up.  Both see bytes, line by line, a word character is an ASCII letter, digit or
underscore, and both give the same answer: a test holds them together.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from mmap import mmap

from kscan.model import Skip
from kscan.source.tree import (
    C_SUFFIXES,
    LARGEST,
    DefinitionIndex,
    Unreadable,
    blob_id_of,
    is_below,
    version_in_makefile,
)

Text = bytes | mmap

_ANNOTATION = (
    r"(?:(?:[A-Za-z_][\w* \t]*[ \t*])?"
    r"__(?:attribute|attribute__|printf|scanf|section|aligned)[ \t]*\(+[^()\n]*\)+[ \t]*)?"
)
_TYPE = r"(?:[A-Za-z_*][\w* \t]*[ \t*]|\*)?"
_HEAD = rf"(?!static\b)(?=[A-Za-z_*]){_ANNOTATION}{_TYPE}"
_NAME = r"[A-Za-z_]\w*"
_TAIL = r"(?=[ \t]*\((?![^\n]*;[ \t\r\f]*$))"

GREP_DEFINITION = rf"^{_HEAD}\K{_NAME}{_TAIL}"
_DEFINITION = re.compile(f"^{_HEAD}({_NAME}){_TAIL}".encode(), re.MULTILINE)
_RECORD = re.compile(rb"([^\0]+)\0([^\n]+)\n")

NOT_FUNCTIONS = frozenset(
    b"if while for switch return sizeof else do case goto typeof defined int void char long "
    b"__attribute __attribute__ __printf __scanf __section __aligned "
    b"__acquires __releases __must_hold asm "
    b"MODULE_AUTHOR MODULE_DESCRIPTION MODULE_PARM_DESC MODULE_LICENSE module_init module_exit "
    b"static_assert module_param_named EXPORT_SYMBOL EXPORT_SYMBOL_GPL".split()
)
"""Keywords, annotations and file-scope macros that stand where a function's name could."""


class WordSearch:
    """Looks for any of some words, with no word character on either side."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted({word.encode() for word in words})
        choices = b"|".join(re.escape(word) for word in self._words)
        self._pattern = re.compile(rb"(?<![A-Za-z0-9_])(?:" + choices + rb")(?![A-Za-z0-9_])")

    def finds_one_in(self, text: Text) -> bool:
        """`text` contains one of the words."""
        maybe = any(text.find(word) >= 0 for word in self._words)  # far faster than the pattern
        return maybe and self._pattern.search(text) is not None


def defined_names(text: Text) -> set[bytes]:
    """Names of the functions of external linkage that `text` defines, as far as text tells."""
    return {match[1] for match in _DEFINITION.finditer(text)} - NOT_FUNCTIONS


def grep_matches(output: bytes, prefix: int) -> Iterator[tuple[str, Sequence[bytes]]]:
    """Path and one name at a time from ``git grep -z -o``; paths may hold newlines."""
    last, path = b"", ""
    for match in _RECORD.finditer(output):
        if match[2] not in NOT_FUNCTIONS:
            if match[1] != last:
                last = match[1]
                path = os.fsdecode(last[prefix:])
            yield path, (match[2],)


class NameIndex:
    """Name to files, compactly: one integer per name, a tuple only where several files tell."""

    def __init__(self, found: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        self._paths: list[str] = []
        self._files: dict[bytes, int | tuple[int, ...]] = {}
        for path, names in found:
            if not self._paths or self._paths[-1] != path:
                self._paths.append(path)
            self._add(len(self._paths) - 1, names)

    def _add(self, number: int, names: Iterable[bytes]) -> None:
        for name in names:
            known = self._files.setdefault(name, number)
            if known != number:
                several = known if isinstance(known, tuple) else (known,)
                if several[-1] != number:
                    self._files[name] = (*several, number)

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        known = self._files.get(name.encode())
        if known is None:
            return ()
        several = known if isinstance(known, tuple) else (known,)
        return tuple(sorted(self._paths[number] for number in several))

    def __len__(self) -> int:
        return len(self._files)


class SearchedTree(ABC):
    """What directories and commits have in common: the searches, and the count of skips."""

    name: str
    commit: str | None

    def __init__(self) -> None:
        self._skips: dict[str, str] = {}
        self._indices: dict[tuple[str, ...], DefinitionIndex] = {}

    @abstractmethod
    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""

    @abstractmethod
    def _content(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`."""

    @abstractmethod
    def text(self, path: str) -> Text:
        """The bytes of `path` to search in, however many; raises `Unreadable`."""

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
        if not words:
            return []
        choices = [part for word in sorted(set(words)) for part in ("-e", word)]
        answer = self._grep(["-l", "-w", "-F", *choices], suffixes, under)
        if answer is None:
            search = WordSearch(words)
            texts = self._texts(suffixes, under)
            return self._small([path for path, text in texts if search.finds_one_in(text)])
        output, prefix = answer
        return self._small(sorted(os.fsdecode(p[prefix:]) for p in output.split(b"\0") if p))

    def _small(self, paths: Sequence[str]) -> Sequence[str]:
        """`paths` without the too large ones, which become skips."""
        large = {path: size for path, size in self._sizes(paths).items() if size > LARGEST}
        self._skips.update((path, too_large(size)) for path, size in large.items())
        return [path for path in paths if path not in large]

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
        answer = self._grep(["-o", "-P", "-e", GREP_DEFINITION], suffixes, ())
        if answer is None:
            return NameIndex(
                (path, defined_names(text)) for path, text in self._texts(suffixes, ())
            )
        return NameIndex(grep_matches(*answer))


def too_large(size: int) -> str:
    """The reason of a skip for a file of `size` bytes."""
    return f"larger than {LARGEST >> 20} MB ({size >> 20} MB), not read"


_GLOB_CHARACTERS = str.maketrans({character: "\\" + character for character in "\\*?["})


def pathspecs(suffixes: Sequence[str], under: Sequence[str]) -> list[str]:
    """Git's words for: files that end in one of `suffixes`, below one of `under`."""
    tops = [top.strip("/").translate(_GLOB_CHARACTERS) for top in under] or [""]
    return [
        f":(glob){top}{'/' if top else ''}**/*{suffix.translate(_GLOB_CHARACTERS)}"
        for top in tops
        for suffix in suffixes
    ]
