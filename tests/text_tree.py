# SPDX-License-Identifier: GPL-2.0-only
"""A kernel tree written as indented text: a path at the margin, its content below, indented."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import dedent

from kscan.audit import Audit, Options
from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.hazards.case import Case
from kscan.program.program import Function, Program
from kscan.source.searched import SearchedTree
from kscan.source.tree import Unreadable


class TextTree(SearchedTree):
    """The files that `text` spells; they stand nowhere but in memory."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.name = "text"
        self.commit = None
        parts = re.split(r"^(\S+)\n", dedent(text).strip("\n") + "\n", flags=re.M)
        self.files = {
            path: dedent(content).encode()
            for path, content in zip(parts[1::2], parts[2::2], strict=True)
        }

    def paths(self) -> Sequence[str]:
        return sorted(self.files)

    def exists(self, path: str) -> bool:
        return path in self.files

    def text(self, path: str) -> bytes:
        return self._content(path)

    def state(self) -> str | None:
        return None

    def listing(self, directory: str) -> Sequence[str]:
        return [path for path in self.paths() if path.rpartition("/")[0] == directory.strip("/")]

    def _content(self, path: str) -> bytes:
        if path not in self.files:
            raise Unreadable(path, "no such file")
        return self.files[path]

    def _sizes(self, paths: Sequence[str]) -> Mapping[str, int]:
        return {path: len(self.files[path]) for path in paths}

    def _grep(
        self, options: Sequence[str], suffixes: Sequence[str], under: Sequence[str]
    ) -> tuple[bytes, int] | None:
        return None


def program_of(text: str) -> Program:
    """The program of the tree that `text` spells."""
    return Program(Reader(TextTree(text), NullStore()))


def function_of(program: Program, name: str) -> Function:
    """The function called `name`, in whichever file."""
    tree = program.reader.tree
    found = (f for path in tree.paths() for f in program.functions_in(path) if f.name == name)
    return next(found)


def line_of(program: Program, path: str, at: int) -> str:
    """The source line that the offset `at` of `path` stands on, stripped."""
    return program.reader.source_line(path, program.reader.position(path, at)[0])


def case_of(text: str, *, as_is: bool = False, uncovering: bool = False) -> Case:
    """The IOMMU registrations of the tree that `text` spells."""
    options = Options(as_is=as_is, uncovering=uncovering)
    return Audit(TextTree(text), options, NullStore()).cases[0]
