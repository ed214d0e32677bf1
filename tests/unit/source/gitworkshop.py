# SPDX-License-Identifier: GPL-2.0-only
"""Small git repositories to read from."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path


class Workshop:
    """A repository under construction; the analysed side never uses this git."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, where: Path | None = None) -> str:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-c", "gc.auto=0", *arguments],
            cwd=where or self.root,
            env=variables,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, subject: str, **files: str | bytes | None) -> str:
        """Commits everything; keyword ``a__b_c`` stands for the file ``a/b.c``."""
        for name, content in files.items():
            path = name.replace("__", "/")
            path = f"{path[:-2]}.{path[-1]}" if path[-2:] in ("_c", "_h") else path
            if content is None:
                (self.root / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


def fingerprint_of(root: Path) -> dict[str, str]:
    """Every file and link below `root` with its bytes and its times, ``.git`` included."""
    prints = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            digest = hashlib.sha1(content).hexdigest()
            prints[str(path)] = f"{digest} {status.st_mtime_ns} {status.st_mode} {status.st_size}"
    return prints
