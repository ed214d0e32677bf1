# SPDX-License-Identifier: GPL-2.0-only
"""Trees written down in a test: paths and text, searched in memory."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.model import Skip
from kscan.program.program import Function, Program
from kscan.source.search import defined_names
from kscan.source.tree import Unreadable, blob_id_of, is_below


class Index:
    """Where names are defined."""

    def __init__(self, found: Mapping[str, set[bytes]]) -> None:
        self.found = found

    def files(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(p for p, known in self.found.items() if name.encode() in known))

    def names(self) -> Iterable[str]:
        return {name.decode() for name in set().union(*self.found.values())}

    def __len__(self) -> int:
        return len(set().union(*self.found.values()))


class MemoryTree:
    """A tree of a few files, each given as indented text."""

    commit = None

    def __init__(self, files: Mapping[str, str], name: str = "memory") -> None:
        self.name = name
        self.files = {p: textwrap.dedent(t).lstrip("\n").encode() for p, t in files.items()}
        self.skips: Sequence[Skip] = ()

    def paths(self) -> Sequence[str]:
        return sorted(self.files)

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise Unreadable(path, "no such file in the tree")
        return self.files[path]

    def blob_id(self, path: str) -> str:
        return blob_id_of(self.read(path))

    def listing(self, directory: str) -> Sequence[str]:
        return [p for p in self.paths() if p.rpartition("/")[0] == directory]

    def files_with(
        self,
        words: Sequence[str],
        *,
        suffixes: Sequence[str] = (".c", ".h"),
        under: Sequence[str] = (),
    ) -> Sequence[str]:
        pattern = re.compile(rb"\b(" + b"|".join(re.escape(w.encode()) for w in words) + rb")\b")
        return [
            p
            for p in self.paths()
            if p.endswith(tuple(suffixes)) and is_below(p, under) and pattern.search(self.files[p])
        ]

    def definitions(self, suffixes: Sequence[str] = (".c",)) -> Index:
        wanted = [p for p in self.paths() if p.endswith(tuple(suffixes))]
        return Index({p: defined_names(self.files[p]) for p in wanted})

    def kernel_version(self) -> str:
        return ""


class Memory:
    """What a tree keeps for the next run."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put_many(self, values: Mapping[str, bytes]) -> None:
        self.kept.update(values)


def program(files: Mapping[str, str]) -> Program:
    """The program of `files`."""
    return Program(Reader(MemoryTree(files), NullStore()))


def function(made: Program, name: str, path: str = "a.c") -> Function:
    """The function `name` of `path`."""
    return next(f for f in made.functions_in(path) if f.name == name)
