# SPDX-License-Identifier: GPL-2.0-only
"""What every kernel tree can be asked: its files, their bytes, who uses and who defines a name.

A tree is a directory, a commit or either of them with a patch on top.  Only regular
files count: symbolic links are not followed, so ``scripts/dtc/include-prefixes`` and
a hostile link to ``/etc`` are treated alike.  Nothing of a tree is ever run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from kscan.model import KscanError, Skip
from kscan.wording import MEANT, closest, meant

LARGEST = 8 << 20
"""Bytes; a larger source file is a skip. The largest hand-written file of 6.12 has 1 MB."""

C_SUFFIXES = (".c", ".h")

EXTERNAL = "external"
"""The directory of a tree below which drivers stand that are kept out of it."""


class Unreadable(KscanError):
    """A file that cannot be read; `path` below the root, `reason` in one phrase."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class DefinitionIndex(Protocol):
    """Which files define a function of external linkage, by name.

    Textual: a name at the start of a line, or after its type on the same line, with an
    argument list that no semicolon ends.  It may name a file too many (a prototype broken
    over lines), so whoever asks parses the file and looks.
    """

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name` without ``static``, sorted."""

    def names(self) -> Iterable[str]:
        """Every name that has such files, and perhaps some that changes took them from."""


class Memory(Protocol):
    """What a tree needs of a store; `kscan.facts.store` has it."""

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """The stored values of those of `keys` that are known."""

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep `values`."""


class Tree(Protocol):
    """One state of the kernel source, read only."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def commit(self) -> str | None:
        """Full commit id, where there is one."""

    @property
    def skips(self) -> Sequence[Skip]:
        """What was asked for and could not be read, so far; one per path, sorted."""

    def paths(self) -> Sequence[str]:
        """Every regular file below the root, sorted, with forward slashes."""

    def exists(self, path: str) -> bool:
        """`path` is a regular file of this tree."""

    def read(self, path: str) -> bytes:
        """The bytes of `path`; raises `Unreadable`."""

    def blob_id(self, path: str) -> str:
        """The git blob id of `path`, 40 hex digits; raises `Unreadable`."""

    def listing(self, directory: str) -> Sequence[str]:
        """Paths of the files directly in `directory` (``""``: the root), sorted."""

    def files_with(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Sequence[str]:
        """Files that contain any of `words` as a whole word, sorted.

        `under` keeps to these directories; none of them means the whole tree.
        """

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> DefinitionIndex:
        """The index of function definitions, made when first asked for."""

    def kernel_version(self) -> str:
        """``6.12.107`` from the top-level Makefile; empty where it does not say."""


@runtime_checkable
class WordTree(Tree, Protocol):
    """A tree that knows where each word stands, and may know it from the last run."""

    def files_by_word(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = C_SUFFIXES,
        under: Sequence[str] = (),
    ) -> Mapping[str, Sequence[str]]:
        """For each of `words`, which are identifiers, the files that contain it, sorted.

        One search for all words that this tree was not asked for before.
        """

    def remember(self, memory: Memory) -> None:
        """Takes answers to searches from `memory` where the tree is as it was, and keeps them."""


def by_word(
    tree: Tree, words: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """For each of `words`, which are identifiers, the files of `tree` that contain it, sorted."""
    if isinstance(tree, WordTree):
        return tree.files_by_word(words, suffixes=suffixes, under=under)
    return {word: tree.files_with([word], suffixes=suffixes, under=under) for word in words}


def blob_id_of(content: bytes) -> str:
    """The id git gives to a blob with this content (``git hash-object``)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


_VERSION_LINE = re.compile(
    rb"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*+(\S*)[ \t]*$", re.MULTILINE
)


def version_in_makefile(makefile: bytes) -> str:
    """The kernel version that a top-level Makefile spells; empty where it spells none."""
    said: dict[str, str] = {}
    for match in _VERSION_LINE.finditer(makefile[:4096]):
        said.setdefault(match[1].decode(), match[2].decode("utf-8", "replace"))
    if not said.get("VERSION"):
        return ""
    numbers = [said.get(key, "") for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return ".".join(number for number in numbers if number) + said.get("EXTRAVERSION", "")


def no_file(tree: Tree, path: str) -> KscanError:
    """What to raise where `tree` has no file `path`: which of its C files may be meant."""
    files = [known for known in tree.paths() if known.endswith(C_SUFFIXES)]
    named = [known for known in files if known.endswith(f"/{path.rpartition('/')[2]}")]
    near = meant(named if 0 < len(named) <= MEANT else closest(path, files))
    return KscanError(f"{tree.name}: no file {path}: {near or 'give a path below its top'}")


def is_below(path: str, directories: Sequence[str]) -> bool:
    """`path` is one of `directories` or stands in one; none of them means everywhere."""
    return not directories or any(
        not top or path == top or path.startswith(top + "/")
        for top in (directory.strip("/") for directory in directories)
    )
