# SPDX-License-Identifier: GPL-2.0-only
"""Ctrl-C and SIGTERM: everything stops within a second, quietly, workers and git included."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

GRACE = 0.5
"""Seconds that a stopped command has to put things in order."""

ENDING = (signal.SIGINT, signal.SIGTERM)


_received: list[int] = []


class Stopped(BaseException):
    """A signal ends this process; `status` is what a shell expects to see then."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


def heed() -> None:
    """Makes SIGINT and SIGTERM raise `Stopped`; one that is ignored, as by nohup, stays so."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


def _unraisable(left: sys.UnraisableHookArgs) -> None:
    """Says what a callback cannot raise, but for `Stopped`: after `GRACE` the process ends."""
    if not issubclass(left.exc_type, Stopped):
        sys.__unraisablehook__(left)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Ends what was started; what has not unwound after `GRACE` seconds is not waited for."""
    _received.append(number)
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    last = threading.Timer(GRACE, os._exit, (128 + number,))
    last.daemon = True
    last.start()
    git = sys.modules.get("kscan.source.git")
    if git is not None:
        git.stop()
    processes = sys.modules.get("multiprocessing")
    for child in processes.active_children() if processes is not None else ():
        child.kill()
    raise Stopped(number)


def status() -> int:
    """What a shell expects to see where a signal came, whatever became of its `Stopped`; else 0.

    In a callback of an extension it comes out as a `SystemError`.
    """
    return 128 + _received[0] if _received else 0
