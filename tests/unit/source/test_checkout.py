# SPDX-License-Identifier: GPL-2.0-only
"""A commit searched in the checkout beside it: the answer is the commit's, whatever lies there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from histories import History, prints

from kscan.source import checkout as checkout_module
from kscan.source.checkout import Checkout
from kscan.source.commit import CommitTree
from kscan.source.repository import Repository


@pytest.fixture
def settled(workshop: History) -> History:
    """Two commits whose files are older than the index, so that git trusts their times."""
    workshop.write(".gitattributes", "*.[ch] diff=cpp\n")
    workshop.write("drivers/a.c", "int of_xlate(void)\n{\n}\n")
    workshop.write("drivers/b.c", "int probe(void) { return of_xlate(); }\n")
    workshop.write("odd name[1].c", "int odd(void)\n{\n of_xlate();\n}\n")
    workshop.write("include/a.h", "int of_xlate(void);\n")
    workshop.commit("first")
    workshop.write("drivers/a.c", "int of_xlate(void)\n{\n return probe();\n}\n")
    workshop.commit("second")
    past = time.time() - 100
    for file in workshop.root.rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            os.utime(file, (past, past))
    workshop.git("update-index", "--refresh")
    return workshop


def beside(workshop: History, revision: str) -> tuple[CommitTree, Checkout | None]:
    tree = CommitTree(Repository(workshop.root), revision)
    return tree, tree._checkout


def answers(tree: CommitTree) -> list[object]:
    words = tree.files_by_word(["of_xlate", "probe", "odd", "absent"])
    names = [tree.definitions().files(name) for name in ("of_xlate", "probe", "odd", "evil")]
    return [words, names, tree.files_with(["return"], under=["drivers"]), tree.files_with(["a-b"])]


def agrees_without(workshop: History, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit answers the same with the checkout and without."""
    tree, checkout = beside(workshop, revision)
    assert checkout is not None
    found = answers(tree)
    afresh = CommitTree(Repository(workshop.root), revision)
    assert answers(afresh) == found, "the first search runs while the checkout is compared"
    monkeypatch.setattr("kscan.source.commit.beside", lambda *_: None)
    assert found == answers(beside(workshop, revision)[0])


def test_a_clean_checkout_is_its_commit(settled: History, monkeypatch: pytest.MonkeyPatch) -> None:
    _, checkout = beside(settled, "HEAD")
    assert checkout is not None and not checkout.otherwise and not checkout.foreign
    agrees_without(settled, "HEAD", monkeypatch)


def test_another_commit_differs_in_few_files(
    settled: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, checkout = beside(settled, "HEAD^")
    assert checkout is not None
    assert checkout.otherwise == checkout.foreign == ["drivers/a.c"]
    agrees_without(settled, "HEAD^", monkeypatch)


def _edit(workshop: History) -> None:
    workshop.write("drivers/a.c", "int evil(void)\n{\n}\n")


def _remove(workshop: History) -> None:
    (workshop.root / "drivers/b.c").unlink()


def _rename(workshop: History) -> None:
    workshop.git("mv", "odd name[1].c", "drivers/odd.c")


def _add(workshop: History) -> None:
    workshop.write("drivers/evil.c", "int evil(void)\n{\n of_xlate();\n}\n")
    workshop.git("add", "drivers/evil.c")


def _leave_untracked(workshop: History) -> None:
    workshop.write("drivers/evil.c", "int evil(void)\n{\n of_xlate();\n}\n")


def _assume(workshop: History) -> None:
    workshop.git("update-index", "--assume-unchanged", "drivers/a.c")
    _edit(workshop)


def _leave_out(workshop: History) -> None:
    workshop.git("update-index", "--skip-worktree", "drivers/a.c")
    (workshop.root / "drivers/a.c").unlink()


def _link(workshop: History) -> None:
    (workshop.root / "drivers/b.c").unlink()
    (workshop.root / "drivers/b.c").symlink_to("/etc/passwd")


def _link_folder(workshop: History) -> None:
    (workshop.root / "drivers").rename(workshop.root.parent / "elsewhere")
    (workshop.root / "drivers").symlink_to(workshop.root.parent / "elsewhere")
    (workshop.root / "drivers/a.c").write_text("int evil(void)\n{\n}\n")


@pytest.mark.parametrize(
    "change",
    [_edit, _remove, _rename, _add, _leave_untracked, _assume, _leave_out, _link, _link_folder],
)
def test_what_lies_on_disk_is_not_taken_for_the_commit(
    settled: History, change: Callable[[History], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(settled)
    agrees_without(settled, "HEAD", monkeypatch)
    monkeypatch.undo()
    agrees_without(settled, "HEAD^", monkeypatch)


def test_files_are_read_from_disk_only_if_they_are_the_blob(settled: History) -> None:
    tree, checkout = beside(settled, "HEAD^")
    assert checkout is not None
    for path in tree.paths():
        there = checkout.read(path, tree.blob_id(path))
        assert (there is None) == (path == "drivers/a.c")
    before = {path: tree.read(path) for path in tree.paths()}
    for change in (_edit, _link):
        change(settled)
    assert {path: tree.read(path) for path in tree.paths()} == before


def test_a_file_as_young_as_the_index_is_not_trusted(settled: History) -> None:
    settled.write("drivers/a.c", "int probe_(void)\n{\n}\n")
    settled.git("add", "-A")
    index = settled.root / ".git/index"
    os.utime(index, ns=((settled.root / "drivers/a.c").stat().st_mtime_ns,) * 2)
    _, checkout = beside(settled, "HEAD")
    assert checkout is not None and "drivers/a.c" in checkout.foreign


@pytest.mark.parametrize("place", [".gitattributes", ".git/info/attributes"])
def test_a_checkout_that_git_may_have_rewritten_is_not_used(settled: History, place: str) -> None:
    settled.write(place, "*.c filter=crypt\n")
    if place == ".gitattributes":
        settled.commit("attributes")
    assert beside(settled, "HEAD")[1] is None


def test_a_checkout_far_from_the_commit_is_not_used(
    settled: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout_module, "MOST", 0)
    assert beside(settled, "HEAD^")[1] is None
    assert beside(settled, "HEAD")[1] is not None


def test_a_bare_repository_has_no_checkout(settled: History, tmp_path: Path) -> None:
    settled.git("clone", "-q", "--bare", str(settled.root), str(tmp_path / "bare"))
    assert CommitTree(Repository(tmp_path / "bare"), "HEAD")._checkout is None


def test_nothing_is_written_and_nothing_is_run(settled: History) -> None:
    trap = settled.root.parent / "sprung"
    settled.write(".gitattributes", "*.c diff=evil\n")
    settled.commit("attributes")
    for key in ("diff.evil.textconv", "core.fsmonitor", "core.pager", "pager.grep"):
        settled.git("config", key, f"touch {trap};:")
    before = prints(settled.root)
    tree, checkout = beside(settled, "HEAD^")
    assert checkout is not None
    answers(tree)
    assert not trap.exists()
    assert prints(settled.root) == before
