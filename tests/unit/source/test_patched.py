# SPDX-License-Identifier: GPL-2.0-only
"""Changes on top of a tree: everything a tree is asked is answered as if they were written."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import Memory

from kscan.source import directory, patched
from kscan.source.directory import DirectoryTree
from kscan.source.patched import PatchedTree
from kscan.source.tree import Unreadable, blob_id_of


@pytest.fixture
def tree(tmp_path: Path) -> PatchedTree:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "Makefile").write_text("VERSION = 6\n")
    (tmp_path / "drivers/a.c").write_text("int f(void)\n{\n}\n")
    (tmp_path / "drivers/b.c").write_text("int g(void)\n{\n}\n")
    (tmp_path / "drivers/c.c").write_text("f g\n")
    changes = {
        "drivers/a.c": b"int h(void)\n{\n}\n",
        "drivers/b.c": None,
        "drivers/new/d.c": b"int f(int a)\n{\n}\n",
        "Makefile": b"VERSION = 7\n",
    }
    return PatchedTree(DirectoryTree(tmp_path), changes, "patched")


def test_files(tree: PatchedTree) -> None:
    assert tree.name == "patched"
    assert tree.paths() == ["Makefile", "drivers/a.c", "drivers/c.c", "drivers/new/d.c"]
    assert tree.listing("drivers") == ["drivers/a.c", "drivers/c.c"]
    assert tree.listing("drivers/new/") == ["drivers/new/d.c"]
    assert [tree.exists(f"drivers/{name}") for name in ("a.c", "b.c", "c.c", "x.c")] == [
        True,
        False,
        True,
        False,
    ]
    assert tree.kernel_version() == "7"


def test_bytes(tree: PatchedTree) -> None:
    assert tree.read("drivers/a.c") == b"int h(void)\n{\n}\n"
    assert tree.read("drivers/c.c") == b"f g\n"
    assert tree.blob_id("drivers/a.c") == blob_id_of(b"int h(void)\n{\n}\n")
    assert tree.blob_id("drivers/c.c") == tree.base.blob_id("drivers/c.c")
    with pytest.raises(Unreadable, match="no longer in the tree"):
        tree.read("drivers/b.c")
    assert tree.skips == []


def test_searches(tree: PatchedTree) -> None:
    assert tree.files_with(["f"]) == ["drivers/c.c", "drivers/new/d.c"]
    assert tree.files_with(["h", "g"]) == ["drivers/a.c", "drivers/c.c"]
    assert tree.files_with(["f"], under=["drivers/new"]) == ["drivers/new/d.c"]
    assert tree.files_with(["f"], suffixes=[".h"]) == []
    assert tree.files_with(["VERSION"], suffixes=["Makefile"]) == ["Makefile"]
    index = tree.definitions()
    assert index.files("f") == ("drivers/new/d.c",)
    assert index.files("g") == ()
    assert index.files("h") == ("drivers/a.c",)
    assert {name for name in index.names() if index.files(name)} == {"f", "h"}


def test_each_word_has_its_files(tree: PatchedTree) -> None:
    for _ in range(2):
        assert tree.files_by_word(["f", "g", "h", "absent"]) == {
            "f": ["drivers/c.c", "drivers/new/d.c"],
            "g": ["drivers/c.c"],
            "h": ["drivers/a.c"],
            "absent": [],
        }
    assert tree.files_by_word(["f"], under=["drivers/new"]) == {"f": ["drivers/new/d.c"]}
    assert tree.files_with(["f(void", "int a"]) == ["drivers/new/d.c"]


def test_the_tree_below_keeps_its_answers(tree: PatchedTree) -> None:
    memory = Memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "_SURELY_PAST", -1_000_000_000)
        tree.remember(memory)
        assert tree.files_with(["f"]) == ["drivers/c.c", "drivers/new/d.c"]
    assert b"drivers/a.c\0drivers/c.c" in memory.kept.values()


def test_patches_stand_on_each_other(tree: PatchedTree) -> None:
    upper = PatchedTree(tree, {"drivers/b.c": b"int f(void)\n{\n}\n", "drivers/new/d.c": None})
    assert upper.name == "patched"
    assert upper.definitions().files("f") == ("drivers/b.c",)
    assert upper.files_with(["f"]) == ["drivers/b.c", "drivers/c.c"]
    assert upper.paths() == ["Makefile", "drivers/a.c", "drivers/b.c", "drivers/c.c"]


def test_a_large_change_is_a_skip(tree: PatchedTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patched, "LARGEST", 10)
    assert tree.files_with(["h"]) == []
    assert [skip.path for skip in tree.skips] == ["drivers/a.c"]
