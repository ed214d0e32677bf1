# SPDX-License-Identifier: GPL-2.0-only
"""What a command line gives by name: a file, or ``-`` for standard input.

Text of Windows comes as the UTF-8 it was: PowerShell's ``>`` writes UTF-16, and CRLF.
"""

from __future__ import annotations

import codecs
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
        content = sys.stdin.buffer.read(most + 1)
    else:
        with Path(name).open("rb") as opened:
            content = opened.read(most + 1)
    return _plain(content) if len(content) <= most else content


def _plain(content: bytes) -> bytes:
    """`content` without a byte order mark, and in UTF-8 where that tells of UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
        return text.replace("\r\n", "\n").encode("utf-8", "replace")
    return content.removeprefix(codecs.BOM_UTF8)
