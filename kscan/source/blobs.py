# SPDX-License-Identifier: GPL-2.0-only
"""The bytes of blobs, from one git process that stays as long as it is asked."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from pathlib import Path
from typing import IO

from kscan.source import git


class BlobReader:
    """One ``git cat-file --batch``, started when first asked and again in a forked worker."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def __getstate__(self) -> Path:
        return self._git_dir

    def __setstate__(self, git_dir: Path) -> None:
        self.__init__(git_dir)  # type: ignore[misc]

    def read(self, blob: str, limit: int | None = None) -> tuple[bytes | None, int]:
        """Content and size of `blob`: content None where it is above `limit`, size -1: not here."""
        with self._lock:
            to_git, from_git = self._pipes()
            try:
                to_git.write(f"{blob}\n".encode())
                to_git.flush()
                about = from_git.readline().split()
            except BrokenPipeError:
                about = []
            if len(about) != 3 or not about[2].isdigit():
                if not about:
                    self.close()  # git gave up: the next blob gets a new one
                return None, -1
            return _take(from_git, int(about[2]), limit)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._owner != os.getpid():
            self._process = subprocess.Popen(
                git.command("cat-file", "--batch"),
                cwd=self._git_dir,
                env=git.environment(self._git_dir),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._owner = os.getpid()
            weakref.finalize(self, _end, self._process)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def close(self) -> None:
        """Ends the git process, if one runs."""
        if self._process is not None and self._owner == os.getpid():
            _end(self._process)
        self._process = None


def _take(stream: IO[bytes], size: int, limit: int | None) -> tuple[bytes | None, int]:
    """Reads one object and the newline after it; only skips over one above `limit`."""
    if limit is None or size <= limit:
        content = stream.read(size)
        stream.read(1)
        return (content, size) if len(content) == size else (None, -1)
    left = size + 1
    while left and (part := stream.read(min(left, 1 << 20))):
        left -= len(part)
    return None, size


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
