# SPDX-License-Identifier: GPL-2.0-only
"""What a user may name as a tree, and the one line they get when it is none."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from histories import History

from kscan.model import KscanError, Skip
from kscan.source import git
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.open import open_tree
from kscan.source.ranges import directory_range


def refusal(path: Path | str, commit: str | None = None) -> str:
    with pytest.raises(KscanError) as caught:
        open_tree(path, commit)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_tree_that_may_not_be_read_is_no_tree_without_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers/a.c").write_text("int a;\n")
    scandir = os.scandir

    def refusing(place: Path) -> object:
        if Path(place).name == "drivers":
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(KscanError, match=r"can be read; drivers: permission denied"):
        open_tree(tmp_path)


def test_a_directory_and_a_commit(workshop: History) -> None:
    commit = workshop.commit("first", drivers__a_c="int a;\n")
    tree = open_tree(workshop.root)
    assert isinstance(tree, DirectoryTree)
    assert tree.name == str(workshop.root)
    at = open_tree(str(workshop.root), "HEAD")
    assert isinstance(at, CommitTree)
    assert at.commit == commit
    assert open_tree(workshop.root / ".git", "HEAD").paths() == at.paths()


def test_a_commit_is_of_the_whole_repository(workshop: History) -> None:
    workshop.commit("first", drivers__a_c="int a;\n")
    said = refusal(workshop.root / "drivers", "HEAD")
    assert said.endswith(f"below the top of its repository; give {workshop.root} with --commit")


@pytest.mark.parametrize("top", ["drivers/x.h", "kernel/x.h", "include/x.h"])
def test_little_is_asked_of_a_kernel_tree(tmp_path: Path, top: str) -> None:
    (tmp_path / "foo.c").mkdir()
    (tmp_path / top).parent.mkdir(exist_ok=True)
    (tmp_path / top).write_text("")
    assert refusal(tmp_path) == f"{tmp_path}: not a kernel tree: no .c file in it"
    (tmp_path / "foo.c/a.c").write_text("")
    assert open_tree(tmp_path).paths()


def test_a_part_of_a_kernel_tree_is_none(tmp_path: Path, workshop: History) -> None:
    for name in ("Makefile", "Kconfig", "Kbuild", "kernel", "iommu/a.c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    said = "not a kernel tree: none of drivers/, kernel/, include/ at its top; "
    assert refusal(tmp_path) == f"{tmp_path}: {said}give the top directory"
    workshop.commit("part", Makefile="", kernel="", iommu__a_c="")
    assert said in refusal(workshop.root, "HEAD")


def test_what_is_no_tree(tmp_path: Path, workshop: History) -> None:
    assert refusal(tmp_path / "absent").endswith(
        "no such directory; give the top directory of a kernel tree"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "an empty directory" in refusal(empty)
    file = tmp_path / "series.mbox"
    file.write_text("x")
    assert "a file, not a directory" in refusal(file)
    assert "kscan diff --patch" in refusal(file)
    (empty / "a.c").write_text("")
    assert "none of drivers/, kernel/, include/ at its top" in refusal(empty)
    assert "not a path" in refusal("a\0b")
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    assert "circle: " in refusal(circle)
    os.mkfifo(tmp_path / "pipe")
    assert "a file, not a directory" in refusal(tmp_path / "pipe")
    assert refusal(empty, "HEAD").endswith(
        "empty: not in a git repository; leave out --commit, or give a clone"
    )
    workshop.commit("no source", notes="x")
    assert refusal(workshop.root, "HEAD").endswith("at HEAD: not a kernel tree: no .c file in it")
    assert "no commit 'absent'" in refusal(workshop.root, "absent")


def test_a_bare_repository_needs_a_commit(workshop: History, tmp_path: Path) -> None:
    workshop.commit("first", drivers__a_c="int a;\n")
    workshop.git("clone", "-q", "--bare", str(workshop.root), str(tmp_path / "bare"))
    assert "name a commit of it with --commit" in refusal(tmp_path / "bare")
    assert open_tree(tmp_path / "bare", "HEAD").paths() == ["drivers/a.c"]


def test_a_directory_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert refusal(tmp_path) == (
        f"{tmp_path}: permission denied; give the top directory of a tree that you may read"
    )


def test_a_repository_that_may_not_be_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", tmp_path)

    monkeypatch.setattr(subprocess, "Popen", denied)
    with pytest.raises(
        KscanError, match="git cannot be run there: permission denied; give"
    ) as told:
        git.finished(["version"], tmp_path, {})
    assert str(told.value).startswith(f"{tmp_path}: ")


def test_what_a_sparse_checkout_leaves_out_is_a_skip(tmp_path: Path) -> None:
    history = History(tmp_path / "linux")
    history.write("drivers/iommu/a.c", "int a;\n")
    history.write("drivers/base/b.c", "int b;\n")
    history.commit("both")
    assert not open_tree(history.root).skips
    history.git("sparse-checkout", "set", "drivers/iommu")
    assert not (history.root / "drivers/base/b.c").exists()
    why = "a sparse checkout without 1 tracked file: --commit HEAD reads all of them"
    span = directory_range(history.root, history.root)
    for tree in (open_tree(history.root), span.base, span.head):
        assert tuple(tree.skips) == (Skip(".", why),)
    assert not open_tree(history.root, "HEAD").skips
    history.git("sparse-checkout", "disable")
    assert not open_tree(history.root).skips
