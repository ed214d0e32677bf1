# SPDX-License-Identifier: GPL-2.0-only
"""Processes that parse beside this one.

A worker ignores Ctrl-C, which the terminal sends to it as well, and ends with its parent,
however that ends: nothing is left behind, not by ``kill -9`` either.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection


@contextmanager
def workers(number: int, method: str | None = None) -> Iterator[ProcessPoolExecutor]:
    """A pool of `number` processes, made by the start method `method`; all gone at the end."""
    context = multiprocessing.get_context(method)
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
