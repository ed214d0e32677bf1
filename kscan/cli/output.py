# SPDX-License-Identifier: GPL-2.0-only
"""Files that the user asked for: whole or not at all, and what stood there stays until then."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kscan.model import KscanError

_KERNEL = ("/dev/", "/proc/")
"""Where names lead to what is open already, such as /dev/stdout: nothing is renamed there."""


def put(place: Path | str, content: str | bytes) -> None:
    """Makes `content` the file at `place`; raises `KscanError` where that cannot be done.

    A device, a pipe and what a symbolic link leads to are written; permissions are kept.
    """
    text = content.encode("utf-8", "replace") if isinstance(content, str) else content
    with _told(place):
        _put(place, text)


def refuse_unwritable(place: Path | str) -> None:
    """Raises `KscanError` where `put` would: as far as is known before there is any content."""
    if not os.fspath(place):
        raise KscanError("-o: the name of the file is empty: give one that can be written")
    if is_open(place):
        return
    with _told(place):
        target = Path(os.path.realpath(place))
        before = _state(target)
        if before is not None and stat.S_ISDIR(before.st_mode):
            raise _failing(errno.EISDIR)
        if not target.parent.is_dir():
            raise _failing(errno.ENOENT)
        if not any(os.access(spot, os.W_OK) for spot in (target, target.parent)):
            raise _failing(errno.EACCES)


def _failing(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@contextmanager
def _told(place: Path | str) -> Iterator[None]:
    """What the system says against writing `place`, as a `KscanError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KscanError(
            f"{place}: {reason.lower()}: give a file that can be written, with room for it"
        ) from None


def is_open(place: Path | str) -> bool:
    """`place` is where names lead to what is open already."""
    return os.path.abspath(place).startswith(_KERNEL)  # noqa: PTH100 - no link is followed


def _put(place: Path | str, content: bytes) -> None:
    target = Path(os.path.realpath(place))
    before = _state(target)
    if is_open(place) or (before is not None and not stat.S_ISREG(before.st_mode)):
        Path(place).write_bytes(content)
        return
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name[:200]}.", dir=target.parent)
    except PermissionError:
        if before is None:
            raise
        target.write_bytes(content)  # the file may be changed, its directory may not
        return
    _fill(handle, beside, target, content, before)


def _fill(
    handle: int, beside: str, target: Path, content: bytes, before: os.stat_result | None
) -> None:
    """Writes the file `beside`, which is open as `handle`, and has it take the place of `target`.

    It belongs to whom the one `before` belonged to, where this user may say so.
    """
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if before is not None:
                with suppress(OSError):
                    os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, _mode(before))
        Path(beside).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _mode(before: os.stat_result | None) -> int:
    """Permissions of the new file: those of the one `before`, else what this process gives."""
    if before is not None:
        return stat.S_IMODE(before.st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _state(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None
