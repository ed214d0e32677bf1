# SPDX-License-Identifier: GPL-2.0-only
"""Small kernel trees on disk, from paths and text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from kscan.source.directory import DirectoryTree

TreeOf = Callable[[Mapping[str, str]], DirectoryTree]


@pytest.fixture
def tree_of(tmp_path: Path) -> TreeOf:
    """Write the files, dedented, and give the tree."""

    def write(files: Mapping[str, str]) -> DirectoryTree:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(dedent(text), encoding="utf-8")
        return DirectoryTree(tmp_path, "small")

    return write
