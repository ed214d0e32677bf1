# SPDX-License-Identifier: GPL-2.0-only
"""sample-trees/probe-path as a history: before, the new probe path, the repairs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TREES = Path(__file__).parents[3] / "sample-trees" / "probe-path"

DATE = "2025-03-01T12:00:00Z"


@dataclass(frozen=True)
class Story:
    """A repository with the story on branches, as commit ids."""

    repo: Path
    before: str
    new_path: str
    fixed: str
    quiet: str
    """Beside `new_path`: touches a comment only."""


def git(where: Path, *arguments: str) -> str:
    """What git prints, run without anybody's configuration."""
    return subprocess.run(
        ["git", "-c", "user.name=Ro Author", "-c", "user.email=ro@example.org", *arguments],
        cwd=where, check=True, capture_output=True, text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
             "GIT_AUTHOR_DATE": DATE, "GIT_COMMITTER_DATE": DATE},
    ).stdout.strip()  # fmt: skip


def commit(repo: Path, subject: str) -> str:
    """Commits all of the worktree; the commit id."""
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", subject)
    return git(repo, "rev-parse", "HEAD")


def fill(repo: Path, tree: str) -> None:
    """Makes the worktree that of one of the trees; what else stands at its top stays."""
    for part in (TREES / tree).iterdir():
        target = repo / part.name
        if part.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(part, target)
        else:
            shutil.copy(part, target)


def told(repo: Path) -> Story:
    """The story in a new repository at `repo`."""
    repo.mkdir(parents=True)
    git(repo, "init", "-q", "-b", "main")
    fill(repo, "0-before")
    before = commit(repo, "iommu: stand before")
    git(repo, "checkout", "-q", "-b", "topic")
    fill(repo, "1-new-probe-path")
    new_path = commit(repo, "iommu: parse firmware in the probe path")
    fill(repo, "2-fixed")
    fixed = commit(repo, "iommu: repair the drivers")
    git(repo, "checkout", "-q", "-b", "quiet", before)
    driver = repo / "drivers/iommu/qux-iommu.c"
    driver.write_text(driver.read_text() + "/* quiet */\n")
    return Story(repo, before, new_path, fixed, commit(repo, "qux: say nothing"))
