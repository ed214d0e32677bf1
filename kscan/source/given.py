# SPDX-License-Identifier: GPL-2.0-only
"""What a command line gives by name: a file, or ``-`` for standard input.

Text of Windows comes as the UTF-8 it was: PowerShell's ``>`` writes UTF-16, and CRLF. What is
packed is packed by gzip, as lore and logrotate do it.
"""

from __future__ import annotations

import codecs
import errno
import sys
from io import BytesIO
from pathlib import Path

from kscan.model import KscanError

_START = 16
"""Bytes, of which half are zero where text that begins with ASCII is UTF-16."""


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


def unpacked(name: str, content: bytes, most: int) -> bytes:
    """`content` as it was before gzip packed it, if gzip did, in one go or several.

    Raises `KscanError` where `name` is damaged, or has more than `most` bytes.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    import gzip  # noqa: PLC0415 - for what is packed only
    import zlib  # noqa: PLC0415

    try:
        content = gzip.GzipFile(fileobj=BytesIO(content)).read(most + 1)
    except EOFError:
        raise KscanError(f"{name}: a gzip file that is cut short; fetch it again") from None
    except (OSError, zlib.error) as error:
        raise KscanError(f"{name}: a damaged gzip file; fetch it again") from error
    if len(content) > most:
        raise KscanError(f"{name}: larger than {most >> 20} MB unpacked")
    return _plain(content)


def _plain(content: bytes) -> bytes:
    """`content` without a byte order mark, and in UTF-8 where it is UTF-16."""
    coding = _wide(content)
    if coding:
        text = content.decode(coding, "replace")
        return text.replace("\r\n", "\n").encode("utf-8", "replace")
    return content.removeprefix(codecs.BOM_UTF8)


def _wide(content: bytes) -> str:
    """Which UTF-16 `content` is, by its mark or by every other byte of its start; else empty."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    halves = content[:_START:2], content[1:_START:2]
    if len(content) >= _START and [any(half) for half in halves].count(False) == 1:
        return "utf-16-le" if any(halves[0]) else "utf-16-be"
    return ""
