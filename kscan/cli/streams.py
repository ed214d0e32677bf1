# SPDX-License-Identifier: GPL-2.0-only
"""Standard streams as every command may take them: open, and able to write any character."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import TextIO

STDOUT = "standard output"

_HELD = ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))
"""How a closed descriptor is held, lest a file of kscan's own take its place.

What is asked of stdin, or told to stdout, fails there as it would on a closed one.
"""


def make_usable() -> None:
    """Holds closed descriptors; what an encoding cannot spell becomes a question mark."""
    for number, mode in _HELD:
        if _is_closed(number):
            os.open(os.devnull, mode)
    sys.stdout = _writable(sys.stdout, 1)
    sys.stderr = _writable(sys.stderr, 2)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError as error:
        return error.errno == errno.EBADF
    return False


def _writable(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        stream = os.fdopen(number, "w", encoding="utf-8", errors="replace", closefd=False)
    elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")
    return stream


def unheard(status: int = 128 + signal.SIGPIPE) -> int:
    """The status to end with where the reader went away (`| head`), or took nothing more.

    Nothing is left to say, at exit neither; a gate must not take it for a verdict.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    return status


def told(error: OSError) -> str:
    """What went wrong, where, and what to try: without a name it is the output that failed."""
    reason = (error.strerror or str(error)).lower()
    if error.filename:
        return f"{os.fsdecode(error.filename)}: {reason}"
    if error.errno == errno.ENOENT:
        return "the current directory is deleted; change to one that is there"
    if error.errno == errno.EBADF:
        return f"{STDOUT} is closed: open it, or name a file where a command has -o"
    return f"{STDOUT}: {reason}: send it elsewhere, into a file or a pipe"
