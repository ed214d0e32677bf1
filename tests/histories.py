# SPDX-License-Identifier: GPL-2.0-only
"""Git histories of small kernel trees, made for a test; the analysed side never uses this git."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path


class History:
    """A repository under construction, at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, where: Path | None = None, given: str | None = None) -> str:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "GIT_AUTHOR_DATE": "2025-03-01T12:00:00Z",
            "GIT_COMMITTER_DATE": "2025-03-01T12:00:00Z",
        }
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-c", "gc.auto=0", *arguments],
            cwd=where or self.root,
            env=variables,
            input=given.encode() if given is not None else None,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def replace(self, path: str, old: str, new: str) -> None:
        """Puts `new` where `old` stands, once, in `path`."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path}: {text.count(old)} times {old!r}"
        file.write_text(text.replace(old, new))

    def becomes(self, tree: Path) -> None:
        """The files on disk are those of `tree` and no others."""
        for path in self.git("ls-files").splitlines():
            (self.root / path).unlink()
        for file in sorted(p for p in tree.rglob("*") if p.is_file()):
            target = self.root / file.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())

    def commit(self, subject: str, **files: str | bytes | None) -> str:
        """Commits everything; keyword ``a__b_c`` stands for the file ``a/b.c``, None for its end.

        Gives the commit's id.
        """
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


def prints(root: Path) -> dict[str, str]:
    """Every file and link below `root` with its bytes, mode and time, ``.git`` included."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            digest = hashlib.sha1(content).hexdigest()
            found[str(path)] = f"{digest} {status.st_mtime_ns} {status.st_mode} {status.st_size}"
    return found
