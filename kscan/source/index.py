# SPDX-License-Identifier: GPL-2.0-only
"""Git's index, read and never refreshed: which blob each tracked file was, and is still.

A file whose size and times are those the index recorded is taken as unchanged, as git does,
unless it was written as late as the index itself.  The files are not looked into, so no
clean filter of ``.gitattributes`` runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kscan.model import KscanError
from kscan.source import git
from kscan.source.repository import REGULAR, Repository

_ENTRY = re.compile(
    rb"(?P<mode>\d{6}) (?P<blob>[0-9a-f]+) (?P<stage>\d)\t(?P<path>[^\0]*)\0"
    rb"  ctime: (?P<csec>\d+):(?P<cnsec>\d+)\n  mtime: (?P<msec>\d+):(?P<mnsec>\d+)\n"
    rb"  dev: \d+\tino: (?P<ino>\d+)\n  uid: \d+\tgid: \d+\n"
    rb"  size: (?P<size>\d+)\tflags: (?P<flags>[0-9a-f]+)\n"
)
_ASSUME_VALID = 1 << 15
_INTENT_TO_ADD = 1 << 29
_SKIP_WORKTREE = 1 << 30


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file that is tracked."""

    path: str
    blob: str
    """The blob the index has for it."""
    is_left_out: bool
    """Left out of a sparse checkout: not on disk, and not removed."""
    is_clean: bool
    """What is on disk is surely that blob."""


def entries(repository: Repository, root: Path) -> Iterator[Entry]:
    """Every regular file in the index, with the checkout at `root`; raises `KscanError`."""
    written = _index_time(repository.git_dir / "index")
    top = os.fsencode(root) + b"/"
    for match in _ENTRY.finditer(listed(repository, root, "--stage", "--debug")):
        if match["mode"] in REGULAR:
            flags = int(match["flags"], 16)
            sure = match["stage"] == b"0" and not flags & (_INTENT_TO_ADD | _ASSUME_VALID)
            yield Entry(
                os.fsdecode(match["path"]),
                match["blob"].decode(),
                bool(flags & _SKIP_WORKTREE),
                sure and _is_clean(top + match["path"], match, written),
            )


def _is_clean(file: bytes, entry: re.Match[bytes], index_written: int) -> bool:
    try:
        status = os.lstat(file)
    except OSError:
        return False
    recorded = int(entry["msec"]) * 1_000_000_000 + int(entry["mnsec"])
    return (
        status.st_mtime_ns == recorded
        and recorded < index_written
        and int(status.st_ctime) == int(entry["csec"])
        and status.st_size == int(entry["size"])
        and status.st_ino & 0xFFFFFFFF == int(entry["ino"])
    )


def _index_time(index: Path) -> int:
    try:
        return index.stat().st_mtime_ns
    except OSError:
        return 0


def listed(repository: Repository, root: Path, *options: str) -> bytes:
    """What ``git ls-files -z`` prints; raises `KscanError`."""
    done = git.finished(
        ["ls-files", "-z", *options], root, git.environment(repository.git_dir, root)
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
            "git ls-files failed"
        ]
        raise KscanError(f"{root}: {said[0]}; rm .git/index && git reset make it anew")
    return done.stdout
