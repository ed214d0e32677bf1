# SPDX-License-Identifier: GPL-2.0-only
"""A directory as a tree: what it holds, what it leaves out, and what it says it could not read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kscan.model import Skip
from kscan.source import directory, searched
from kscan.source.directory import DirectoryTree
from kscan.source.tree import Unreadable, is_below, version_in_makefile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside.c").write_text("int outside(void)\n{\n}\n")
    top = tmp_path / "tree"
    (top / "drivers/iommu").mkdir(parents=True)
    (top / ".git").mkdir()
    (top / ".git/config.c").write_text("hidden")
    (top / "drivers/iommu/a.c").write_text("int f(void)\n{\n}\n")
    (top / "drivers/Kconfig").write_text("")
    (top / "Makefile").write_text(
        "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION = -rc1\n"
    )
    return top


def test_files_listing_and_bytes(root: Path) -> None:
    tree = DirectoryTree(root, "mine")
    assert tree.name == "mine"
    assert tree.commit is None
    assert tree.paths() == ["Makefile", "drivers/Kconfig", "drivers/iommu/a.c"]
    assert tree.listing("") == ["Makefile"]
    assert tree.listing("drivers/") == ["drivers/Kconfig"]
    assert tree.listing("absent") == tree.listing(".git") == []
    assert tree.exists("drivers/iommu/a.c")
    assert not tree.exists("drivers/iommu")
    assert tree.read("drivers/iommu/a.c") == b"int f(void)\n{\n}\n"
    assert tree.kernel_version() == "6.12.0-rc1"
    assert tree.skips == []


def test_the_blob_id_is_gits(root: Path) -> None:
    said = subprocess.run(
        ["git", "hash-object", "--no-filters", "drivers/iommu/a.c"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    assert DirectoryTree(root).blob_id("drivers/iommu/a.c") == said.stdout.decode().strip()


@pytest.mark.parametrize(
    "path",
    ["../outside.c", "drivers/../../outside.c", "/etc/passwd", "", "drivers", ".git/config.c"],
)
def test_paths_out_of_the_tree_do_not_exist(root: Path, path: str) -> None:
    tree = DirectoryTree(root)
    assert not tree.exists(path)
    with pytest.raises(Unreadable, match="no such file in the tree"):
        tree.read(path)


def test_links_are_not_followed_and_stray_ones_are_skips(root: Path) -> None:
    (root / "out.c").symlink_to("../outside.c")
    (root / "drivers/out").symlink_to(root.parent)
    (root / "circle.c").symlink_to("circle2.c")
    (root / "circle2.c").symlink_to("circle.c")
    (root / "drivers/up").symlink_to("..")
    (root / "within.c").symlink_to("drivers/iommu/a.c")
    (root / "dangling.c").symlink_to("nothing")
    tree = DirectoryTree(root)
    assert tree.files_with(["outside", "f"]) == ["drivers/iommu/a.c"]
    assert tree.paths() == ["Makefile", "drivers/Kconfig", "drivers/iommu/a.c"]
    for path in ("out.c", "drivers/out/outside.c", "drivers/up/Makefile", "within.c", "circle.c"):
        assert not tree.exists(path)
    circle = "a symbolic link that turns in a circle, not followed"
    assert tree.skips == [
        Skip("circle.c", circle),
        Skip("circle2.c", circle),
        Skip("drivers/out", "a symbolic link out of the tree, not followed"),
        Skip("out.c", "a symbolic link out of the tree, not followed"),
    ]


def test_a_file_that_becomes_a_link_is_not_followed(root: Path) -> None:
    tree = DirectoryTree(root)
    tree.paths()
    (root / "Makefile").unlink()
    (root / "Makefile").symlink_to("../outside.c")
    with pytest.raises(Unreadable):
        tree.read("Makefile")


def test_a_large_file_is_a_skip_only_where_it_matters(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (directory, searched):
        monkeypatch.setattr(module, "LARGEST", 1 << 20)
    (root / "huge.h").write_bytes(b"x\n" * (1 << 20) + b"needle\n")
    reason = "larger than 1 MB (2 MB), not read"
    for fast in (True, False):
        tree = DirectoryTree(root)
        with monkeypatch.context() as patch:
            if not fast:
                patch.setattr(directory.git, "grep_directory", lambda *_: None)
            assert tree.files_with(["f"]) == ["drivers/iommu/a.c"]
            assert tree.skips == []
            assert tree.files_with(["needle", "f"]) == ["drivers/iommu/a.c"]
            assert tree.skips == [Skip("huge.h", reason)]
    with pytest.raises(Unreadable, match="larger than 1 MB"):
        tree.read("huge.h")


def test_what_may_not_be_read_is_a_skip(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "shut.c").write_text("int f(void)\n{\n}\n")
    really_open, really_scan = os.open, os.scandir

    def no_shut(path: Path, *rest: int) -> int:
        if str(path).endswith("shut.c"):
            raise PermissionError(13, "Permission denied")
        return really_open(path, *rest)

    def no_iommu(path: Path) -> object:
        if str(path).endswith("iommu"):
            raise PermissionError(13, "Permission denied")
        return really_scan(path)

    monkeypatch.setattr(directory.os, "open", no_shut)
    monkeypatch.setattr(directory.os, "scandir", no_iommu)
    monkeypatch.setattr(directory.git, "grep_directory", lambda *_: None)
    tree = DirectoryTree(root)
    assert tree.files_with(["f"]) == []
    assert tree.skips == [
        Skip("drivers/iommu", "permission denied"),
        Skip("shut.c", "permission denied"),
    ]


def test_git_hands_over_where_it_may_not_read(root: Path) -> None:
    (root / "shut.c").write_text("f")
    (root / "shut.c").chmod(0)
    (root / "shut").mkdir(mode=0)
    if os.access(root / "shut.c", os.R_OK):
        pytest.skip("root may read everything")
    tree = DirectoryTree(root)
    assert tree.files_with(["f"]) == ["drivers/iommu/a.c"]
    assert tree.skips == [Skip("shut", "permission denied"), Skip("shut.c", "permission denied")]
    (root / "shut").chmod(0o700)


def test_a_version_that_is_not_said() -> None:
    assert version_in_makefile(b"obj-y += x.o\n") == ""
    assert version_in_makefile(b"VERSION = 7\nPATCHLEVEL = 0\nEXTRAVERSION =\n") == "7.0"


def test_below() -> None:
    assert is_below("drivers/iommu/a.c", [])
    assert is_below("drivers/iommu/a.c", ["sound", "drivers/"])
    assert not is_below("drivers/iommu/a.c", ["drivers/iom"])
