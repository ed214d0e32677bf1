# SPDX-License-Identifier: GPL-2.0-only
"""A git repository, read only: revisions, trees, blobs, and what differs between commits.

Normal, bare, shallow and partial clones and linked worktrees alike.  Nothing is written:
no index is refreshed, no object, ref or lock file made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kscan.model import KscanError
from kscan.source import git
from kscan.source.blobs import BlobReader
from kscan.wording import are, counted

REGULAR = frozenset({b"100644", b"100755", b"100664"})
"""Modes of a regular file in a tree object; links and submodules have others."""

_BRINGING = "git fetch --refetch --no-filter"  # without the last it leaves out the same again
_LACKING = f"not in this partial clone: {_BRINGING}, or check it out first"


class NoRepository(KscanError):
    """A place is in no git repository."""


@dataclass(frozen=True, slots=True)
class CommitRef:
    """A commit of a range."""

    id: str
    subject: str
    parent: str
    """The first parent; empty for a root commit."""


@dataclass(frozen=True, slots=True)
class BlobChange:
    """One file that differs between two commits; a rename has both paths."""

    old_path: str | None
    new_path: str | None
    new_blob: str | None


class Repository:
    """The repository that `path` is, or is in; raises `KscanError` where there is none."""

    def __init__(self, path: Path | str) -> None:
        self.git_dir, self.worktree = _discover(Path(path))
        self._blobs = BlobReader(self.git_dir)
        self._lost: set[str] = set()

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        done = git.finished(arguments, self.git_dir, git.environment(self.git_dir), given)
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            said = [line for line in lines if not line.startswith("warning: ")] or lines
            raise git.GitFailed(f"{self.git_dir}: {said[0] if said else 'git ' + arguments[0]}")
        return done.stdout

    def commit_id(self, revision: str) -> str:
        """The full id of the commit that `revision` names; raises `KscanError`."""
        refuse_option(revision)
        try:
            answer = self._run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except git.GitFailed as failed:
            raise KscanError(self._unknown(revision, str(failed))) from failed
        return answer.decode().strip()

    def _unknown(self, revision: str, said: str) -> str:
        """Why `revision` names no commit, of which git `said` something."""
        kind = self._kind(revision)
        if kind in ("tree", "blob"):
            return f"{self.git_dir}: {revision!r} is a {kind}, not a commit; give a commit or a tag"
        if "fatal: " in said:
            return f"{said}; mend that first: git status there says the same"
        why = f"{self.git_dir}: no commit {revision!r}"
        if self.shallow:
            return f"{why}; this clone is shallow: git fetch --unshallow brings the history"
        return f"{why}; git log --oneline lists what there is"

    def _kind(self, revision: str) -> str:
        """What sort of object `revision` leads to: empty where it leads to none."""
        try:
            return self._run("cat-file", "-t", f"{revision}^{{}}").decode().strip()
        except git.GitFailed:
            return ""

    @cached_property
    def shallow(self) -> frozenset[str]:
        """The commits whose parents a shallow clone has cut off."""
        try:
            listed = (self.shared_dir / "shallow").read_text("ascii", "replace")
        except OSError:
            return frozenset()
        return frozenset(listed.split())

    @cached_property
    def shared_dir(self) -> Path:
        """Where objects and refs are: the main repository of a linked worktree."""
        try:
            said = (self.git_dir / "commondir").read_text("utf-8", "surrogateescape").strip()
        except OSError:
            return self.git_dir
        return (self.git_dir / said).resolve()

    @cached_property
    def is_partial(self) -> bool:
        """Objects may be missing on purpose (``git clone --filter``)."""
        pattern = r"^(extensions\.partialclone|remote\..*\.promisor)$"
        try:
            return bool(self._run("config", "--local", "--get-regexp", pattern))
        except git.GitFailed:
            return False

    def parent(self, commit: str) -> str | None:
        """The first parent of `commit`, None for a root; raises `KscanError` where it is cut."""
        if commit in self.shallow:
            raise KscanError(
                f"{self.git_dir}: the parent of {commit[:12]} is cut off in this shallow clone; "
                "git fetch --deepen=1 brings it"
            )
        listed = self._run("rev-list", "--no-walk", "--parents", commit, "--").split()
        return listed[1].decode() if len(listed) > 1 else None

    def merge_base(self, left: str, right: str) -> str:
        """The best common ancestor of two commits; raises `KscanError` where none is known."""
        try:
            return self._run("merge-base", left, right).split()[0].decode()
        except git.GitFailed as failed:
            hint = "; this clone is shallow: git fetch --unshallow" if self.shallow else ""
            raise KscanError(
                f"{self.git_dir}: {left[:12]} and {right[:12]} have no common ancestor{hint}"
            ) from failed

    def is_ancestor(self, old: str, new: str) -> bool:
        """`new` contains `old`, as far as the history is here."""
        line = ["merge-base", "--is-ancestor", old, new]
        return not git.finished(line, self.git_dir, git.environment(self.git_dir)).returncode

    def first_parents(self, start: str, end: str) -> Sequence[CommitRef]:
        """Commits on the first-parent line of `end` that `start` does not contain, oldest first."""
        answer = self._run(
            "rev-list",
            "--first-parent",
            "--reverse",
            "--format=tformat:%H%x00%P%x00%s",
            end,
            f"^{start}",
            "--",
        )
        lines = answer.decode("utf-8", "replace").split("\n")
        fields = (line.split("\0") for line in lines if line.count("\0") == 2)
        return [
            CommitRef(commit, printable(subject), (parents.split() or [""])[0])
            for commit, parents, subject in fields
        ]

    def subject(self, commit: str) -> str:
        """The first line of the message of `commit`, without control characters."""
        answer = self._run("rev-list", "--no-walk", "--format=tformat:%s", commit, "--")
        return printable(answer.decode("utf-8", "replace").partition("\n")[2].strip("\n"))

    def files(self, commit: str) -> dict[str, str]:
        """Path to blob id of every regular file in `commit`."""
        try:
            answer = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        except git.GitFailed as failed:
            raise self._without_trees(failed, commit[:12]) from failed
        files: dict[str, str] = {}
        for entry in answer.split(b"\0"):
            about, _, path = entry.partition(b"\t")
            if about[:6] in REGULAR:
                files[os.fsdecode(path)] = about.rpartition(b" ")[2].decode()
        return files

    def _without_trees(self, failed: git.GitFailed, name: str) -> KscanError:
        """What is said where git `failed` to list the files of `name`."""
        if self.is_partial:
            return KscanError(f"{self.git_dir}: trees of {name} are {_LACKING}")
        return KscanError(f"{failed}: the trees of {name} are not all here; see git fsck")

    def missing(self, commit: str) -> frozenset[str]:
        """Ids of what a partial clone has left out of `commit`; empty for other clones."""
        if not self.is_partial:
            return frozenset()
        answer = self._run(
            "rev-list",
            "--objects",
            "--no-object-names",
            "--missing=print",
            "--no-walk",
            commit,
            "--",
        )
        lost = frozenset(line[1:].decode() for line in answer.split(b"\n") if line[:1] == b"?")
        self._lost |= lost
        return lost

    def blob(self, blob: str, limit: int | None = None) -> tuple[bytes | None, int]:
        """Content and size of `blob`: content None where it is above `limit`, size -1: not here."""
        return (None, -1) if blob in self._lost else self._blobs.read(blob, limit)

    def why_absent(self, blob: str) -> str:
        """The reason of a skip for a blob that is not here."""
        if self.is_partial:
            return f"blob {blob} is not in this partial clone; {_BRINGING} brings it"
        return f"blob {blob} is missing or damaged in the repository; see git fsck"

    def absence(self, commit: str, name: str) -> str:
        """What a partial clone lacks of `commit`, called `name`, and what brings it; else empty."""
        lost = self.missing(commit)
        number = len(lost.intersection(self.files(commit).values())) if lost else 0
        lacking = f"{counted(number, 'blob')} of {name} {are(number)} {_LACKING}"
        return lacking if number else ""

    def refuse_absent(self, commit: str, name: str, blobs: Mapping[str, str]) -> None:
        """Raises `KscanError` where one of `blobs`, by path, of `commit` is not here."""
        here = self.sizes(blobs.values()) if blobs else {}
        for path, blob in blobs.items():
            if blob not in here:
                said = self.absence(commit, name)
                raise KscanError(said or f"{path} of {name}: {self.why_absent(blob)}")

    def sizes(self, blobs: Iterable[str]) -> Mapping[str, int]:
        """Bytes of each blob that is here."""
        asked = "".join(f"{blob}\n" for blob in blobs if blob not in self._lost).encode()
        answer = self._run("cat-file", "--batch-check=%(objectname) %(objectsize)", given=asked)
        pairs = (line.split(b" ") for line in answer.split(b"\n") if line)
        return {blob.decode(): int(size) for blob, size in pairs if size.isdigit()}

    def grep(self, options: Sequence[str], commit: str, pathspecs: Sequence[str]) -> bytes | None:
        """What ``git grep -z`` prints over `commit`; None where it cannot look everywhere."""
        line = ["grep", *git.GREP_PLAINLY, *options, commit, "--", *pathspecs]
        try:
            done = git.finished(line, self.git_dir, git.environment(self.git_dir))
        except KscanError:
            return None
        return git.grep_output(done)

    def changes(self, old: str, new: str) -> Sequence[BlobChange]:
        """The regular files that differ between two commits, renames paired, by path."""
        renames = [] if self.is_partial else ["-M", "-l1000"]  # inexact pairs need the blobs
        options = ["-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", *renames]
        try:
            answer = self._run("diff-tree", *options, old, new, "--")
        except git.GitFailed as failed:
            raise self._without_trees(failed, f"{old[:12]} and {new[:12]}") from failed
        return list(_raw_changes(answer))


def _raw_changes(answer: bytes) -> Iterator[BlobChange]:
    """Reads ``git diff-tree -z --raw``."""
    fields = iter(answer.split(b"\0"))
    for about in fields:
        if not about.startswith(b":"):
            continue
        old_mode, new_mode, _, blob, status = about[1:].split(b" ")
        old = new = os.fsdecode(next(fields))
        if status[:1] in b"RC":
            new = os.fsdecode(next(fields))
        was = old_mode in REGULAR and status[:1] not in b"AC"
        is_now = new_mode in REGULAR and status[:1] != b"D"
        if was or is_now:
            yield BlobChange(
                old if was else None, new if is_now else None, blob.decode() if is_now else None
            )


def refuse_option(revision: str) -> None:
    """Raises `KscanError` for what git could take for an option, or for two lines."""
    if not revision or revision.startswith("-") or re.search(r"[\0\n\r]", revision):
        raise KscanError(f"{revision!r} is not a revision; give a commit id, tag or branch")


def printable(text: str) -> str:
    """`text` with control characters (terminal escapes in a commit message) made visible."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _discover(path: Path) -> tuple[Path, Path | None]:
    """The git directory that `path` is in, and the working tree beside it, if any."""
    if not path.is_dir():
        raise KscanError(f"{path}: no such directory; give a clone, or two directories")
    start = path.absolute()
    for folder in (start, *start.parents):
        inside = folder / ".git"
        if inside.is_dir():
            return inside, folder
        if inside.is_file():
            return _linked(inside), folder
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return folder, None
    raise NoRepository(f"{path}: not in a git repository; give a clone, or two directories")


def _linked(file: Path) -> Path:
    """Where the ``.git`` file of a linked worktree or submodule points."""
    said = file.read_bytes()[:4096].decode("utf-8", "surrogateescape")
    target = file.parent / said.removeprefix("gitdir:").strip()
    if not said.startswith("gitdir:") or not (target / "HEAD").is_file():
        raise KscanError(f"{file}: does not point to a git repository; git worktree repair")
    return target
