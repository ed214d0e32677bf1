# SPDX-License-Identifier: GPL-2.0-only
"""Small trees, and changes on top of them in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.source.compare import ChangedPath
from kscan.source.directory import DirectoryTree
from kscan.source.patched import PatchedTree

Made = Callable[..., DirectoryTree]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """``made({"a.c": "int a;"})``: a tree of these files."""

    def make(files: dict[str, str], name: str = "tree") -> DirectoryTree:
        root = tmp_path / name
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text))
        return DirectoryTree(root)

    return make


def changed(base: DirectoryTree, files: dict[str, str | None]) -> PatchedTree:
    """`base` with `files` on top; None: it is gone."""
    changes = {p: None if text is None else dedent(text).encode() for p, text in files.items()}
    return PatchedTree(base, changes)


def differences(base: DirectoryTree, head: PatchedTree) -> list[ChangedPath]:
    """The files that differ, without renames."""
    return [
        ChangedPath(path if base.exists(path) else None, path if content is not None else None)
        for path, content in sorted(head.changes.items())
    ]


def reader(tree: DirectoryTree | PatchedTree) -> Reader:
    return Reader(tree, NullStore())
