# SPDX-License-Identifier: GPL-2.0-only
"""What is ready to use, run as it is written: the action, the GitLab template, NIPA, the hook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .forges import TOKEN, Forge, serving
from .story import Story, git

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
WORKFLOW = yaml.safe_load((ROOT / "ci/github/kscan.yml").read_text())
TEMPLATE = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]

OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one upside down
    "PYTHONPATH": sysconfig.get_path("purelib"),
}
"""pip finds what it would fetch where these tests have it from."""


@dataclass(frozen=True)
class Runner:
    """A machine that runs jobs: a clone of the base, and an origin as a forge keeps it."""

    origin: Path
    workspace: Path
    temp: Path
    story: Story
    environment: dict[str, str]

    def run(self, script: str, where: Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*BASH, script], cwd=where, env={**self.environment, **more},
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RUNNER_TEMP after the action's first step."""
    temp = tmp_path_factory.mktemp("runner temp")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(temp), "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ROOT), "PYTHON": sys.executable, **OFFLINE,
    }  # fmt: skip
    done = subprocess.run(
        [*BASH, STEPS[0]["run"]], env=environment, cwd=temp, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return temp


@pytest.fixture
def runner(story: Story, cache: str, installed: Path, tmp_path: Path) -> Runner:
    origin = tmp_path / "origin.git"
    git(tmp_path, "clone", "-q", "--bare", str(story.repo), str(origin))
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    workspace = tmp_path / "work space"
    git(tmp_path, "clone", "-q", "--depth=1", "-b", "main", f"file://{origin}", str(workspace))
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RUNNER_TEMP": str(installed),
        "GITHUB_ACTION_PATH": str(ROOT), "KSCAN_CACHE_DIR": cache,
        "PYTHONPATH": OFFLINE["PYTHONPATH"],
    }  # fmt: skip
    return Runner(origin, workspace, tmp_path, story, environment)


def merged(runner: Runner, head: str) -> None:
    """Gives the origin what GitHub makes of a pull request: the merge of both sides."""
    place = runner.temp / "merging"
    git(runner.temp, "clone", "-q", str(runner.origin), str(place))
    git(place, "checkout", "-q", "--detach", runner.story.before)
    git(place, "commit", "-q", "--allow-empty", "-m", "main moves on")
    git(place, "merge", "-q", "--no-ff", "-m", "Merge", head)
    git(place, "push", "-q", "origin", "HEAD:refs/pull/7/merge", "HEAD^1:refs/heads/main")
    shutil.rmtree(place)


def event(runner: Runner, head: str, *, fork: bool) -> dict[str, Any]:
    here = {"full_name": "o/r"}
    return {
        "pull_request": {
            "number": 7,
            "base": {"sha": git(runner.origin, "rev-parse", "main"), "repo": here},
            "head": {"sha": head, "repo": {"full_name": "someone/r"} if fork else here},
        }
    }


def looked_up(text: str, contexts: dict[str, Any]) -> str:
    """`text` with each ``${{ a.b.c }}`` as GitHub would give it."""

    def value(match: re.Match[str]) -> str:
        found: Any = contexts
        for name in match[1].split("."):
            found = found[name]
        return str(found)

    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


