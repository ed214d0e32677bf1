# SPDX-License-Identifier: GPL-2.0-only
"""A judgement brought to its request: a comment where the token may write one, else the job."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from kscan.bot import comment, github, gitlab, web
from kscan.bot.pipeline import Pipeline
from kscan.bot.policy import Judgement
from kscan.bot.thread import Outcome, Thread, settle
from kscan.model import KscanError
from kscan.report import render

_MARK_ROOM = 200
"""Characters kept for the hidden first line."""
_SUMMARY_LIMIT = 1_000_000
"""Characters; GitHub takes 1 MiB of summary a step."""


def thread_of(asked: Pipeline) -> Thread:
    """The comments of the request; raises `KscanError` without a client library."""
    if asked.forge == "GitHub":
        return github.PullRequestThread(asked)
    return gitlab.MergeRequestThread(asked)


def posted(asked: Pipeline, thread: Thread, judgement: Judgement, key: str) -> Outcome:
    """Settles the one comment of the request; raises `KscanError` where the forge refuses."""
    text = web.hidden(comment.text(judgement, thread.limit - _MARK_ROOM), asked.token)
    return settle(thread, key, asked.run, asked.head, text, speaks=judgement.speaks)


def read_only(asked: Pipeline) -> str:
    """Why a request from a fork gets no comment, and how it would."""
    return github.READ_ONLY if asked.forge == "GitHub" else gitlab.READ_ONLY


def refuse_without_token(asked: Pipeline) -> None:
    """Raises `KscanError` where there is no token and no fork explains that."""
    if asked.token or asked.is_fork:
        return
    names = github.TOKENS if asked.forge == "GitHub" else gitlab.TOKENS
    how = {
        "GitHub": "GITHUB_TOKEN: ${{ github.token }} in the step's env",
        "GitLab": "a masked variable with a project access token (scope api)",
    }[asked.forge]
    raise KscanError(f"no token in {', '.join(names)}; give {how}, or --dry-run")


def shown_in_job(asked: Pipeline, judgement: Judgement, variables: Mapping[str, str]) -> str:
    """The report for the log of a job that may not comment.

    On GitHub that is annotations, and the Markdown goes to the job summary where there is one.
    """
    text = web.hidden(comment.text(judgement, _SUMMARY_LIMIT), asked.token)
    if asked.forge != "GitHub":
        return text
    summary = variables.get("GITHUB_STEP_SUMMARY", "")
    annotations = web.hidden(render("github", judgement.impact), asked.token)
    return annotations + ("" if _is_appended(summary, text) else disarmed(text, variables))


def _is_appended(name: str, text: str) -> bool:
    if not name:
        return False
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return False
    return True


def disarmed(text: str, variables: Mapping[str, str]) -> str:
    """`text` for the log of a job, whose runner takes no line of it for a workflow command."""
    if variables.get("GITHUB_ACTIONS") != "true":
        return text
    word = secrets.token_hex(16)
    return f"::stop-commands::{word}\n{text}\n::{word}::\n"
