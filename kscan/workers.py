# SPDX-License-Identifier: GPL-2.0-only
"""Processes that work beside this one.

A worker ignores Ctrl-C, which the terminal sends to it as well, and ends with its parent,
however that ends: nothing is left behind, not by ``kill -9`` either.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection
from typing import Any, TypeVar

_T = TypeVar("_T")

_TOKEN = 2
"""Bytes of a token: the kernel hands out so few whole (pipe(7))."""
_MOST_TOKENS = 1024
"""So many fit into any pipe, one of a single page included: writing them never waits."""


def processes(jobs: int | None) -> int:
    """How many processes may work: `jobs`, or else one per processor; one where none can fork."""
    number = jobs if jobs is not None else len(os.sched_getaffinity(0))
    return number if sys.platform == "linux" else 1


def may_fork(jobs: int | None) -> bool:
    """There may be a second process."""
    return processes(jobs) > 1


@contextmanager
def aside(work: Callable[[], _T]) -> Iterator[Callable[[], _T | None]]:
    """Has a forked process do `work`; what it yields waits for the result, which is pickled.

    The result is None where the process was ended from outside; what `work` raises is raised
    again.  A process that nobody waited for is ended.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(work, theirs))
    process.start()
    theirs.close()
    try:
        yield partial(_received, ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _do(work: Callable[[], _T], answer: connection.Connection) -> None:
    """What the process does that is forked for `work`."""
    _begin()
    try:
        done: tuple[Any, BaseException | None] = (work(), None)
    except Exception as error:
        done = (None, error)
    answer.send(done)


def _received(answer: connection.Connection) -> Any:
    try:
        result, error = answer.recv()
    except (EOFError, ConnectionError):
        return None
    if error is not None:
        raise error
    return result


class Turns:
    """Numbers in order, each of them for one process: whichever comes for it first.

    They wait in a pipe, which no process that is killed leaves locked.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._step = -(-len(numbers) // _MOST_TOKENS) or 1
        self._tokens, to = os.pipe()
        tokens = range(-(-len(numbers) // self._step))
        os.write(to, b"".join(token.to_bytes(_TOKEN, "little") for token in tokens))
        os.close(to)

    def __iter__(self) -> Iterator[int]:
        while token := os.read(self._tokens, _TOKEN):
            first = int.from_bytes(token, "little") * self._step
            yield from self._numbers[first : first + self._step]

    def close(self) -> None:
        """Ends it, for this process."""
        os.close(self._tokens)


@contextmanager
def workers(number: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of `number` forked processes; all gone at the end."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(number, mp_context=context, initializer=_begin) as pool:
        try:
            yield pool
        except BaseException:
            for child in multiprocessing.active_children():
                child.kill()
            raise


def _begin() -> None:
    """What a worker does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
