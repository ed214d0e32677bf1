# SPDX-License-Identifier: GPL-2.0-only
"""The commands on a directory and on a commit, as text and as JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import sample_trees
from click.testing import CliRunner, Result

from kscan.cli.commands import kscan
from kscan.model import KscanError

pytestmark = pytest.mark.usefixtures("own_cache")

STORY = sample_trees.SAMPLE_TREES / "probe-path" / "1-new-probe-path"
QUERY = "(call_expression function: (identifier) @name)\n"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as a commit; in the worktree nothing of it is left."""
    root = tmp_path_factory.mktemp("repository")
    sample_trees.materialise(STORY, root)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "tree")
    for path in root.rglob("*.c"):
        path.unlink()
    return root


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(kscan, [str(a) for a in arguments])


def fingerprint(tree: Path) -> str:
    done = run("audit", tree, "--format", "json", "--no-hits")
    found = json.loads(done.stdout)["findings"]
    return next(str(f["fingerprint"]) for f in found if f["rule"] == "late-drvdata")


def asked(command: str, tree: Path, query: Path) -> list[str | Path]:
    arguments: dict[str, list[str | Path]] = {
        "callers": ["of_iommu_xlate"],
        "callees": ["iommu_init_device"],
        "paths": ["iommu_device_register", "of_iommu_xlate"],
        "facts": ["drivers/iommu/iommu.c"],
        "query": [query, "drivers/iommu"],
        "window": ["iommu_device_register"],
    }
    if command == "explain":
        return [fingerprint(STORY)]
    return arguments[command]


COMMANDS = ("callers", "callees", "paths", "facts", "query", "window", "explain")


@pytest.fixture
def query(tmp_path: Path) -> Path:
    path = tmp_path / "calls.scm"
    path.write_text(QUERY)
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commit_is_answered_as_the_directory_is(
    command: str, repository: Path, query: Path
) -> None:
    arguments = asked(command, STORY, query)
    directory = run(command, *arguments, STORY, "--format", "json")
    commit = run(command, *arguments, repository, "--commit", "HEAD", "--format", "json")
    assert (directory.exit_code, commit.exit_code) == (0, 0), (directory, commit)
    one, other = json.loads(directory.stdout), json.loads(commit.stdout)
    assert one["schema"] == f"kscan/{one['schema'].split('/')[1]}/1"
    assert other["tree"].pop("commit") is not None
    for document in (one, other):
        document["tree"] = {}
    assert one == other


@pytest.mark.parametrize("command", COMMANDS)
def test_text_is_the_default(command: str, query: Path) -> None:
    done = run(command, *asked(command, STORY, query), STORY)
    assert done.exit_code == 0
    assert done.stdout.strip()
    assert not done.stdout.startswith("{")


def test_a_rule_is_explained_without_a_tree() -> None:
    done = run("explain", "late-global", "/nonexistent")
    assert done.exit_code == 0
    assert "How it can be wrong" in done.stdout
    assert json.loads(run("explain", "late-global", "-f", "json").stdout)["id"] == "late-global"


def test_a_rule_has_no_patch() -> None:
    done = run("explain", "--patch", "late-global")
    assert "late-global is a rule: give --patch the fingerprint" in str(done.exception)


def test_a_patch_goes_to_stdout_alone_and_git_takes_it(tmp_path: Path) -> None:
    tree = sample_trees.materialise(STORY, tmp_path / "tree")
    done = run("explain", "--patch", fingerprint(STORY), tree)
    assert done.exit_code == 0
    assert "checked: with this patch the finding is gone" in done.stderr
    assert "fix: Set the driver data before iommu_device_register() is called." in done.stderr
    subprocess.run(["git", "apply", "-"], cwd=tree, input=done.stdout.encode(), check=True)
    assert fingerprint(STORY) not in run("audit", tree, "--format", "json", "--no-hits").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_tree_that_is_none_is_a_clear_error(command: str, query: Path) -> None:
    arguments = asked(command, STORY, query)
    done = run(command, *arguments, "/nonexistent")
    assert isinstance(done.exception, KscanError)
    assert "/nonexistent: no such directory" in str(done.exception)


def test_a_query_takes_the_path_that_a_shell_completes(query: Path) -> None:
    assert run("query", query, STORY / "drivers/iommu", STORY).exit_code == 0


def test_a_query_says_which_word_is_missing(
    query: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("query", query, STORY)
    assert str(done.exception) == (
        f"{STORY}: that is a directory; query FILE.scm PATH TREE; . is all of TREE"
    )
    assert ".: no" in str(run("query", query).exception)
