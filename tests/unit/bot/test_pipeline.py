# SPDX-License-Identifier: GPL-2.0-only
"""Events and variables as the CIs give them, and what else may stand in them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kscan.bot import github, gitlab, pipeline
from kscan.model import KscanError
from kscan.source.repository import Repository

from .forges import BASE, HEAD

EVENT: dict[str, Any] = {
    "action": "synchronize",
    "number": 7,
    "pull_request": {
        "number": 7,
        "merge_commit_sha": "c" * 40,
        "base": {"ref": "main", "sha": BASE, "repo": {"full_name": "o/r"}},
        "head": {"ref": "topic", "sha": HEAD, "repo": {"full_name": "o/r"}},
    },
}


def on_github(tmp_path: Path, event: object = EVENT, **more: str) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(event if isinstance(event, str) else json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": "d" * 40,
        "GITHUB_RUN_ID": "12345678901",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_TOKEN": " t0ken\n",
        **more,
    }


ON_GITLAB = {
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
    "CI_COMMIT_SHA": HEAD,
    "CI_PIPELINE_ID": "900",
    "CI_JOB_ID": "901",
    "KSCAN_TOKEN": "t0ken",
}


def test_github_event(tmp_path: Path) -> None:
    found = github.read_pipeline(on_github(tmp_path))
    assert (found.project, found.number, found.base, found.head) == ("o/r", 7, BASE, HEAD)
    assert found.merges[0] == "refs/pull/7/merge"
    assert found.merges[-2:] == ("c" * 40, "d" * 40)
    assert (found.run, found.token, found.is_fork) == ((12345678901, 2), "t0ken", False)
    assert found.address == "https://api.github.com"
    assert found.request == "pull request 7"


@pytest.mark.parametrize("repository", [{"full_name": "someone/r"}, None])
def test_fork_on_github(tmp_path: Path, repository: object) -> None:
    event = json.loads(json.dumps(EVENT))
    event["pull_request"]["head"]["repo"] = repository
    assert github.read_pipeline(on_github(tmp_path, event)).is_fork


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "schedule", ""])
def test_event_that_is_no_pull_request(tmp_path: Path, name: str) -> None:
    with pytest.raises(KscanError, match="run in a GitHub workflow `on: pull_request`"):
        github.read_pipeline(on_github(tmp_path, GITHUB_EVENT_NAME=name))


@pytest.mark.parametrize(
    "event",
    [
        "", "null", "[]", "{", "[" * 100_000, "{}", '{"pull_request": 7}',
        '{"pull_request": {"number": 7}}',
        json.dumps({"pull_request": {**EVENT["pull_request"], "number": "7; rm -rf"}}),
        json.dumps({"pull_request": {**EVENT["pull_request"], "number": True}}),
        json.dumps({"pull_request": {**EVENT["pull_request"], "head": {"sha": "--output=x"}}}),
        json.dumps({"pull_request": {**EVENT["pull_request"], "base": {"sha": None}}}),
    ],
)  # fmt: skip
def test_damaged_event_is_one_line(tmp_path: Path, event: str) -> None:
    with pytest.raises(KscanError) as caught:
        github.read_pipeline(on_github(tmp_path, event))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", "o/r/../../x"),
        ("GITHUB_REPOSITORY", ""),
        ("GITHUB_EVENT_PATH", ""),
        ("GITHUB_EVENT_PATH", "/nowhere/event.json"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "https://a b"),
    ],
)
def test_damaged_variable_is_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(KscanError, match=name):
        github.read_pipeline(on_github(tmp_path, **{name: value}))


def test_gitlab_variables() -> None:
    found = gitlab.read_pipeline(ON_GITLAB)
    assert (found.address, found.project, found.number) == ("https://gitlab.example", "5", 7)
    assert (found.base, found.head, found.run) == (BASE, HEAD, (900, 901))
    assert not found.is_fork
    assert found.request == "merge request 7"


def test_fork_and_merged_result_on_gitlab() -> None:
    found = gitlab.read_pipeline(
        ON_GITLAB
        | {
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "6",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "e" * 40,
        }
    )
    assert found.is_fork
    assert (found.head, found.merges) == ("e" * 40, (HEAD,))


@pytest.mark.parametrize("name", [n for n in ON_GITLAB if n.startswith(("CI_M", "CI_C", "CI_A"))])
@pytest.mark.parametrize("value", ["", "-x", "../1", "1\n2"])
def test_damaged_gitlab_variable_is_one_line(name: str, value: str) -> None:
    if (name, value) == ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", value):
        return
    with pytest.raises(KscanError) as caught:
        gitlab.read_pipeline(ON_GITLAB | {name: value})
    assert "\n" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pull_request", "number", "base", "head", "sha", "repo"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(event=json_values)
def test_any_event_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, event: object
) -> None:
    tmp_path = tmp_path_factory.getbasetemp()
    try:
        found = github.read_pipeline(on_github(tmp_path, event))
    except KscanError:
        return
    assert found.number > 0


def git(where: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Jo", "-c", "user.email=jo@example.org", *arguments],
        cwd=where, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


@pytest.fixture
def forked(tmp_path: Path) -> dict[str, str]:
    """A history with a base, a topic, and the merge of both."""
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    commits = {"repo": str(repo)}
    for name in ("root", "base", "topic"):
        if name == "topic":
            git(repo, "checkout", "-q", "-b", "topic", commits["root"])
        (repo / f"{name}.c").write_text(f"int {name};\n")
        git(repo, "add", ".")
        git(repo, "commit", "-qm", name)
        commits[name] = git(repo, "rev-parse", "HEAD")
    git(repo, "checkout", "-q", "main")
    git(repo, "merge", "-q", "--no-edit", "topic")
    commits["merge"] = git(repo, "rev-parse", "HEAD")
    return commits


def run_for(commits: dict[str, str], *merges: str, **more: Any) -> pipeline.Pipeline:
    return pipeline.Pipeline(
        "GitHub", "http://127.0.0.1", "o/r", 7, commits["base"], more.pop("head", commits["topic"]),
        merges, False, None, "", **more,
    )  # fmt: skip


def test_range_is_the_merge_where_the_clone_has_it(forked: dict[str, str]) -> None:
    repository = Repository(forked["repo"])
    merges = ("refs/pull/7/merge", forked["root"], forked["merge"])
    assert pipeline.span(run_for(forked, *merges), repository) == forked["merge"]


def test_range_is_from_the_merge_base_otherwise(forked: dict[str, str]) -> None:
    repository = Repository(forked["repo"])
    span = f"{forked['base']}...{forked['topic']}"
    assert pipeline.span(run_for(forked, forked["base"], "0" * 40), repository) == span
    found = pipeline.span(run_for(forked, base_is_ancestor=True), repository)
    assert found == span.replace("...", "..")


def test_merge_of_another_push_is_not_taken(forked: dict[str, str]) -> None:
    asked = run_for(forked, forked["merge"], head=forked["root"])
    assert pipeline.span(asked, Repository(forked["repo"])).endswith(f"...{forked['root']}")


def test_clone_without_the_commits_says_which(forked: dict[str, str]) -> None:
    with pytest.raises(KscanError, match="aaaaaaaaaaaa of pull request 7 is not in this clone"):
        pipeline.span(run_for(forked, head=HEAD), Repository(forked["repo"]))


@pytest.mark.parametrize("values", [("1", ""), ("x", "1"), ("1", "-1"), ("9" * 30, "1")])
def test_run_that_cannot_be_told_is_none(values: tuple[str, str]) -> None:
    assert pipeline.run(dict(zip(("A", "B"), values, strict=True)), "A", "B") is None
