# SPDX-License-Identifier: GPL-2.0-only
"""A process that works aside: its result, its errors, and its end."""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from kscan.model import KscanError
from kscan.workers import Turns, aside, workers


def test_the_result_comes_from_another_process():
    with aside(os.getpid) as result:
        assert result() not in (None, os.getpid())


def test_what_is_large_comes_over_whole():
    with aside(lambda: b"x" * (4 << 20)) as result:
        assert result() == b"x" * (4 << 20)


def test_what_is_raised_there_is_raised_here():
    def fails() -> None:
        raise KscanError("no such thing")

    with aside(fails) as result, pytest.raises(KscanError, match="no such thing"):
        result()


def test_a_process_that_is_ended_gives_nothing():
    with aside(lambda: os._exit(9)) as result:
        assert result() is None


def test_a_process_that_nobody_waits_for_is_ended(tmp_path: Path):
    told = tmp_path / "pid"

    def waits() -> None:
        told.write_text(str(os.getpid()))
        time.sleep(600)

    with aside(waits):
        while not (told.exists() and told.read_text()):
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_two_processes_at_once():
    with aside(lambda: 1) as one, aside(lambda: 2) as two:
        assert (one(), two()) == (1, 2)


@pytest.mark.parametrize("number", [0, 1, 7, 1024, 1025, 5000])
def test_each_turn_is_taken_once(number: int) -> None:
    with closing(Turns(range(number))) as turns:
        assert list(turns) == list(range(number))
        assert not list(turns)


def test_two_processes_take_turns() -> None:
    with closing(Turns(range(3000))) as turns, aside(lambda: list(turns)) as theirs:
        mine = list(turns)
        others = theirs()
    assert others is not None
    assert sorted(mine + others) == list(range(3000))


def test_a_process_that_is_ended_holds_up_no_turn() -> None:
    def ends() -> None:
        next(iter(turns))
        os._exit(9)

    with closing(Turns(range(5))) as turns:
        with aside(ends) as theirs:
            assert theirs() is None
        assert list(turns) == [1, 2, 3, 4]


def test_a_pool_forks_whatever_python_does_by_default():
    """Python 3.14 has a server fork, which says so on standard error when a signal ends it."""
    default = multiprocessing.get_start_method()
    multiprocessing.set_start_method("forkserver", force=True)
    try:
        with workers(1) as pool:
            assert pool.submit(os.getppid).result() == os.getpid()
    finally:
        multiprocessing.set_start_method(default, force=True)