def acted(
    runner: Runner, forge: Forge, head: str, *, event_name: str = "pull_request",
    fork: bool = False, **inputs: str,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Runs the steps after the first; the last one that ran."""
    forge.head = head
    happened = event(runner, head, fork=fork)
    (runner.temp / "event.json").write_text(json.dumps(happened))
    github = {"token": TOKEN, "event": happened}
    defaults = {
        name: looked_up(declared["default"], {"github": github})
        for name, declared in ACTION["inputs"].items()
    }
    contexts = {"inputs": {**defaults, **inputs}, "github": github}
    given = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.address,
        "GITHUB_EVENT_NAME": event_name,
        "GITHUB_EVENT_PATH": str(runner.temp / "event.json"),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_SHA": happened["pull_request"]["base"]["sha"],
        "GITHUB_STEP_SUMMARY": str(runner.temp / "summary.md"),
    }
    for step in STEPS[1:]:
        own = {name: looked_up(str(text), contexts) for name, text in step["env"].items()}
        where = runner.workspace / looked_up(step.get("working-directory", "."), contexts)
        done = runner.run(step["run"], where, **given, **own)
        assert TOKEN not in done.stdout + done.stderr
        if done.returncode:
            break
    return done


def test_action_comments(runner: Runner) -> None:
    merged(runner, runner.story.new_path)
    with serving("github") as forge:
        done = acted(runner, forge, runner.story.new_path)
        assert done.returncode == 1, done.stderr
        assert "kscan: pull request 7: comment added" in done.stderr
        assert "drivers/iommu/acme-iommu.c" in forge.bodies()[0]


@pytest.mark.parametrize("event_name", ["pull_request", "pull_request_target"])
def test_action_works_from_a_fork(runner: Runner, event_name: str) -> None:
    merged(runner, runner.story.new_path)
    may_write = event_name == "pull_request_target"
    with serving("github", is_read_only=not may_write, knows_me=False) as forge:
        done = acted(runner, forge, runner.story.new_path, event_name=event_name, fork=True)
        assert done.returncode == 1, done.stderr
        assert len(forge.comments) == int(may_write)
    if not may_write:
        assert "This pull request comes from a fork" in done.stderr
        assert "::error file=drivers/iommu/acme-iommu.c" in done.stdout
        assert "drivers/iommu/acme-iommu.c" in (runner.temp / "summary.md").read_text()


def test_action_without_a_merge_fetches_the_history(runner: Runner) -> None:
    with serving("github") as forge:
        done = acted(runner, forge, runner.story.new_path)
        assert done.returncode == 1, done.stderr
        assert len(forge.comments) == 1
    assert git(runner.workspace, "rev-parse", "--is-shallow-repository") == "false"


def test_action_leaves_a_whole_clone_whole(runner: Runner) -> None:
    merged(runner, runner.story.new_path)
    git(runner.workspace, "fetch", "-q", "--unshallow")
    with serving("github") as forge:
        assert acted(runner, forge, runner.story.new_path).returncode == 1
        assert len(forge.comments) == 1
    assert git(runner.workspace, "rev-parse", "--is-shallow-repository") == "false"


def test_action_passes_a_quiet_change_and_takes_its_inputs(runner: Runner) -> None:
    merged(runner, runner.story.quiet)
    (runner.workspace / "policy.toml").write_text("[policy]\nfail_on_new_skips = true\n")
    inputs = {"config": "policy.toml", "key": "strict", "dry-run": "true"}
    with serving("github") as forge:
        done = acted(runner, forge, runner.story.quiet, **inputs)
        assert (done.returncode, forge.seen) == (0, []), done.stderr
    assert "**kscan: No finding introduced.**" in done.stdout


def test_action_reads_and_runs_nothing_of_the_pull_request(runner: Runner) -> None:
    place = runner.temp / "evil"
    git(runner.temp, "clone", "-q", str(runner.origin), str(place))
    git(place, "checkout", "-q", runner.story.new_path)
    mark = runner.temp / "ran"
    (place / "sitecustomize.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (place / "kscan.toml").write_text('[[suppress]]\npath = "*"\nreason = "mine"\n')
    (place / "kscan").mkdir()
    (place / "kscan/__init__.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (place / ".gitattributes").write_text("*.c filter=evil diff=evil\n")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "evil")
    head = git(place, "rev-parse", "HEAD")
    git(place, "push", "-q", "origin", "HEAD:refs/heads/evil")
    merged(runner, head)
    with serving("github") as forge:
        assert acted(runner, forge, head).returncode == 1
        assert len(forge.comments) == 1
    assert not mark.exists()
    assert not (runner.workspace / "sitecustomize.py").exists()


def test_action_puts_no_input_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_workflow_grants_what_the_action_needs_and_no_more() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    uses = [step["uses"] for step in WORKFLOW["jobs"]["kscan"]["steps"]]
    assert [name.split("@")[0] for name in uses] == ["actions/checkout", "OWNER/kscan"]
    assert all("with" not in step for step in WORKFLOW["jobs"]["kscan"]["steps"])


def test_gitlab_template(runner: Runner) -> None:
    job = TEMPLATE["kscan"]
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert job["variables"]["GIT_DEPTH"] == "0"
    story = runner.story
    with serving("gitlab", head=story.new_path) as forge:
        variables = {
            "CI_API_V4_URL": f"{forge.address}/api/v4",
            "CI_BUILDS_DIR": str(runner.temp),
            "CI_COMMIT_SHA": story.new_path,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": story.before,
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_PIPELINE_ID": "1",
            "CI_JOB_ID": "1",
            "KSCAN": f"kscan[bot] @ file://{ROOT}",
            "KSCAN_TOKEN": TOKEN,
        }
        script = "\n".join([*job["before_script"], *job["script"]])
        done = runner.run(script, story.repo, **OFFLINE, **variables)
        assert done.returncode == 1, done.stderr
        assert len(forge.comments) == 1
        assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["patch", "series"])
def test_nipa_test(runner: Runner, kind: str) -> None:
    """As NIPA's core/test.py runs it: in the tree, with a pipe for the description."""
    tests = runner.temp / "nipa" / "tests" / kind
    tests.mkdir(parents=True)
    (tests / "kscan").symlink_to(ROOT / "ci/nipa/kscan")
    info = json.loads((tests / "kscan/info.json").read_text())
    tree = runner.temp / "tree"
    git(runner.temp, "clone", "-q", str(runner.origin), str(tree))
    git(tree, "checkout", "-q", "--detach", runner.story.new_path)
    reading, writing = os.pipe()
    done = subprocess.run(
        [str(tests / "kscan" / info["run"][0])], cwd=tree, pass_fds=[writing],
        env={**runner.environment, "DESC_FD": str(writing), "BRANCH_BASE": runner.story.before,
             "PATH": f"{runner.environment['RUNNER_TEMP']}/kscan/bin:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        assert "introduced" in pipe.read()
    assert done.returncode == 1


def test_hook(runner: Runner) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("kscan", "python", False)
    path = f"{runner.environment['RUNNER_TEMP']}/kscan/bin:{os.environ['PATH']}"
    driver = runner.workspace / "drivers/iommu/qux-iommu.c"
    driver.write_text(driver.read_text() + "/* quiet */\n")
    done = runner.run(hook["entry"], runner.workspace, PATH=path)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
    git(runner.workspace, "fetch", "-q", "--depth=1", "origin", runner.story.new_path)
    git(runner.workspace, "checkout", "-q", "FETCH_HEAD", "--", ".")
    done = runner.run(hook["entry"], runner.workspace, PATH=path)
    assert done.returncode == 1, done.stderr
    assert "drivers/iommu/acme-iommu.c" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(shell: str, installed: Path, story: Story) -> None:
    """click's own: ``eval "$(_KSCAN_COMPLETE=bash_source kscan)"``."""

    def kscan(**variables: str) -> list[str]:
        return subprocess.run(
            [str(installed / "kscan/bin/kscan")], capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": OFFLINE["PYTHONPATH"], **variables},
        ).stdout.splitlines()  # fmt: skip

    assert "_kscan_completion" in "".join(kscan(_KSCAN_COMPLETE=f"{shell}_source"))
    words = {"COMP_WORDS": "kscan bot gi", "COMP_CWORD": "gi" if shell == "fish" else "2"}
    found = " ".join(kscan(_KSCAN_COMPLETE=f"{shell}_complete", **words))
    assert "github" in found
    assert "gitlab" in found
