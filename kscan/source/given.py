# SPDX-License-Identifier: GPL-2.0-only
"""What a command line gives by name: a file, or ``-`` for standard input."""

from __future__ import annotations

import errno
import sys
from pathlib import Path


def content_of(name: Path | str, most: int) -> bytes:
    """The bytes of the file `name`, or of stdin: one more than `most` where there are more.

    Raises `OSError`.
    """
    if str(name) == "-":
        if sys.stdin is None:
            raise OSError(errno.EBADF, "standard input is closed: name a file")
        return sys.stdin.buffer.read(most + 1)
    with Path(name).open("rb") as opened:
        return opened.read(most + 1)
