# SPDX-License-Identifier: GPL-2.0-only
"""Merge requests on GitLab: the variables of a merge request pipeline, and the notes by its API.

``CI_JOB_TOKEN`` may not write notes: a project access token has to be given to the job. The
pipelines of forks run in the fork, without the variables of the project they ask to merge into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kscan.bot import pipeline, web
from kscan.bot.pipeline import Pipeline
from kscan.bot.thread import Comment, GoneError
from kscan.model import KscanError

if TYPE_CHECKING:
    from gitlab.v4.objects import ProjectMergeRequest

TOKENS = ("KSCAN_TOKEN", "GITLAB_TOKEN")
LIMIT = 1_000_000
"""GitLab's limit for a note, in characters."""

READ_ONLY = (
    "This merge request comes from a fork, whose pipeline has no token for the project, so no "
    "comment can be written: the report stands below, the verdict is the exit status. For a "
    "comment, a member of the project runs the pipeline in the project (merge request, "
    "Pipelines, Run pipeline)."
)
_REFUSAL = "use a project access token with the scope api and the role Reporter or above"
_HOW = "run this in a GitLab merge request pipeline, or give --range and --dry-run"


def read_pipeline(variables: Mapping[str, str]) -> Pipeline:
    """The merge request that a pipeline is for; raises `KscanError` where it is for none."""
    if not variables.get("CI_MERGE_REQUEST_IID"):
        raise KscanError(f"CI_MERGE_REQUEST_IID is not set; {_HOW}")
    project = pipeline.number(
        variables.get("CI_MERGE_REQUEST_PROJECT_ID"), "CI_MERGE_REQUEST_PROJECT_ID"
    )
    server = pipeline.first_set(variables, "CI_API_V4_URL", "CI_SERVER_URL")
    here = variables.get("CI_COMMIT_SHA", "")
    head = variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or here
    return Pipeline(
        forge="GitLab",
        address=pipeline.address(server, "CI_SERVER_URL").removesuffix("/api/v4"),
        project=str(project),
        number=pipeline.number(variables["CI_MERGE_REQUEST_IID"], "CI_MERGE_REQUEST_IID"),
        base=pipeline.commit(
            variables.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"), "CI_MERGE_REQUEST_DIFF_BASE_SHA"
        ),
        head=pipeline.commit(head, "CI_COMMIT_SHA"),
        merges=(pipeline.commit(here, "CI_COMMIT_SHA"),),
        is_fork=variables.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", str(project)) != str(project),
        run=pipeline.run(variables, "CI_PIPELINE_ID", "CI_JOB_ID"),
        token=pipeline.first_set(variables, *TOKENS),
        base_is_ancestor=True,
    )


class MergeRequestThread:
    """The notes of a merge request (`kscan.bot.thread.Thread`)."""

    limit = LIMIT

    def __init__(self, asked: Pipeline) -> None:
        try:
            import gitlab  # noqa: PLC0415 - an extra, and heavy
        except ImportError:
            raise KscanError(
                "kscan bot gitlab needs python-gitlab: pip install 'kscan[bot]'"
            ) from None
        import requests  # noqa: PLC0415
        from requests.adapters import HTTPAdapter  # noqa: PLC0415
        from urllib3 import Retry  # noqa: PLC0415

        self._asked = asked
        session = requests.Session()
        session.max_redirects = 0  # a redirect would take the token elsewhere
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=Retry(**web.PATIENCE)))
        self._gitlab = gitlab.Gitlab(
            url=asked.address,
            oauth_token=asked.token,
            session=session,
            timeout=web.TIMEOUT,
            per_page=100,
            user_agent="kscan",
            keep_base_url=True,
        )

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        from gitlab.exceptions import GitlabError, GitlabParsingError  # noqa: PLC0415 - an extra

        asked, forge = self._asked, f"GitLab: project {self._asked.project}"
        with web.explained(forge, action, asked.token, _REFUSAL):
            try:
                yield
            except GitlabParsingError as error:
                raise ValueError from error
            except GitlabError as error:
                status, said = error.response_code or 0, str(error.error_message)
                raise web.refused(forge, action, status, said, asked.token, _REFUSAL) from None

    def _request(self) -> ProjectMergeRequest:
        project = self._gitlab.projects.get(self._asked.project, lazy=True)
        return project.mergerequests.get(self._asked.number, lazy=True)

    def head(self) -> str:
        """The last commit of the merge request as it is now."""
        with self._explained(f"reading {self._asked.request}"):
            project = self._gitlab.projects.get(self._asked.project, lazy=True)
            return str(project.mergerequests.get(self._asked.number, obey_rate_limit=False).sha)

    def author(self) -> str:
        """The account of the token: a bot of its own for a project access token."""
        with self._explained("asking who the token belongs to"):
            found: Any = self._gitlab.http_get("/user", obey_rate_limit=False)
            return str(found["username"])

    def comments(self) -> list[Comment]:
        """All notes that people and bots wrote."""
        with self._explained("reading the comments"):
            notes = self._request().notes.list(
                iterator=True, order_by="created_at", sort="asc", obey_rate_limit=False
            )
            return [_comment(note) for note in notes if not note.attributes.get("system")]

    def add(self, body: str) -> Comment:
        """Writes a new note."""
        with self._explained("writing a comment"):
            return _comment(self._request().notes.create({"body": body}, obey_rate_limit=False))

    def edit(self, comment: Comment, body: str) -> None:
        """Replaces the text of `comment`; raises `GoneError`."""
        with self._explained("updating a comment"), _missed():
            self._request().notes.update(comment.id, {"body": body}, obey_rate_limit=False)

    def remove(self, comment: Comment) -> None:
        """Removes `comment`."""
        try:
            with self._explained("removing a second comment"), _missed():
                self._request().notes.delete(comment.id, obey_rate_limit=False)
        except GoneError:
            pass


@contextmanager
def _missed() -> Iterator[None]:
    """What is not found is gone."""
    from gitlab.exceptions import GitlabError  # noqa: PLC0415 - an extra

    try:
        yield
    except GitlabError as error:
        if error.response_code == 404:
            raise GoneError from None
        raise


def _comment(note: Any) -> Comment:
    author = note.author if isinstance(note.author, dict) else {}
    return Comment(int(note.id), str(author.get("username", "")), str(note.body or ""))
