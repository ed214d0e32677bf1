# SPDX-License-Identifier: GPL-2.0-only
"""One comment under a pull or merge request, however many runs write at once.

Forges have no conditional writes for comments, so two runs that both find none both add one.
The run that adds last is the one that then sees both, and every run looks again after it has
written: the oldest comment stays, later copies go, and the text is that of the latest run. An
older run can still be about to write when a later one is done; so each write is preceded by a
look whether the request still has the commit that the run is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kscan.model import KscanError

ROUNDS = 10
"""Looks at the comments before a run gives up on others who keep changing them."""

_MARK = re.compile(r"<!-- kscan comment key=([\w.-]{1,40}) run=(\d{1,19})\.(\d{1,19}) -->")
_KEY = re.compile(r"[A-Za-z0-9][\w.-]{0,39}", re.ASCII)

Run = tuple[int, int]
"""A pipeline run and its attempt, or a pipeline and its job: later is greater."""

FIRST: Run = (0, 0)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it stands under the request."""

    id: int
    author: str
    body: str


class GoneError(Exception):
    """The comment that was to be changed is no longer there."""


class MovedError(Exception):
    """The request has another commit by now."""


class Thread(Protocol):
    """The comments of one pull or merge request; errors are `KscanError` with one line."""

    limit: int
    """Characters of one comment."""

    def head(self) -> str:
        """The commit that the request asks to merge now."""

    def author(self) -> str:
        """The account that the token writes as, as far as it can be told before writing."""

    def comments(self) -> Iterable[Comment]:
        """All comments, of all pages."""

    def add(self, body: str) -> Comment:
        """Writes a new comment."""

    def edit(self, comment: Comment, body: str) -> None:
        """Replaces the text of `comment`; raises `GoneError`."""

    def remove(self, comment: Comment) -> None:
        """Removes `comment`; one that is gone already is as good."""


class Outcome(StrEnum):
    """What became of the comment."""

    SILENT = "nothing to tell, and no comment to update"
    ADDED = "comment added"
    UPDATED = "comment updated"
    UNCHANGED = "comment up to date"
    LATER = "a later run has commented"
    MOVED = "the branch has moved on, its own run comments"


def checked_key(key: str) -> str:
    """`key`, which tells the comments of several bots apart; raises `KscanError`."""
    if not _KEY.fullmatch(key):
        raise KscanError(f"--key {key!r}: give up to 40 letters, digits, dots, dashes")
    return key


def mark(key: str, run: Run) -> str:
    """The hidden first line by which a later run finds the comment."""
    return f"<!-- kscan comment key={key} run={run[0]}.{run[1]} -->"


@dataclass
class Settling:
    """One run at work on the one comment."""

    thread: Thread
    key: str
    run: Run | None
    """None: outside of a pipeline, later than any run."""
    head: str
    text: str
    authors: set[str]
    added: Comment | None = None
    has_written: bool = False

    def own(self) -> list[Comment]:
        """The comments with our mark that our account wrote, oldest first."""
        found = [
            comment
            for comment in self.thread.comments()
            if comment.author.casefold() in self.authors and self._run_of(comment) is not None
        ]
        return sorted(found, key=lambda comment: comment.id)

    def _run_of(self, comment: Comment) -> Run | None:
        """The run that wrote `comment`; None where its first line is not our mark."""
        found = _MARK.match(comment.body)
        if found is None or found[1] != self.key:
            return None
        return int(found[2]), int(found[3])

    def add(self) -> None:
        """Adds the comment, and learns who wrote it."""
        self._refuse_old_news()
        self.added = self.thread.add(self._marked(self.run or FIRST))
        self.authors.add(self.added.author.casefold())
        self.has_written = True

    def _marked(self, run: Run) -> str:
        return f"{mark(self.key, run)}\n\n{self.text}"

    def is_settled(self, own: list[Comment]) -> bool:
        """Nothing was left to do; otherwise what there was is done."""
        oldest, *copies = own
        wanted = self._wanted(own)
        is_edited = _plain(oldest.body) != _plain(wanted)
        if is_edited:
            self._refuse_old_news()
            try:
                self.thread.edit(oldest, wanted)
            except GoneError:
                return False
            self.has_written = True
        for copy in copies:
            self.thread.remove(copy)
        return not is_edited and not copies

    def _refuse_old_news(self) -> None:
        if self.thread.head() != self.head:
            raise MovedError

    def _wanted(self, own: list[Comment]) -> str:
        """The text of the latest run: this one's, or what another has written."""
        latest = max(own, key=lambda comment: self._run_of(comment) or FIRST)
        written_by = self._run_of(latest) or FIRST
        run = self.run or written_by
        if run > written_by or (run == written_by and not self.has_written):
            return self._marked(run)
        return latest.body

    def outcome(self, own: list[Comment]) -> Outcome:
        """What a settled round means."""
        later = max(self._run_of(comment) or FIRST for comment in own)
        if self.run is not None and later > self.run:
            return Outcome.LATER
        if self.added is not None and self.added.id == own[0].id:
            return Outcome.ADDED
        return Outcome.UPDATED if self.has_written else Outcome.UNCHANGED


def _plain(body: str) -> str:
    """`body` without what forges change on the way: line ends and white space at the end."""
    return "\n".join(line.rstrip() for line in body.splitlines()).strip()


def settle(
    thread: Thread, key: str, run: Run | None, head: str, text: str, *, speaks: bool
) -> Outcome:
    """Makes `text`, about the commit `head`, the one comment of this bot.

    Where none stands, only a text that `speaks` is added. Raises `KscanError` where the forge
    refuses, or others keep changing the comments.
    """
    work = Settling(thread, key, run, head, text, {thread.author().casefold()})
    for _ in range(ROUNDS):
        own = work.own()
        if not own and not speaks:
            return Outcome.SILENT
        try:
            if not own:
                work.add()
            elif work.is_settled(own):
                return work.outcome(own)
        except MovedError:
            return Outcome.MOVED
    raise KscanError("the comments keep changing under this run; run the job again")
