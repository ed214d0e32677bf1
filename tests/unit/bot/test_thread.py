# SPDX-License-Identifier: GPL-2.0-only
"""One comment, in every order in which several runs may come to speak."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kscan.bot.thread import Comment, GoneError, Outcome, checked_key, mark, settle
from kscan.model import KscanError

ME, OTHER = "kscan-bot", "mallory"


class Notes:
    """The comments of a request in memory; `turn` is called before each look or change."""

    limit = 1000

    def __init__(self, turn: Callable[[], None] = lambda: None) -> None:
        self.stored: list[Comment] = []
        self.turn = turn
        self.me = ME
        self.told_me = ME
        self.next = 0
        self.is_at = "a"
        self.calls: list[str] = []

    def head(self) -> str:
        self.calls.append("head")
        return self.is_at

    def author(self) -> str:
        return self.told_me

    def put(self, author: str, body: str) -> Comment:
        self.next += 1
        self.stored.append(Comment(self.next, author, body))
        return self.stored[-1]

    def comments(self) -> Iterable[Comment]:
        self.turn()
        return list(self.stored)

    def add(self, body: str) -> Comment:
        self.turn()
        self.calls.append("add")
        return self.put(self.me, body)

    def edit(self, comment: Comment, body: str) -> None:
        self.turn()
        self.calls.append("edit")
        ids = [c.id for c in self.stored]
        if comment.id not in ids:
            raise GoneError
        self.stored[ids.index(comment.id)] = Comment(comment.id, comment.author, body)

    def remove(self, comment: Comment) -> None:
        self.turn()
        self.calls.append("remove")
        self.stored = [c for c in self.stored if c.id != comment.id]


def said(notes: Notes, text: str, run: tuple[int, int] | None = (1, 1), *, speaks: bool = True):
    return settle(notes, "kscan", run, "a", text, speaks=speaks)


def test_first_run_adds_and_says_nothing_without_need() -> None:
    notes = Notes()
    assert said(notes, "clean", speaks=False) is Outcome.SILENT
    assert not notes.stored
    assert said(notes, "two findings") is Outcome.ADDED
    assert notes.stored[0].body == f"{mark('kscan', (1, 1))}\n\ntwo findings"


def test_later_run_updates_in_place_and_resolves_to_its_one_line() -> None:
    notes = Notes()
    said(notes, "two findings", (1, 1))
    assert said(notes, "one finding", (2, 1)) is Outcome.UPDATED
    assert said(notes, "one finding", (2, 1)) is Outcome.UNCHANGED
    assert said(notes, "no finding", (3, 1), speaks=False) is Outcome.UPDATED
    assert [c.body for c in notes.stored] == [f"{mark('kscan', (3, 1))}\n\nno finding"]
    assert notes.calls == ["head", "add", "head", "edit", "head", "edit"]


def test_run_for_a_commit_that_is_no_longer_there_writes_nothing() -> None:
    notes = Notes()
    notes.is_at = "b"
    assert said(notes, "old news") is Outcome.MOVED
    notes.put(ME, mark("kscan", (1, 1)) + "\n\nstands")
    assert said(notes, "old news", (2, 1)) is Outcome.MOVED
    assert [c.body.split("\n")[-1] for c in notes.stored] == ["stands"]


def test_earlier_run_that_comes_late_changes_nothing() -> None:
    notes = Notes()
    said(notes, "new", (5, 1))
    assert said(notes, "old", (4, 9)) is Outcome.LATER
    assert notes.stored[0].body.endswith("new")
    assert said(notes, "new again", (5, 2)) is Outcome.UPDATED


def test_run_outside_of_a_pipeline_is_the_latest() -> None:
    notes = Notes()
    said(notes, "of a run", (5, 1))
    assert said(notes, "by hand", None) is Outcome.UPDATED
    assert said(notes, "by hand", None) is Outcome.UNCHANGED
    assert said(notes, "older", (4, 1)) is Outcome.LATER


@pytest.mark.parametrize(
    ("author", "body"),
    [
        (OTHER, mark("kscan", (9, 9)) + "\n\nforged"),
        (ME, "a comment of ours without a mark"),
        (ME, "quoted\n" + mark("kscan", (9, 9))),
        (ME, mark("other-job", (9, 9)) + "\n\nof another job"),
        (ME, "<!-- kscan comment key=kscan run=9.x -->\n\ndamaged"),
    ],
)
def test_comment_without_our_mark_or_our_author_is_not_ours(author: str, body: str) -> None:
    notes = Notes()
    theirs = notes.put(author, body)
    assert said(notes, "ours") is Outcome.ADDED
    assert said(notes, "ours again", (2, 1)) is Outcome.UPDATED
    assert theirs in notes.stored
    assert len(notes.stored) == 2


def test_author_is_learnt_where_the_token_does_not_know_its_name() -> None:
    notes = Notes()
    said(notes, "first", (1, 1))
    notes.told_me = "somebody"
    assert said(notes, "second", (2, 1)) is Outcome.UPDATED
    assert [(c.id, c.body) for c in notes.stored] == [(1, f"{mark('kscan', (2, 1))}\n\nsecond")]


def test_author_is_compared_without_case() -> None:
    notes = Notes()
    notes.put("KScan-Bot", mark("kscan", (1, 1)) + "\n\nold")
    assert said(notes, "new", (2, 1)) is Outcome.UPDATED


def test_text_that_the_forge_tidied_up_is_not_written_again() -> None:
    notes = Notes()
    said(notes, "one  \ntwo\n\n")
    notes.stored[0] = Comment(1, ME, notes.stored[0].body.replace("\n", "\r\n").rstrip())
    assert said(notes, "one  \ntwo\n\n") is Outcome.UNCHANGED


def test_comment_that_others_keep_changing_is_an_error_not_a_loop() -> None:
    notes = Notes()

    def meddle() -> None:
        notes.stored = [Comment(1, ME, mark("kscan", (0, 0)) + f"\n\n{notes.calls}")]

    notes.turn = meddle
    with pytest.raises(KscanError, match="keep changing"):
        said(notes, "ours")


@pytest.mark.parametrize("key", ["", "a b", "-x", "x" * 41, "k-->", "é"])
def test_key_is_checked(key: str) -> None:
    with pytest.raises(KscanError, match="--key"):
        checked_key(key)


class Turns:
    """Runs in threads that move one call at a time, in an order chosen from outside."""

    def __init__(self, notes: Notes, works: list[Callable[[], object]]) -> None:
        self.ready = [threading.Semaphore(0) for _ in works]
        self.moved = threading.Semaphore(0)
        self.over = [False] * len(works)
        self.mine = threading.local()
        notes.turn = self.wait
        self.threads = [
            threading.Thread(target=self._run, args=(n, work), daemon=True)
            for n, work in enumerate(works)
        ]

    def _run(self, number: int, work: Callable[[], object]) -> None:
        self.mine.number = number
        self.ready[number].acquire()
        work()
        self.over[number] = True
        self.moved.release()

    def wait(self) -> None:
        self.moved.release()
        self.ready[self.mine.number].acquire()

    def play(self, order: Iterable[int]) -> None:
        for thread in self.threads:
            thread.start()
        for choice in order:
            waiting = [n for n, over in enumerate(self.over) if not over]
            if not waiting:
                return
            self._move(waiting[choice % len(waiting)])
        while not all(self.over):
            self._move(self.over.index(False))

    def _move(self, number: int) -> None:
        self.ready[number].release()
        assert self.moved.acquire(timeout=10)


@settings(max_examples=150)
@given(
    runs=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), min_size=2, max_size=5),
    order=st.lists(st.integers(0, 4), max_size=80),
    has_old=st.booleans(),
)
def test_runs_in_any_order_leave_one_comment(runs, order, has_old) -> None:
    notes = Notes()
    if has_old:
        notes.put(ME, mark("kscan", (0, 1)) + "\n\nold")
    works = [lambda run=run: said(notes, f"text of {run}", run) for run in runs]
    Turns(notes, works).play(order)
    assert len(notes.stored) == 1
    assert notes.stored[0].body.rpartition("\n")[2] in {f"text of {run}" for run in runs}


@settings(max_examples=100)
@given(runs=st.permutations(range(1, 6)))
def test_runs_one_after_another_leave_the_text_of_the_latest(runs) -> None:
    notes = Notes()
    for run in runs:
        said(notes, f"text of {run}", (run, 1))
    assert [c.body for c in notes.stored] == [f"{mark('kscan', (5, 1))}\n\ntext of 5"]
