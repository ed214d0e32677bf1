# SPDX-License-Identifier: GPL-2.0-only
"""A tree at a commit: what a checkout of it would hold, without one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from histories import History, prints
from trees import Memory

from kscan.model import KscanError, Skip
from kscan.source import commit as commit_module
from kscan.source import searched
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.ranges import worktree_range
from kscan.source.repository import Repository
from kscan.source.tree import Unreadable


@pytest.fixture
def filled(workshop: History) -> History:
    workshop.write("Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n")
    workshop.write("drivers/iommu/core.c", "int of_xlate(void)\n{\n}\n")
    workshop.write("drivers/iommu/rest.c", b"static int x(void)\n{\n of_xlate(); \xff\0\r\n}\n")
    workshop.write("include/a.h", "#define of_xlate_all\n")
    workshop.write("new\nline.c", "of_xlate\n")
    (workshop.root / "link.c").symlink_to("/etc/passwd")
    workshop.commit("first")
    return workshop


def test_a_commit_is_what_its_checkout_is(filled: History) -> None:
    (filled.root / "link.c").unlink()
    disk = DirectoryTree(filled.root)
    tree = CommitTree(Repository(filled.root), "HEAD")
    assert tree.commit == filled.git("rev-parse", "HEAD")
    assert tree.name == "HEAD"
    assert tree.paths() == disk.paths()
    assert [tree.read(path) for path in tree.paths()] == [disk.read(path) for path in disk.paths()]
    assert [tree.blob_id(p) for p in tree.paths()] == [disk.blob_id(p) for p in disk.paths()]
    assert tree.kernel_version() == disk.kernel_version() == "6.12.3"
    assert tree.listing("drivers/iommu") == disk.listing("drivers/iommu")
    assert tree.listing("") == ["Makefile", "new\nline.c"]
    for words in (["of_xlate"], ["x", "of_xlate_all"], ["absent"]):
        assert tree.files_with(words) == disk.files_with(words)
        assert tree.files_with(words, under=["drivers"]) == disk.files_with(
            words, under=["drivers"]
        )
    assert tree.definitions().files("of_xlate") == ("drivers/iommu/core.c",)
    assert tree.definitions().files("x") == ()
    assert tree.exists("drivers/iommu/core.c")
    assert not tree.exists("link.c")
    with pytest.raises(Unreadable):
        tree.read("link.c")
    assert tree.skips == [Skip("link.c", "no such file in the commit")]


def test_the_search_without_git_grep_is_the_same(
    filled: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = CommitTree(Repository(filled.root), "HEAD")
    slow = CommitTree(Repository(filled.root), "HEAD")
    found = fast.files_with(["of_xlate"])
    monkeypatch.setattr(Repository, "grep", lambda *_: None)
    assert slow.files_with(["of_xlate"]) == found
    assert slow.definitions().files("of_xlate") == ("drivers/iommu/core.c",)


def test_the_next_run_remembers(filled: History, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    first = CommitTree(Repository(filled.root), "HEAD")
    first.remember(memory)
    found = first.files_with(["of_xlate", "absent"])
    assert first.definitions().files("of_xlate") == ("drivers/iommu/core.c",)
    monkeypatch.setattr(Repository, "grep", lambda *_: pytest.fail("searched again"))
    again = CommitTree(Repository(filled.root), "main")
    again.remember(memory)
    assert again.files_with(["of_xlate", "absent"]) == found
    assert again.definitions().files("of_xlate") == ("drivers/iommu/core.c",)


def test_the_checkout_does_not_matter(filled: History) -> None:
    before = CommitTree(Repository(filled.root), "HEAD").read("Makefile")
    filled.write("Makefile", "changed\n")
    filled.git("add", "-A")
    assert CommitTree(Repository(filled.root), "HEAD").read("Makefile") == before


@pytest.mark.parametrize("kind", ["bare", "worktree", "subdirectory", "shallow", "alternates"])
def test_every_shape_of_repository(filled: History, tmp_path: Path, kind: str) -> None:
    filled.commit("second", drivers__b_c="of_xlate\n")
    place = tmp_path / kind
    url = filled.root.as_uri()
    if kind == "bare":
        filled.git("clone", "-q", "--bare", url, str(place))
    elif kind == "worktree":
        filled.git("worktree", "add", "-q", str(place))
    elif kind == "subdirectory":
        place = filled.root / "drivers/iommu"
    elif kind == "shallow":
        filled.git("clone", "-q", "--depth=1", url, str(place))
    else:
        filled.git("clone", "-q", "--shared", str(filled.root), str(place))
    tree = CommitTree(Repository(place), "HEAD")
    assert tree.files_with(["of_xlate"]) == [
        "drivers/b.c",
        "drivers/iommu/core.c",
        "drivers/iommu/rest.c",
        "new\nline.c",
    ]
    assert tree.read("drivers/b.c") == b"of_xlate\n"


def test_a_partial_clone_names_what_is_missing(filled: History, tmp_path: Path) -> None:
    filled.git("config", "uploadpack.allowFilter", "true")
    place = tmp_path / "partial"
    url = filled.root.as_uri()
    filled.git("clone", "-q", "--filter=blob:none", "--no-checkout", url, str(place))
    filled.git("cat-file", "-e", "HEAD:include/a.h", where=place)  # brings this one
    tree = CommitTree(Repository(place), "HEAD")
    assert tree.files_with(["of_xlate", "of_xlate_all"]) == ["include/a.h"]
    blob = filled.git("rev-parse", "HEAD:drivers/iommu/core.c")
    reason = f"blob {blob} is not in this partial clone; git fetch --refetch --no-filter brings it"
    assert Skip("drivers/iommu/core.c", reason) in tree.skips
    assert len(tree.skips) == 3
    with pytest.raises(Unreadable, match="partial clone"):
        tree.read("Makefile")
    assert len(tree.paths()) == 5


def test_a_lost_blob_is_a_skip(filled: History) -> None:
    blob = filled.git("rev-parse", "HEAD:drivers/iommu/core.c")
    (filled.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    tree = CommitTree(Repository(filled.root), "HEAD")
    assert tree.files_with(["of_xlate"]) == ["drivers/iommu/rest.c", "new\nline.c"]
    reason = f"blob {blob} is missing or damaged in the repository; see git fsck"
    assert tree.skips == [Skip("drivers/iommu/core.c", reason)]
    assert tree.read("Makefile").startswith(b"VERSION")


def test_a_large_blob_is_a_skip(filled: History, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.commit("large", huge_h=b"x\n" * 40_000 + b"needle\n", small_c="needle\n")
    for module in (commit_module, searched):
        monkeypatch.setattr(module, "LARGEST", 1 << 16)
    tree = CommitTree(Repository(filled.root), "HEAD")
    assert tree.files_with(["needle"]) == ["small.c"]
    assert [skip.path for skip in tree.skips] == ["huge.h"]
    with pytest.raises(Unreadable, match="larger than"):
        tree.read("huge.h")
    assert tree.read("small.c") == b"needle\n"


@pytest.mark.parametrize(
    "revision",
    [
        "absent",
        "--output=x",
        "-e",
        "",
        "HEAD\nHEAD",
        "HEAD\0",
        "HEAD:Makefile",
        "f" * 40,
        "HEAD^{tree}",
    ],
)
def test_what_is_no_commit_is_one_clear_line(filled: History, revision: str) -> None:
    before = prints(filled.root)
    with pytest.raises(KscanError) as caught:
        CommitTree(Repository(filled.root), revision)
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)
    assert prints(filled.root) == before


def test_what_is_no_commit_is_called_what_it_is(filled: History) -> None:
    filled.git("tag", "-a", "-m", "x", "of-a-tree", "HEAD^{tree}")
    filled.git("tag", "of-a-blob", "HEAD:Makefile")
    repository = Repository(filled.root)
    for kind in ("tree", "blob"):
        with pytest.raises(KscanError, match=f"'of-a-{kind}' is a {kind}, not a commit"):
            repository.commit_id(f"of-a-{kind}")


def test_what_git_says_of_a_broken_configuration_is_told(filled: History) -> None:
    repository = Repository(filled.root)
    filled.write(".git/config", "[bad\n")
    with pytest.raises(KscanError, match=r"bad config line 1 .*; mend that first"):
        repository.commit_id("HEAD")


def test_a_damaged_index_is_told_with_what_helps(filled: History) -> None:
    filled.write(".git/index", "garbage")
    with pytest.raises(KscanError, match=r"index.* rm .git/index && git reset"):
        worktree_range(Repository(filled.root))


def test_a_shallow_clone_says_so(filled: History, tmp_path: Path) -> None:
    first = filled.git("rev-parse", "HEAD")
    filled.commit("second", a_c="x")
    place = tmp_path / "shallow"
    filled.git("clone", "-q", "--depth=1", filled.root.as_uri(), str(place))
    repository = Repository(place)
    with pytest.raises(KscanError, match="this clone is shallow"):
        repository.commit_id(first)
    with pytest.raises(KscanError, match="is cut off in this shallow clone"):
        repository.parent(repository.commit_id("HEAD"))


def test_a_slip_in_a_repository_is_not_taken_for_it(filled: History) -> None:
    filled.commit("first", a_c="x")
    for slip in ("lniux", "a.c"):
        with pytest.raises(KscanError, match=f"{slip}: no such directory; give a clone"):
            Repository(filled.root / slip)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(KscanError, match="not in a git repository"):
        Repository(tmp_path)
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(KscanError, match="does not point to a git repository"):
        Repository(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_repository_of_another_user(filled: History) -> None:
    for path in (filled.root, filled.root / ".git", filled.root / ".git/config"):
        os.chown(path, 65534, 65534)
    with pytest.raises(CalledProcessError):
        filled.git("rev-parse", "HEAD")
    assert CommitTree(Repository(filled.root), "HEAD").files_with(["of_xlate"])
    assert worktree_range(Repository(filled.root)).changed == ()


def test_a_worker_reads_through_its_own_git(filled: History) -> None:
    tree = CommitTree(Repository(filled.root), "HEAD")
    assert tree.read("Makefile")
    child = os.fork()
    if child == 0:  # pragma: no cover
        good = all(tree.read("drivers/iommu/core.c")[:3] == b"int" for _ in range(50))
        os._exit(0 if good else 1)
    for _ in range(50):
        assert tree.read("Makefile")[:7] == b"VERSION"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pickle.loads(pickle.dumps(tree)).read("Makefile") == tree.read("Makefile")


def test_git_that_is_not_there(filled: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "relative")
    with pytest.raises(KscanError, match="install git"):
        CommitTree(Repository(filled.root), "HEAD")
