# SPDX-License-Identifier: GPL-2.0-only
"""A process that works aside: its result, its errors, and its end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kscan.model import KscanError
from kscan.workers import aside


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
