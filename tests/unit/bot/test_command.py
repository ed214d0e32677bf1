# SPDX-License-Identifier: GPL-2.0-only
"""``kscan bot`` from the command line, on a real history and a local forge."""

from __future__ import annotations

import email
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email.policy import default
from pathlib import Path

import pytest

from kscan.cli import main

from .forges import TOKEN, Failure, Forge, serving
from .story import Story, commit, fill, git, told

NAMED = "drivers/iommu/acme-iommu.c"


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    with serving(request.param) as answering:
        yield answering


@pytest.fixture
def kscan(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs the command line: status, stdout, stderr."""

    def run(*arguments: object, **variables: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patched:
            for name, value in variables.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["kscan", "bot", *map(str, arguments)])
            with pytest.raises(SystemExit) as left:
                main()
        out, err = capfd.readouterr()
        assert TOKEN not in out + err
        return int(left.value.code or 0), out, err

    return run


def pipeline(
    forge: Forge, story: Story, tmp_path: Path, head: str, *, run: int = 1, fork: bool = False,
    token: str = TOKEN,
) -> dict[str, str]:  # fmt: skip
    """The variables of a run for a request to merge `head`."""
    forge.head = head
    if forge.kind == "gitlab":
        return {
            "CI_API_V4_URL": f"{forge.address}/api/v4",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "6" if fork else "5",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": story.before,
            "CI_COMMIT_SHA": head,
            "CI_PIPELINE_ID": str(run),
            "CI_JOB_ID": "1",
            "GITLAB_TOKEN": token,
        }
    side = {"repo": {"full_name": "o/r"}}
    head_repo = {"repo": {"full_name": "someone/r"}} if fork else side
    event = {
        "pull_request": {
            "number": 7,
            "base": {"sha": story.before, **side},
            "head": {"sha": head, **head_repo},
        }
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.address,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": str(run),
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_TOKEN": token,
    }


def test_life_of_a_request(kscan, forge: Forge, story: Story, tmp_path: Path) -> None:
    def push(head: str, run: int) -> tuple[int, str]:
        variables = pipeline(forge, story, tmp_path, head, run=run)
        status, out, err = kscan(forge.kind, "--repo", story.repo, **variables)
        assert out == ""
        return status, err.splitlines()[-1]

    what = f"kscan: {'pull' if forge.kind == 'github' else 'merge'} request 7"
    assert push(story.quiet, 1) == (0, f"{what}: nothing to tell, and no comment to update")
    assert forge.comments == []
    assert push(story.new_path, 2) == (1, f"{what}: comment added")
    assert push(story.new_path, 2) == (1, f"{what}: comment up to date")
    (body,) = forge.bodies()
    assert "introduced" in body.splitlines()[2]
    assert NAMED in body
    assert f"git fetch origin {story.new_path} && kscan diff {story.before[:12]}" in body
    assert push(story.fixed, 3) == (0, f"{what}: comment updated")
    (body,) = forge.bodies()
    assert body.splitlines()[2] == "**kscan: No finding introduced.**"
    assert body.splitlines()[4].startswith("<details>")
    assert push(story.quiet, 4) == (0, f"{what}: comment updated")
    (body,) = forge.bodies()
    assert body.splitlines()[1:] == ["", "**kscan: No finding introduced.**"]
    assert push(story.new_path, 3) == (1, f"{what}: a later run has commented")


def test_run_for_an_old_commit_leaves_the_comment(kscan, forge, story, tmp_path) -> None:
    variables = pipeline(forge, story, tmp_path, story.new_path)
    forge.head = story.fixed
    status, _, err = kscan(forge.kind, "--repo", story.repo, **variables)
    assert status == 1
    assert err.splitlines()[-1].endswith("the branch has moved on, its own run comments")
    assert forge.comments == []


def test_keys_keep_comments_apart(kscan, forge, story, tmp_path) -> None:
    variables = pipeline(forge, story, tmp_path, story.new_path)
    kscan(forge.kind, "--repo", story.repo, **variables)
    kscan(forge.kind, "--repo", story.repo, "--key", "other", **variables)
    assert len(forge.comments) == 2


def test_fork_with_a_read_only_token(kscan, forge, story, tmp_path) -> None:
    forge.is_read_only = True
    token = TOKEN if forge.kind == "github" else ""
    variables = pipeline(forge, story, tmp_path, story.new_path, fork=True, token=token)
    status, out, err = kscan(forge.kind, "--repo", story.repo, **variables)
    assert status == 1
    assert "comes from a fork" in err
    assert forge.comments == []
    if forge.kind == "github":
        assert NAMED in (tmp_path / "summary.md").read_text()
        assert f"::error file={NAMED}," in out
    else:
        assert NAMED in out


def test_fork_of_a_quiet_change_passes(kscan, forge, story, tmp_path) -> None:
    forge.is_read_only = True
    variables = pipeline(forge, story, tmp_path, story.quiet, fork=True)
    assert kscan(forge.kind, "--repo", story.repo, **variables)[0] == 0


def test_read_only_token_of_no_fork_is_an_error_after_the_report(
    kscan, forge, story, tmp_path
) -> None:
    forge.is_read_only = True
    variables = pipeline(forge, story, tmp_path, story.new_path)
    status, out, err = kscan(forge.kind, "--repo", story.repo, **variables)
    assert status == 2
    assert NAMED in out
    assert "403: " in err.splitlines()[-1]


@pytest.mark.parametrize("status", [401, 404, 503])
def test_refusal_is_one_line_after_the_report(
    kscan, forge, story, tmp_path, waits, status: int
) -> None:
    forge.failures.append(Failure("*", "", status, times=100))
    variables = pipeline(forge, story, tmp_path, story.new_path)
    code, out, err = kscan(forge.kind, "--repo", story.repo, **variables)
    assert code == 2
    assert NAMED in out
    assert err.splitlines()[-1].startswith("kscan: error: Git")
    assert f": {status}: " in err.splitlines()[-1]


def test_no_token_is_one_line_before_any_work(kscan, forge, story, tmp_path) -> None:
    variables = pipeline(forge, story, tmp_path, story.new_path, token=" ")
    status, out, err = kscan(forge.kind, "--repo", story.repo, **variables)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "no token in KSCAN_TOKEN" in err
    assert forge.seen == []


def test_no_pipeline_is_one_line(kscan, forge, story) -> None:
    status, out, err = kscan(forge.kind, "--repo", story.repo)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "--range and --dry-run" in err


def test_dry_run_prints_and_asks_nobody(kscan, forge, story, tmp_path) -> None:
    variables = pipeline(forge, story, tmp_path, story.new_path, token="")
    status, out, _ = kscan(forge.kind, "--repo", story.repo, "--dry-run", **variables)
    assert (status, forge.seen) == (1, [])
    assert NAMED in out
    if forge.kind == "github":
        first, *_, last = out.splitlines()
        assert first.startswith("::stop-commands::")
        assert last == f"::{first.removeprefix('::stop-commands::')}::"
    span = f"{story.before}..{story.new_path}"
    status, alone, _ = kscan(forge.kind, "--repo", story.repo, "--dry-run", "--range", span)
    assert (status, forge.seen) == (1, [])
    assert alone.startswith("**kscan: ")


def test_what_repeats_the_answer_names_the_catalogue_of_the_reader(kscan, story, tmp_path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[stop]]\nreason = "calls nobody back"\nnames = ["quiet_*"]\n')
    span = f"{story.before}..{story.new_path}"
    where = ("--repo", story.repo, "--dry-run", "--range", span, "--catalog", own)
    config = tmp_path / "ci.toml"
    config.write_text('[policy.comment]\nconfidence = "low"\n')
    status, out, _ = kscan("github", *where, "--config", config)
    assert status == 1
    assert "kscan diff --min-confidence low --config ci.toml --catalog own.toml" in out
    assert str(tmp_path) not in out


def test_policy_is_that_of_the_base(kscan, tmp_path, cache, monkeypatch) -> None:
    monkeypatch.setenv("KSCAN_CACHE_DIR", cache)
    repo = tmp_path / "linux"
    story = told(repo)

    def status(head: str, base: str = story.before) -> int:
        return kscan("github", "--repo", repo, "--dry-run", "--range", f"{base}..{head}")[0]

    lax = '[policy.fail]\nrules = ["late-replay"]\nconfidence = "high"\n'
    git(repo, "checkout", "-q", "-b", "sly", story.new_path)
    (repo / "kscan.toml").write_text(lax + '[[suppress]]\npath = "*"\nreason = "mine"\n')
    assert status(commit(repo, "kscan: accept everything")) == 1
    git(repo, "checkout", "-q", "-b", "agreed", story.before)
    (repo / "kscan.toml").write_text(lax)
    base = commit(repo, "kscan: agree on a policy")
    fill(repo, "1-new-probe-path")
    assert status(commit(repo, "iommu: parse firmware in the probe path"), base) == 0
    (tmp_path / "strict.toml").write_text("[policy]\nfail = {rules = ['late-globl']}\n")
    code, _, err = kscan(
        "github", "--repo", repo, "--dry-run", "--range", "HEAD", "--config",
        tmp_path / "strict.toml",
    )  # fmt: skip
    assert code == 2
    assert "no rule 'late-globl': did you mean late-global?" in err


def mbox(story: Story, tmp_path: Path, *arguments: str) -> Path:
    """The series that leads to the new probe path, as git format-patch writes it."""
    path = tmp_path / "series.mbox"
    text = git(
        story.repo, "format-patch", "--stdout", "--thread", "--to=iommu@lists.example.org",
        *arguments,
    )  # fmt: skip
    path.write_text(text + "\n")
    return path


def test_mail(kscan, story, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1740830400")
    span = f"{story.before}..{story.new_path}"
    patch = mbox(story, tmp_path, "--cover-letter", f"--base={story.before}", span)
    arguments = ("mail", patch, "--repo", story.repo, "--from", "Jo Doe <jo@example.org>")
    status, out, err = kscan(*arguments, "--reported-by")
    assert status == 1
    assert "introduced" in err
    read = email.message_from_string(out, policy=default)
    cover = email.message_from_string(patch.read_text().split("\n", 1)[1])
    assert read["In-Reply-To"] == cover["Message-ID"]
    assert str(read["To"]) == "Ro Author <ro@example.org>"
    assert str(read["Cc"]) == "iommu@lists.example.org"
    body = read.get_content()
    assert f"base-commit: {story.before}" in body
    assert f"kscan diff --patch series.mbox --base \\\n    {story.before}" in body
    assert "| Reported-by: Jo Doe <jo@example.org>" in body
    status, out, _ = kscan(*arguments, "-o", tmp_path / "reply.eml")
    assert (status, out) == (1, "")
    assert (tmp_path / "reply.eml").read_bytes().startswith(b"From: Jo Doe <jo@example.org>\n")


def test_mail_from_stdin_is_read_once(kscan, story, tmp_path, monkeypatch) -> None:
    patch = mbox(story, tmp_path, f"{story.before}..{story.new_path}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(patch.read_bytes())))
    asked = ("--repo", story.repo, "--base", story.before, "--from", "jo@example.org")
    status, out, err = kscan("mail", "-", *asked)
    assert (status, out.startswith("From: jo@example.org\n")) == (1, True), err


def test_mail_of_a_quiet_patch(kscan, story, tmp_path) -> None:
    patch = mbox(story, tmp_path, f"{story.before}..{story.quiet}")
    arguments = ("mail", patch, "--repo", story.repo, "--base", story.before)
    status, out, _ = kscan(*arguments, KSCAN_FROM="jo@example.org")
    assert status == 0
    assert "\nkscan: No finding introduced. As it stands, the tree lacks" in out
    status, out, err = kscan(*arguments, "--if-any", KSCAN_FROM="jo@example.org")
    assert (status, out, err) == (0, "", "kscan: No finding introduced\n")


def test_mail_that_cannot_be_written_is_one_line(kscan, story, tmp_path) -> None:
    patch = mbox(story, tmp_path, f"{story.before}..{story.new_path}")
    status, out, err = kscan("mail", patch, "--repo", story.repo)
    assert (status, out) == (2, "")
    assert err == ("kscan: error: who writes is not known; give --from 'Jo Doe <jo@example.org>'\n")
    status, _, err = kscan("mail", tmp_path / "none", "--from", "a@b.c")
    assert (status, len(err.splitlines())) == (2, 1)


def nipa(story: Story, *arguments: str, where: Path | None = None) -> tuple[int, str, str]:
    """As NIPA runs a test: status, log and description."""
    reading, writing = os.pipe()
    code = "import sys; sys.argv[0] = 'kscan'; from kscan.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "bot", "nipa", *arguments], cwd=where or story.repo,
        env={**os.environ, "DESC_FD": str(writing)}, pass_fds=[writing],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        return done.returncode, done.stdout, pipe.read()


def test_nipa(story: Story, tmp_path: Path) -> None:
    status, log, description = nipa(story, "--range", story.new_path)
    assert status == 1
    assert NAMED in log
    assert "introduced in" in description
    assert "; failing: " in description
    assert description.count("\n") == 1
    status, _, description = nipa(story, "--range", story.quiet)
    assert (status, description) == (0, "No finding introduced\n")
    status, _, description = nipa(story, "--range", "no-such-commit")
    assert status == 2
    assert description.startswith("kscan: error: ")
    (tmp_path / "empty").mkdir()
    assert nipa(story, where=tmp_path / "empty")[0] == 2


def test_help_names_the_subcommands(kscan) -> None:
    status, out, _ = kscan("--help")
    assert status == 0
    assert [name for name in ("github", "gitlab", "mail", "nipa") if f"  {name} " in out] == [
        "github", "gitlab", "mail", "nipa",
    ]  # fmt: skip
