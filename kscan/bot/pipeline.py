# SPDX-License-Identifier: GPL-2.0-only
"""What a pipeline says of the pull or merge request that it runs for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kscan.bot.thread import Run
from kscan.model import KscanError
from kscan.source.repository import Repository

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One run for one request."""

    forge: str
    """``GitHub`` or ``GitLab``: what messages call it."""
    address: str
    """Of its API."""
    project: str
    """``owner/name``, or the project's number."""
    number: int
    base: str
    """The commit that the request starts from, or that it is to be merged into."""
    head: str
    """The last commit of the request."""
    merges: tuple[str, ...]
    """Where the merge of both may be found, likeliest first."""
    is_fork: bool
    run: Run | None
    token: str
    base_is_ancestor: bool = False
    """`base` is where the request parted from its target."""

    @property
    def request(self) -> str:
        """``pull request 7``."""
        return f"{'pull' if self.forge == 'GitHub' else 'merge'} request {self.number}"


def span(pipeline: Pipeline, repository: Repository) -> str:
    """The range to look at, as ``kscan diff`` takes it.

    The merge of both sides, against the side it is merged into, where the clone has it: that
    is what merging does to the target as it is now, and needs no history. Otherwise from where
    the two parted.
    """
    for merge in pipeline.merges:
        if _commit(repository, f"{merge}^2") == pipeline.head:
            return _commit(repository, merge) or merge
    for commit in (pipeline.base, pipeline.head):
        if _commit(repository, commit) is None:
            raise KscanError(
                f"{repository.git_dir}: {commit[:12]} of {pipeline.request} is not in this clone; "
                "fetch it with its history, or let action.yml or the GitLab template do it"
            )
    return f"{pipeline.base}{'..' if pipeline.base_is_ancestor else '...'}{pipeline.head}"


def _commit(repository: Repository, revision: str) -> str | None:
    try:
        return repository.commit_id(revision)
    except KscanError:
        return None


def commit(value: object, name: str) -> str:
    """`value` as a full commit id; raises `KscanError` that calls it `name`."""
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise KscanError(f"{name}: not a commit id; run this in a pull or merge request pipeline")
    return value


def number(value: object, name: str) -> int:
    """`value` as a number above zero; raises `KscanError` that calls it `name`."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise KscanError(f"{name}: not a number; run this in a pull or merge request pipeline")
    return int(text)


def address(value: str, name: str) -> str:
    """`value` as the address of a server; raises `KscanError` that calls it `name`."""
    if not re.fullmatch(r"https?://[!-~]{1,500}", value):
        raise KscanError(f"{name}: not an http address; run this in a pipeline that sets it")
    return value.rstrip("/")


def run(variables: Mapping[str, str], first: str, second: str) -> Run | None:
    """The run that two variables name, None where they do not."""
    found = [variables.get(name, "") for name in (first, second)]
    if not all(re.fullmatch(r"[0-9]{1,18}", text) for text in found):
        return None
    return int(found[0]), int(found[1])


def first_set(variables: Mapping[str, str], *names: str) -> str:
    """The value of the first variable that is set and not empty, without blanks around it."""
    return next((v for name in names if (v := variables.get(name, "").strip())), "")
