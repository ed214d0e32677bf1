# SPDX-License-Identifier: GPL-2.0-only
"""One tree under question, and what every answer begins and ends with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kscan.facts.reader import Cache, Reader
from kscan.kernel.catalogue import Catalogue, catalogue
from kscan.model import KscanError
from kscan.program.program import OUTSIDE, Function, Program
from kscan.source.near import defined_near
from kscan.source.tree import C_SUFFIXES, Tree, Unreadable, no_file
from kscan.wording import closest, counted, meant

MOST_FILES = 600
"""Files one question has parsed before it says how many more there are."""

Document = dict[str, Any]


@dataclass
class Inspection:
    """One tree under question, and what of it was not read."""

    tree: Tree
    cache: Cache
    catalogue: Catalogue = field(default_factory=catalogue)
    under: tuple[str, ...] = ()
    """Directories below the root in which callers and tables are looked for; none: everywhere."""
    unread: set[str] = field(default_factory=set)
    """Files that name what is asked for and that were not parsed, for their number."""

    @cached_property
    def program(self) -> Program:
        """The tree's program; nothing is parsed yet."""
        return Program(Reader(self.tree, self.cache))

    def files_with(self, words: Iterable[str], *, everywhere: bool = False) -> list[str]:
        """The kernel's own files that contain one of `words`, below `under` or `everywhere`."""
        wanted = sorted(set(words))
        if not wanted:
            return []
        under = () if everywhere else self.under
        found = self.tree.files_with(wanted, suffixes=C_SUFFIXES, under=under)
        return list(filter(_is_kernel, found))

    def loaded(self, paths: Iterable[str], first: Iterable[str] = ()) -> list[str]:
        """`paths` with their facts read, at most `MOST_FILES`.

        Those of `first` go before others, then headers, include/ foremost: what a whole kernel
        may call stands there.
        """
        preferred = set(first)
        ordered = sorted(
            dict.fromkeys(paths), key=lambda path: (path not in preferred, _rank(path))
        )
        self.unread.update(ordered[MOST_FILES:])
        kept = ordered[:MOST_FILES]
        self.program.reader.load(kept)
        return kept

    def text(self, path: str) -> bytes:
        """The bytes of `path`; none where it cannot be read."""
        try:
            return self.tree.read(path)
        except Unreadable:
            return b""

    def functions(self, asked: str) -> tuple[Function, ...]:
        """The definitions of ``NAME`` or ``PATH:NAME``; raises `KscanError` where there is none."""
        self.program.prefetch()
        path, _, name = asked.rpartition(":")
        if not name.isidentifier():
            raise KscanError(f"{asked!r}: not a function: give a name, or PATH:NAME")
        if path and not self.tree.exists(path):
            raise no_file(self.tree, path)
        known = [path] if path else list(self.program.definitions.files(name))
        found = self._defined(name, known)
        if found:
            return tuple(found)
        naming = [] if path else self.files_with([name], everywhere=True)
        found = self._defined(name, naming)
        if self.under:
            self.unread.clear()  # the answer is about what stands below `under` alone
        if found:
            return tuple(found)
        if len(naming) > MOST_FILES:
            raise KscanError(
                f"{self.tree.name}: {name}() not found in the first {MOST_FILES} of "
                f"{len(naming)} files that name it; give PATH:{name}"
            )
        where = path or self.tree.name
        meant_for = self._meant(name, path) or "is it a macro?"
        raise KscanError(f"{where}: no function {name}() is defined here: {meant_for}")

    def _meant(self, name: str, path: str) -> str:
        """What `name` may be a slip for, of what `path` defines, or any file.

        Names of static functions are not known before a file is looked into.
        """
        if path:
            return meant(closest(name, {f.name for f in self.program.functions_in(path)}))
        index = self.program.definitions
        beside = defined_near(self.tree, name, _is_kernel, index)
        near = [
            known
            for known in closest(name, beside.union(index.names()))
            if known in beside or any(map(_is_kernel, index.files(known)))
        ]
        return f"{meant(near)} (not every static function was compared)" if near else ""

    def _defined(self, name: str, paths: list[str]) -> list[Function]:
        """The definitions of `name` in `paths`, kernel code only."""
        kept = self.loaded(filter(_is_kernel, paths))
        return [found for path in kept for found in self.program.named(path, name)]

    def place(self, function: Function) -> Document:
        """Where `function` stands."""
        return {"function": function.name, "path": function.path, "line": function.line}

    def heading(self, schema: str) -> Document:
        """What every answer begins with."""
        return {
            "schema": f"kscan/{schema}/1",
            "tree": {
                "name": self.tree.name,
                "kernel_version": self.tree.kernel_version(),
                "commit": self.tree.commit,
            },
        }

    def limits(self) -> Document:
        """What every answer ends with: files that were not parsed, and why."""
        return {
            "not_read": sorted(self.unread),
            "skips": [
                {"path": skip.path, "reason": skip.reason}
                for skip in (*self.tree.skips, *self.program.reader.skips)
            ],
        }


def _is_kernel(path: str) -> bool:
    """`path` is a file of the kernel itself."""
    return not path.startswith(OUTSIDE)


def _rank(path: str) -> tuple[bool, bool, str]:
    """Where `path` stands among files that are read in turn."""
    return not path.startswith("include/"), not path.endswith(".h"), path


def limits_text(document: Document) -> list[str]:
    """The rows that say what an answer leaves out."""
    rows = []
    unread = document["not_read"]
    if unread:
        rows.append(
            f"not read: {counted(len(unread), 'more file names', 'more files name')} it, "
            f"such as {', '.join(unread[:3])}: "
            "narrow the search with --path"
        )
    rows += [f"skipped: {skip['path']}: {skip['reason']}" for skip in document["skips"]]
    return rows


def not_macros(names: Iterable[str]) -> list[str]:
    """`names` sorted, without those in capitals: macros, by the kernel's coding style."""
    return sorted({name for name in names if not name.isupper()})


def on_one_line(text: str, longest: int) -> str:
    """`text` without line breaks, cut where it is longer than `longest`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 3] + "..."
