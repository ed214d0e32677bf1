# SPDX-License-Identifier: GPL-2.0-only
"""A repository that tries to run something while it is read: every door is tried, none opens.

Each trap creates a file if it is sprung, and each is shown to be armed where plain git
springs it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from histories import History, prints

from kscan.model import KscanError
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.patches import series_of
from kscan.source.ranges import base_of, open_range, patch_range, worktree_range
from kscan.source.repository import Repository
from kscan.source.tree import Tree

HOOKS = [
    "applypatch-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-index-change",
    "post-merge",
    "pre-auto-gc",
    "pre-commit",
    "reference-transaction",
]
PATCH = b"--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n int f(void)\n-{ return 1; }\n+{ return 2; }\n"


class Trap:
    """What a hostile repository plants; `sprung` names what ran."""

    def __init__(self, workshop: History, folder: Path) -> None:
        self.workshop = workshop
        self.folder = folder
        folder.mkdir()

    def script(self, name: str, then: str = "cat") -> str:
        file = self.folder / f"{name}.sh"
        file.write_text(f"#!/bin/sh\ntouch {self.folder}/sprung-{name}\n{then}\n")
        file.chmod(0o755)
        return str(file)

    @property
    def sprung(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("sprung-*"))


@pytest.fixture
def trap(workshop: History, tmp_path: Path) -> Iterator[Trap]:
    workshop.write("Makefile", "VERSION = 6\n")
    workshop.commit("first", a_c="int f(void)\n{ return 0; }\n", b_h="int g(void);\n")
    workshop.commit("second", a_c="int f(void)\n{ return 1; }\n")
    planted = Trap(workshop, tmp_path / "trap")
    for hook in HOOKS:
        file = workshop.root / ".git/hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(Path(planted.script(f"hook-{hook}")).read_text())
        file.chmod(0o755)
    settings = {
        "core.pager": planted.script("pager"),
        "pager.grep": planted.script("pager-grep"),
        "pager.ls-files": planted.script("pager-ls"),
        "core.fsmonitor": planted.script("fsmonitor"),
        "core.editor": planted.script("editor"),
        "core.sshCommand": planted.script("ssh"),
        "core.gitProxy": planted.script("proxy"),
        "core.askPass": planted.script("askpass"),
        "core.alternateRefsCommand": planted.script("alternates"),
        "credential.helper": f"!{planted.script('credential')}",
        "diff.external": planted.script("diff-external"),
        "diff.evil.command": planted.script("diff-command"),
        "diff.evil.textconv": planted.script("textconv"),
        "filter.evil.clean": planted.script("clean"),
        "filter.evil.smudge": planted.script("smudge"),
        "filter.evil.required": "true",
        "merge.evil.driver": planted.script("merge"),
        "gpg.program": planted.script("gpg"),
        "log.showSignature": "true",
        "protocol.ext.allow": "always",
        "grep.patternType": "perl",
        "grep.fullName": "true",
        "grep.lineNumber": "true",
        "color.ui": "always",
        "core.quotePath": "true",
        "alias.grep": f"!{planted.script('alias')}",
        "include.path": str(tmp_path / "trap/included"),
    }
    (tmp_path / "trap/included").write_text(f"[core]\n\tfsmonitor = {planted.script('included')}\n")
    for key, value in settings.items():
        workshop.git("config", key, value)
    attributes = "* filter=evil diff=evil merge=evil text eol=crlf working-tree-encoding=UTF-16\n"
    workshop.write(".gitattributes", attributes)
    workshop.write(".git/info/attributes", attributes)
    workshop.write("git", f"#!/bin/sh\ntouch {planted.folder}/sprung-git\n").chmod(0o755)
    workshop.write("a.c", "int f(void)\n{ return 3; }\n")
    yield planted
    assert planted.sprung == []


def read_everything(tree: Tree) -> None:
    assert tree.files_with(["f", "g"]) == ["a.c", "b.h"]
    assert tree.definitions().files("f") == ("a.c",)
    assert tree.kernel_version() == "6"
    for path in tree.paths():
        tree.read(path)
        tree.blob_id(path)


def test_the_traps_are_armed(workshop: History, tmp_path: Path) -> None:
    workshop.commit("first", a_c="x\n")
    armed = Trap(workshop, tmp_path / "armed")
    workshop.git("config", "core.fsmonitor", armed.script("fsmonitor"))
    workshop.git("config", "diff.evil.textconv", armed.script("textconv"))
    workshop.git("config", "filter.evil.clean", armed.script("clean"))
    workshop.write(".gitattributes", "* filter=evil diff=evil\n")
    workshop.write("a.c", "yy\n")
    workshop.git("status", "--short")
    workshop.git("diff", "HEAD")
    assert armed.sprung == ["sprung-clean", "sprung-fsmonitor", "sprung-textconv"]
    with contextlib.suppress(CalledProcessError):
        workshop.git("cat-file", "-p", lose_blob_to_promisor(armed))
    assert "sprung-promisor" in armed.sprung


def test_a_directory(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trap.workshop.root)
    monkeypatch.setenv("PATH", f".::{os.environ['PATH']}")
    monkeypatch.setenv("GIT_PAGER", trap.script("env-pager"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", trap.script("env-diff"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", trap.script("env-config"))
    before = prints(trap.workshop.root)
    read_everything(DirectoryTree(trap.workshop.root))
    assert prints(trap.workshop.root) == before


def test_commits_and_ranges(trap: Trap) -> None:
    before = prints(trap.workshop.root)
    repository = Repository(trap.workshop.root)
    read_everything(CommitTree(repository, "HEAD"))
    for spec in ("HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD", "HEAD~1"):
        found = open_range(repository, spec)
        read_everything(found.head)
        assert all(tree.read("a.c") for _, tree in found.steps())
        assert found.changed
    assert prints(trap.workshop.root) == before


def test_a_worktree_and_a_patch(trap: Trap) -> None:
    before = prints(trap.workshop.root)
    repository = Repository(trap.workshop.root)
    dirty = worktree_range(repository)
    assert dirty.head.read("a.c") == b"int f(void)\n{ return 3; }\n"
    read_everything(dirty.head)
    series = series_of([("p", PATCH)])
    read_everything(patch_range(base_of(repository, series), series).head)
    assert prints(trap.workshop.root) == before


def lose_blob_to_promisor(trap: Trap) -> str:
    """Removes a blob that git would then fetch with a command; its id."""
    workshop = trap.workshop
    blob = workshop.git("rev-parse", "HEAD:a.c")
    (workshop.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    workshop.git("config", "protocol.ext.allow", "always")
    workshop.git("config", "remote.origin.url", f"ext::{trap.script('promisor', 'exit 1')} %S")
    workshop.git("config", "remote.origin.promisor", "true")
    workshop.git("config", "remote.origin.uploadpack", trap.script("uploadpack", "exit 1"))
    workshop.git("config", "extensions.partialClone", "origin")
    workshop.git("config", "core.repositoryFormatVersion", "1")
    return blob


def test_a_promisor_that_would_run_a_command(trap: Trap) -> None:
    workshop = trap.workshop
    lose_blob_to_promisor(trap)
    tree = CommitTree(Repository(workshop.root), "HEAD")
    assert tree.files_with(["f", "g"]) == ["b.h"]
    assert [skip.path for skip in tree.skips] == ["a.c"]
    with pytest.raises(KscanError, match="1 blob of HEAD is not in this partial clone"):
        open_range(Repository(workshop.root), "HEAD~1..HEAD")
    with contextlib.suppress(KscanError):
        Repository(workshop.root).commit_id("e" * 40)


def test_words_and_revisions_that_look_like_options(trap: Trap) -> None:
    repository = Repository(trap.workshop.root)
    pager = f"--open-files-in-pager={trap.script('option')}"
    for tree in (DirectoryTree(trap.workshop.root), CommitTree(repository, "HEAD")):
        assert tree.files_with([pager, "-O", "--"]) == []
        assert tree.files_with(["f"], under=[pager, "--", ":(top)"]) == []
        assert tree.files_with(["f"], suffixes=[pager]) == []
    for spec in (pager, f"{pager}..HEAD", "-O", f"HEAD..--output={trap.folder}/sprung-output"):
        with pytest.raises(KscanError):
            open_range(repository, spec)
