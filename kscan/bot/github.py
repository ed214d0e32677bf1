# SPDX-License-Identifier: GPL-2.0-only
"""Pull requests on GitHub: the event of a workflow run, and the comments by its REST API.

``pull_request`` runs of forks get a token that may only read; their verdict stands in the job
summary, in annotations and in the exit status. A ``pull_request_target`` run may write, and is
safe here: commits are read as data, nothing of them is run or configures anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kscan.bot import pipeline, web
from kscan.bot.pipeline import Pipeline
from kscan.bot.thread import Comment, GoneError
from kscan.model import KscanError
from kscan.report.markdown import LIMIT

if TYPE_CHECKING:
    from github.Issue import Issue
    from github.IssueComment import IssueComment

TOKENS = ("KSCAN_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
ACTIONS_ACCOUNT = "github-actions[bot]"
"""Who ``GITHUB_TOKEN`` writes as; the API does not tell that token its name."""
PUBLIC = "https://api.github.com"
EVENTS = ("pull_request", "pull_request_target")
LARGEST_EVENT = 32 << 20

READ_ONLY = (
    "This pull request comes from a fork, so the token of its run may only read, and no comment "
    "can be written: the report stands in the job summary and below, the verdict is the exit "
    "status. For a comment, run the job on pull_request_target: kscan reads the commits as data "
    "and runs nothing of them."
)
_REFUSAL = "give the job `permissions: pull-requests: write`"
_PROJECT = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)


def read_pipeline(variables: Mapping[str, str]) -> Pipeline:
    """The pull request that a workflow run is for; raises `KscanError` where it is for none."""
    event_name = variables.get("GITHUB_EVENT_NAME", "")
    if event_name not in EVENTS:
        ran = f"this run is for {event_name!r}" if event_name else "GITHUB_EVENT_NAME is not set"
        raise KscanError(
            f"{ran}; run in a GitHub workflow `on: {EVENTS[0]}`, or give --range and --dry-run"
        )
    event = _event(variables.get("GITHUB_EVENT_PATH", ""))
    request = _part(event, "pull_request")
    base, head = _part(request, "base"), _part(request, "head")
    project = variables.get("GITHUB_REPOSITORY", "")
    if not _PROJECT.fullmatch(project):
        raise KscanError("GITHUB_REPOSITORY: not owner/name; run this in a GitHub workflow")
    number = pipeline.number(request.get("number"), "the event's pull_request.number")
    found = (request.get("merge_commit_sha"), variables.get("GITHUB_SHA"))
    merges = [text for text in found if isinstance(text, str) and re.fullmatch("[0-9a-f]+", text)]
    return Pipeline(
        forge="GitHub",
        address=pipeline.address(variables.get("GITHUB_API_URL") or PUBLIC, "GITHUB_API_URL"),
        project=project,
        number=number,
        base=pipeline.commit(base.get("sha"), "the event's pull_request.base.sha"),
        head=pipeline.commit(head.get("sha"), "the event's pull_request.head.sha"),
        merges=(f"refs/pull/{number}/merge", f"refs/remotes/pull/{number}/merge", *merges),
        is_fork=_repository_of(head) != _repository_of(base),
        run=pipeline.run(variables, "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
        token=pipeline.first_set(variables, *TOKENS),
    )


def _event(name: str) -> Any:
    if not name:
        raise KscanError("GITHUB_EVENT_PATH is not set; run this in a GitHub workflow")
    try:
        with Path(name).open("rb") as file:
            return json.loads(file.read(LARGEST_EVENT))
    except OSError as error:
        raise KscanError(f"{name}: {error.strerror}; GITHUB_EVENT_PATH names it") from None
    except (ValueError, RecursionError):
        raise KscanError(f"{name}: not JSON; GITHUB_EVENT_PATH is to name the event") from None


def _part(of: Any, name: str) -> dict[str, Any]:
    part = of.get(name) if isinstance(of, dict) else None
    if not isinstance(part, dict):
        raise KscanError(f"the event has no {name}; run this in a workflow `on: {EVENTS[0]}`")
    return part


def _repository_of(side: dict[str, Any]) -> object:
    """The name of the repository of one side; a deleted fork has none."""
    repository = side.get("repo")
    return repository.get("full_name") if isinstance(repository, dict) else None


class PullRequestThread:
    """The comments of a pull request (`kscan.bot.thread.Thread`)."""

    limit = LIMIT

    def __init__(self, asked: Pipeline) -> None:
        try:
            from github import Auth, Github, GithubRetry  # noqa: PLC0415 - an extra, and heavy
        except ImportError:
            raise KscanError("kscan bot github needs PyGithub: pip install 'kscan[bot]'") from None

        self._asked = asked
        self._github = Github(
            base_url=asked.address,
            auth=Auth.Token(asked.token),
            user_agent="kscan",
            timeout=web.TIMEOUT,
            per_page=100,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
            retry=GithubRetry(max_rate_limit_wait=web.LONGEST_WAIT, **web.PATIENCE),
        )

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        from github import BadAttributeException, GithubException  # noqa: PLC0415 - an extra
        from github.GithubException import RateLimitExceededException  # noqa: PLC0415

        asked, forge = self._asked, f"GitHub: {self._asked.project}"
        with web.explained(forge, action, asked.token, _REFUSAL):
            try:
                yield
            except RateLimitExceededException:
                raise web.refused(forge, action, 429, "", asked.token, _REFUSAL) from None
            except GithubException as error:
                said = str(error.data.get("message", "") if isinstance(error.data, dict) else "")
                status = error.status
                raise web.refused(forge, action, status, said, asked.token, _REFUSAL) from None
            except (BadAttributeException, RuntimeError) as error:
                raise ValueError from error

    def head(self) -> str:
        """The last commit of the pull request as it is now."""
        with self._explained(f"reading {self._asked.request}"):
            repository = self._github.get_repo(self._asked.project)
            return _text(repository.get_pull(self._asked.number).head.sha)

    def author(self) -> str:
        """The account of the token; that of GitHub Actions where it cannot be asked for."""
        try:
            with self._explained("asking who the token belongs to"):
                return _text(self._github.get_user().login)
        except web.RefusedError:
            return ACTIONS_ACCOUNT

    def _issue(self) -> Issue:
        return self._github.get_repo(self._asked.project).get_issue(self._asked.number)

    def comments(self) -> list[Comment]:
        """All comments of the conversation."""
        with self._explained("reading the comments"):
            return [_comment(found) for found in self._issue().get_comments()]

    def add(self, body: str) -> Comment:
        """Writes a new comment."""
        with self._explained("writing a comment"):
            return _comment(self._issue().create_comment(body))

    def edit(self, comment: Comment, body: str) -> None:
        """Replaces the text of `comment`; raises `GoneError`."""
        with self._explained("updating a comment"), _missed():
            self._found(comment).edit(body)

    def remove(self, comment: Comment) -> None:
        """Removes `comment`."""
        try:
            with self._explained("removing a second comment"), _missed():
                self._found(comment).delete()
        except GoneError:
            pass

    def _found(self, comment: Comment) -> IssueComment:
        return self._issue().get_comment(comment.id)


@contextmanager
def _missed() -> Iterator[None]:
    """What is not found is gone."""
    from github import UnknownObjectException  # noqa: PLC0415 - an extra

    try:
        yield
    except UnknownObjectException:
        raise GoneError from None


def _text(value: Any) -> str:
    """`value`, which the API gives as text; raises `ValueError` where this one does not."""
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _comment(found: IssueComment) -> Comment:
    account: Any = found.user  # null for a deleted account
    return Comment(found.id, _text(account.login) if account else "", found.body or "")
