# SPDX-License-Identifier: GPL-2.0-only
"""Ranges of every kind: which files differ, what the later tree holds, and nothing is written."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from histories import History, prints

from kscan.model import KscanError, Skip
from kscan.source.commit import CommitTree
from kscan.source.compare import ChangedPath
from kscan.source.directory import DirectoryTree
from kscan.source.patches import series_of
from kscan.source.ranges import (
    base_of,
    directory_range,
    open_range,
    patch_range,
    worktree_range,
)
from kscan.source.repository import Repository
from kscan.source.tree import Tree

LONG = "".join(f"int line_{n};\n" for n in range(30))


@pytest.fixture
def history(workshop: History) -> dict[str, str]:
    """first - second - third on main; side parts at first and is merged after third."""
    ids = {}
    workshop.write("Makefile", "VERSION = 6\n")
    ids["first"] = workshop.commit("first", a_c="int f(void)\n{\n}\n", old_c=LONG, gone_c="g\n")
    workshop.git("checkout", "-q", "-b", "side")
    ids["side"] = workshop.commit("side", side_c="int s(void)\n{\n}\n")
    workshop.git("checkout", "-q", "main")
    ids["second"] = workshop.commit("second \x1b[31m", a_c="int f(int a)\n{\n}\n")
    (workshop.root / "old.c").unlink()
    ids["third"] = workshop.commit("third", new_c=LONG + "int h(void)\n{\n}\n", gone_c=None)
    workshop.git("merge", "-q", "-m", "merge side", "side")
    ids["merge"] = workshop.git("rev-parse", "HEAD")
    return ids


def assert_same(tree: Tree, other: Tree) -> None:
    assert tree.paths() == other.paths()
    assert [tree.blob_id(path) for path in tree.paths()] == [
        other.blob_id(path) for path in other.paths()
    ]
    for words in (["f", "g"], ["line_3", "s"], ["h"]):
        assert tree.files_with(words) == other.files_with(words)
    for name in ("f", "g", "h", "s"):
        assert tree.definitions().files(name) == other.definitions().files(name)


def test_two_dots(workshop: History, history: dict[str, str]) -> None:
    before = prints(workshop.root)
    repository = Repository(workshop.root)
    found = open_range(repository, f"{history['first']}..main")
    assert found.base.commit == history["first"]
    assert found.head.commit == history["merge"]
    assert found.head.name == "main"
    assert [(c.id, c.subject) for c in found.commits] == [
        (history["second"], "second \ufffd[31m"),
        (history["third"], "third"),
        (history["merge"], "merge side"),
    ]
    assert sorted(found.changed, key=str) == sorted(
        [
            ChangedPath("a.c", "a.c"),
            ChangedPath("gone.c", None),
            ChangedPath("old.c", "new.c"),
            ChangedPath(None, "side.c"),
        ],
        key=str,
    )
    assert_same(found.head, CommitTree(repository, "main"))
    for commit, tree in found.steps():
        assert tree.commit == commit.id
        assert_same(tree, CommitTree(repository, commit.id))
    assert prints(workshop.root) == before


def test_three_dots_start_where_the_lines_parted(
    workshop: History, history: dict[str, str]
) -> None:
    repository = Repository(workshop.root)
    found = open_range(repository, f"{history['third']}...side")
    assert found.base.commit == history["first"]
    assert found.changed == (ChangedPath(None, "side.c"),)
    assert found.notes == []
    diverged = open_range(repository, f"{history['third']}..side")
    assert diverged.base.commit == history["third"]
    assert "is not an ancestor of side" in diverged.notes[0]
    assert_same(diverged.head, CommitTree(repository, "side"))


def test_one_commit_and_open_ends(workshop: History, history: dict[str, str]) -> None:
    repository = Repository(workshop.root)
    one = open_range(repository, history["third"][:12])
    assert (one.base.commit, one.head.commit) == (history["second"], history["third"])
    assert [c.subject for c in one.commits] == ["third"]
    root = open_range(repository, history["first"])
    assert root.base.paths() == []
    assert root.base.files_with(["f"]) == []
    assert root.head.files_with(["f"]) == ["a.c"]
    assert [c.subject for c in root.commits] == ["first"]
    assert open_range(repository, f"{history['third']}..").head.commit == history["merge"]
    empty = open_range(repository, "HEAD..HEAD")
    assert (empty.commits, empty.changed) == ([], ())


@pytest.mark.parametrize("spec", ["", "-x", "a..b", "HEAD..-x", "HEAD\n..HEAD", "HEAD..HEAD..HEAD"])
def test_what_is_no_range(workshop: History, history: dict[str, str], spec: str) -> None:
    with pytest.raises(KscanError) as caught:
        open_range(Repository(workshop.root), spec)
    assert "\n" not in str(caught.value)


def test_a_bare_shallow_clone(workshop: History, history: dict[str, str], tmp_path: Path) -> None:
    place = tmp_path / "bare"
    workshop.git("clone", "-q", "--bare", "--depth=2", workshop.root.as_uri(), str(place))
    repository = Repository(place)
    found = open_range(repository, "HEAD~1..HEAD")
    assert [c.subject for c in found.commits] == ["merge side"]
    with pytest.raises(KscanError, match="shallow"):
        open_range(repository, f"{history['first']}..HEAD")
    with pytest.raises(KscanError, match="cut off in this shallow clone"):
        open_range(repository, "HEAD~1")
    with pytest.raises(KscanError, match="bare repository has no worktree"):
        worktree_range(repository)


def partial_clone(workshop: History, place: Path, without: str) -> Path:
    """A bare clone at `place` that lacks the objects a filter leaves out."""
    workshop.git("config", "uploadpack.allowFilter", "true")
    url = workshop.root.as_uri()
    workshop.git("clone", "-q", "--bare", f"--filter={without}", url, str(place))
    return place


def test_a_partial_clone_without_what_changed_is_refused(
    workshop: History, history: dict[str, str], tmp_path: Path
) -> None:
    place = partial_clone(workshop, tmp_path / "partial", "blob:none")
    count = len(set(CommitTree(Repository(workshop.root), history["first"])._files.values()))
    said = f"{count} blobs? of {history['first']} (is|are) not in this partial clone: git fetch"
    with pytest.raises(KscanError, match=said) as caught:
        open_range(Repository(place), f"{history['first']}..main")
    advice = re.search("git (fetch [a-z -]+), or", str(caught.value))
    assert advice is not None
    workshop.git(*advice[1].split(), where=place)
    assert open_range(Repository(place), f"{history['first']}..main").changed


def test_a_clone_without_trees_is_refused(
    workshop: History, history: dict[str, str], tmp_path: Path
) -> None:
    place = partial_clone(workshop, tmp_path / "treeless", "tree:0")
    said = r"treeless: trees of \w+ and \w+ are not in this partial clone: git fetch"
    with pytest.raises(KscanError, match=said):
        open_range(Repository(place), f"{history['first']}..main")
    with pytest.raises(KscanError, match=r"trees of \w+ are not in this partial clone: git fetch"):
        CommitTree(Repository(place), "main").files_with(["f"])


def test_a_lost_blob_is_no_removal(workshop: History, history: dict[str, str]) -> None:
    blob = workshop.git("rev-parse", "main:a.c")
    lost = workshop.root / ".git/objects" / blob[:2] / blob[2:]
    lost.chmod(0o644)
    lost.write_bytes(lost.read_bytes()[:-4])
    found = open_range(Repository(workshop.root), f"{history['first']}..main")
    with pytest.raises(KscanError, match=f"a.c: blob {blob} is missing or damaged .* git fsck"):
        found.head.files_with(["f"])
    lost.unlink()
    with pytest.raises(KscanError, match=f"a.c of main: blob {blob} is missing or damaged"):
        open_range(Repository(workshop.root), f"{history['first']}..main")


@pytest.mark.parametrize("index_is_old", [False, True])
def test_a_worktree(workshop: History, history: dict[str, str], index_is_old: bool) -> None:
    workshop.write(".gitignore", "*.mod.c\n")
    workshop.commit("ignore")
    workshop.write("a.c", "int f(long a)\n{\n}\n")
    workshop.write("staged.c", "int g(void)\n{\n}\n")
    workshop.git("add", "staged.c")
    workshop.write("untracked.h", "h\n")
    workshop.write("drivers/untracked.txt", "h\n")
    workshop.write("x.mod.c", "h\n")
    (workshop.root / "new.c").unlink()
    (workshop.root / "side.c").unlink()
    (workshop.root / "side.c").symlink_to("a.c")
    os.utime(workshop.root / "Makefile", (1, 1))
    if index_is_old:  # then the times it recorded prove nothing
        os.utime(workshop.root / ".git/index", (1, 1))
    before = prints(workshop.root)
    found = worktree_range(Repository(workshop.root))
    assert list(found.changed) == [
        ChangedPath("a.c", "a.c"),
        ChangedPath("new.c", None),
        ChangedPath("side.c", None),
        ChangedPath(None, "staged.c"),
        ChangedPath(None, "untracked.h"),
    ]
    assert found.head.read("a.c") == b"int f(long a)\n{\n}\n"
    assert found.head.files_with(["f", "g", "h", "s"]) == ["a.c", "staged.c", "untracked.h"]
    assert found.skips == []
    assert prints(workshop.root) == before


def test_a_clean_worktree_and_one_written_in_the_same_moment(
    workshop: History, history: dict[str, str]
) -> None:
    assert worktree_range(Repository(workshop.root)).changed == ()
    index = (workshop.root / ".git/index").stat()
    old = (workshop.root / "a.c").stat()
    workshop.write("a.c", "int f(xxx a)\n{\n}\n")
    assert (workshop.root / "a.c").stat().st_size == old.st_size
    os.utime(workshop.root / "a.c", ns=(old.st_atime_ns, old.st_mtime_ns))
    os.utime(workshop.root / ".git/index", ns=(index.st_atime_ns, old.st_mtime_ns))
    assert worktree_range(Repository(workshop.root)).changed == (ChangedPath("a.c", "a.c"),)


def test_a_sparse_checkout_removes_nothing(workshop: History, history: dict[str, str]) -> None:
    workshop.git("update-index", "--skip-worktree", "a.c")
    (workshop.root / "a.c").unlink()
    assert worktree_range(Repository(workshop.root)).changed == ()


def test_patches_in_a_range(workshop: History, history: dict[str, str]) -> None:
    first = workshop.git("format-patch", "--stdout", f"{history['first']}..{history['third']}")
    repository = Repository(workshop.root)
    series = series_of([("s.mbox", first.encode() + b"\n")])
    base = base_of(repository, series, history["first"])
    found = patch_range(base, series)
    assert_same(found.head, CommitTree(repository, history["third"]))
    assert [c.subject for c in found.commits] == ["second ?[31m", "third"] or len(
        found.commits
    ) == 2
    *_, (_, last) = found.steps()
    assert_same(last, found.head)
    first_step = next(iter(found.steps()))[1]
    assert_same(first_step, CommitTree(repository, history["second"]))
    assert ChangedPath("a.c", "a.c") in found.changed


def test_the_base_of_a_series(workshop: History, history: dict[str, str]) -> None:
    repository = Repository(workshop.root)
    diff = b"--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-x\n+y\n"
    named = series_of([("p", diff + b"\nbase-commit: " + history["first"].encode() + b"\n")])
    assert base_of(repository, named).commit == history["first"]
    assert base_of(repository, named, "side").commit == history["side"]
    assert base_of(repository, series_of([("p", diff)])).commit == history["merge"]
    absent = series_of([("p", diff + b"\nbase-commit: " + b"e" * 40 + b"\n")])
    with pytest.raises(KscanError, match="--base takes another"):
        base_of(repository, absent)


def test_two_directories(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for root in (old, new):
        (root / "drivers").mkdir(parents=True)
        (root / "same.c").write_text("same\n")
        (root / "Makefile").write_text("VERSION = 6\n")
    (old / "edited.c").write_text("int f(void)\n")
    (new / "edited.c").write_text("int g(void)\n")
    (old / "longer.c").write_text("f\n")
    (new / "longer.c").write_text("f\nf\n")
    (old / "moved.c").write_text(LONG)
    (new / "drivers/moved.c").write_text(LONG + "more\n")
    (old / "drivers/other.c").write_text("one\n")
    (new / "other.c").write_text("two\n")
    (new / "link.c").symlink_to("same.c")
    found = directory_range(old, new)
    assert isinstance(found.head, DirectoryTree)
    assert list(found.changed) == [
        ChangedPath("moved.c", "drivers/moved.c"),
        ChangedPath("drivers/other.c", None),
        ChangedPath("edited.c", "edited.c"),
        ChangedPath("longer.c", "longer.c"),
        ChangedPath(None, "other.c"),
    ]
    assert found.base.skips == found.head.skips == []


def test_a_file_of_the_worktree_that_cannot_be_read(
    workshop: History, history: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kscan.source import directory

    workshop.write("a.c", "int f(long a)\n{\n}\n" * 9)
    monkeypatch.setattr(directory, "LARGEST", 100)
    found = worktree_range(Repository(workshop.root))
    assert found.skips == [Skip("a.c", "larger than 8 MB (0 MB), not read")]
    assert found.changed == ()


def test_a_rename_that_patches_state_is_paired(workshop: History, history: dict[str, str]) -> None:
    base = CommitTree(Repository(workshop.root), history["first"])
    steps = (("old.c", "middle.c"), ("middle.c", "new.c"))
    series = series_of(
        (f"{number}.patch", f"diff --git a/{a} b/{b}\nrename from {a}\nrename to {b}\n".encode())
        for number, (a, b) in enumerate(steps)
    )
    found = patch_range(base, series)
    assert found.changed == (ChangedPath("old.c", "new.c"),)
    assert "middle.c" not in found.head.paths()
