# SPDX-License-Identifier: GPL-2.0-only
"""Patch files read: which patches they hold, in which order, and what each does to which file.

Cover letters, replies and quoted diffs are passed over; the parts of a series are sorted by
``[PATCH n/m]``; of several versions in one file the last counts, of copies the first.  Paths
that leave the tree or enter ``.git`` are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from kscan.model import KscanError, Skip
from kscan.source.diffstat import Diffstat, told_in
from kscan.source.given import content_of
from kscan.source.hunks import Hunk
from kscan.source.mail import LARGEST_MAIL, Message, messages, once
from kscan.wording import enumerated

if TYPE_CHECKING:
    from unidiff.patch import Hunk as UnidiffHunk
    from unidiff.patch import PatchedFile


LONGEST_PATH = 4096
"""Characters; Linux opens no longer one (``PATH_MAX``)."""


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What one patch does to one file."""

    old: tuple[str, ...]
    """How the old path may be meant, best guess first; empty for a new file."""
    new: tuple[str, ...]
    """How the new path may be meant; empty for a removed file."""
    hunks: tuple[Hunk, ...] = ()
    is_move: bool = False
    """A rename or a copy: each path is meant as it stands."""
    is_copy: bool = False
    is_git: bool = False
    not_text: str = ""
    """Why it cannot be applied: a binary patch, a symbolic link, no hunk at all."""
    added: int = 0
    """Lines."""
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of a series."""

    subject: str
    origin: str
    """File it stands in, and its part: what an error names."""
    files: tuple[FilePatch, ...]
    skips: tuple[Skip, ...] = ()
    """What of it seems to be missing."""


@dataclass(frozen=True, slots=True)
class Series:
    """Patches in the order they are meant to be applied."""

    patches: tuple[Patch, ...]
    base_commit: str | None = None
    skips: tuple[Skip, ...] = ()
    absent: tuple[str, ...] = ()
    """What is said of the parts that are not there."""


def read_series(files: Sequence[Path | str]) -> Series:
    """Reads patch files and mboxes, ``-`` being stdin; raises `KscanError`.

    It is raised where a file cannot be read or has no patch.
    """
    return series_of([(str(file), bytes_of(Path(file))) for file in files])


def bytes_of(file: Path) -> bytes:
    """The bytes of a patch file, or of stdin for ``-``; raises `KscanError`.

    It is raised where they cannot be read, or are more than any patch has.
    """
    try:
        content = content_of(file, LARGEST_MAIL)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise KscanError(f"{file}: {reason}; give a patch file or an mbox") from error
    if len(content) > LARGEST_MAIL:
        raise KscanError(f"{file}: larger than {LARGEST_MAIL >> 20} MB; not a patch")
    return content


def series_of(contents: Iterable[tuple[str, bytes]]) -> Series:
    """The series in patch files given as name and bytes; raises `KscanError`."""
    files = [(name, list(messages(name, content))) for name, content in contents]
    mails = [mail for _, several in files for mail in several]
    base = next((mail.base_commit for mail in mails if mail.base_commit), None)
    found: list[tuple[str, Message]] = []
    skips: list[Skip] = []
    absences: list[str] = []
    for name, letters in _apart(files):
        wanted, passed = _wanted(letters)
        if not wanted:
            raise KscanError(f"{name}: no patch in it; give a diff, or mail that holds one")
        found += wanted
        skips += passed
        if absent := _absent(wanted, letters):
            skips.append(Skip(name, absent))
            absences.append(absent)
    if len({mail.parts for _, mail in found}) == 1:
        found.sort(key=lambda pair: pair[1].part)
    patches = tuple(_patch(name, mail) for name, mail in found)
    return Series(patches, base, tuple(skips), tuple(absences))


_Letters = list[tuple[str, Message]]
"""Mails, each with the file it stands in."""


def _apart(files: Iterable[tuple[str, list[Message]]]) -> Iterable[tuple[str, _Letters]]:
    """The mails of each series, and its first file: one mbox, or a file for each of its mails."""
    found: dict[object, tuple[str, _Letters]] = {}
    for number, (name, mails) in enumerate(files):
        alone = mails[0] if len(mails) == 1 and mails[0].parts > 1 else None
        series = (alone.version, alone.parts) if alone is not None else number
        found.setdefault(series, (name, []))[1].extend((name, mail) for mail in mails)
    return found.values()


def _wanted(letters: _Letters) -> tuple[_Letters, list[Skip]]:
    """The patches of the last version in `letters`, in order; the diffs passed over as skips."""
    diffs = [(name, mail) for name, mail in once(letters) if mail.diff]
    patches = [(name, mail) for name, mail in diffs if mail.part] or diffs
    own = [(name, mail) for name, mail in patches if not mail.is_reply] or patches
    last = max((mail.version for _, mail in own), default=1)
    wanted = sorted((p for p in own if p[1].version == last), key=lambda pair: pair[1].part)
    replies = [(n, mail) for n, mail in patches if mail.is_reply] if own is not patches else []
    skips = [Skip(name, f"{_title(m)}: a diff in a reply") for name, m in replies]
    old = [(name, mail) for name, mail in own if mail.version != last]
    skips += [Skip(name, f"{_title(m)}: superseded by v{last}") for name, m in old]
    return wanted, skips


def _absent(wanted: _Letters, letters: _Letters) -> str:
    """Which parts of the series `wanted` are not in `letters`, or have no diff; empty for none."""
    where = "among the files" if len({name for name, _ in letters}) > 1 else "in the file"
    whole = max((mail.parts for _, mail in wanted), default=0)
    there = {(m.version, m.part) for _, m in letters if m.parts == whole and not m.is_reply}
    version = max((mail.version for _, mail in wanted), default=1)
    missing = set(range(1, whole + 1)) - {mail.part for _, mail in wanted}
    empty = {part for part in missing if (version, part) in there}
    told = (
        _told(missing - empty, whole, "is", "are", f"not {where}"),
        _told(empty, whole, "has", "have", "no diff"),
    )
    return "; ".join(filter(None, told))


def _told(parts: Collection[int], whole: int, one: str, several: str, what: str) -> str:
    """``patches 2/3 and 3/3 are not in the file``; empty for none."""
    if not parts:
        return ""
    names = enumerated([f"{part}/{whole}" for part in sorted(parts)])
    noun, verb = ("patch", one) if len(parts) == 1 else ("patches", several)
    return f"{noun} {names} {verb} {what}"


def _title(mail: Message) -> str:
    return mail.subject or "untitled"


def _patch(name: str, mail: Message) -> Patch:
    part = f", part {mail.part}/{mail.parts}" if mail.parts > 1 else ""
    origin, diff = f"{name}{part}", mail.diff
    files = tuple(_file_patches(origin, diff))
    told = told_in(mail.body, diff) if mail.part else None
    skips = _missing(f"{Path(name).name}{part}", files, told)
    return Patch(mail.subject or Path(name).name, origin, files, skips)


def _missing(origin: str, files: Sequence[FilePatch], told: Diffstat | None) -> tuple[Skip, ...]:
    """The place where `files` end short of what the diffstat has `told`."""
    found = Diffstat(len(files), sum(f.added for f in files), sum(f.removed for f in files))
    if told is None or not files or not found.is_short_of(told):
        return ()
    why = f"{origin} has {found}, and its diffstat tells of {told}: fetch it again if it is cut"
    return (Skip((files[-1].new or files[-1].old)[0], f"{why} off here, or mend the diffstat"),)


_BAIT = re.compile(
    rb"^(?![ +\-\\@\n])[^\n]{4097}|^diff --git [^\n]*://|^Binary file(?:[^\n]* and ){5}",
    re.MULTILINE,
)
"""Header lines that no diff has, and that take patterns a time that grows with their square."""


_COMBINED = re.compile(rb"^@@@+ -\d", re.MULTILINE)
"""How the hunks of a merge begin that is compared with all its parents at once."""


def _file_patches(origin: str, diff: bytes) -> Iterator[FilePatch]:
    from unidiff.errors import UnidiffParseError  # noqa: PLC0415  only patches need it
    from unidiff.patch import PatchSet  # noqa: PLC0415

    if bait := _BAIT.search(diff):
        raise KscanError(f"{origin}: damaged patch: header {bait[0][:60]!r} is none of a diff's")
    if _COMBINED.search(diff):
        raise KscanError(
            f"{origin}: the combined diff of a merge does not apply; kscan diff MERGE compares it "
            "with its first parent"
        )
    lines = _Counted(_plain(diff).decode("utf-8", "surrogateescape"))
    try:
        files = PatchSet(lines)
    except (UnidiffParseError, ValueError) as error:
        said = (str(error).splitlines() or ["not a unified diff"])[0][:120]
        raise KscanError(f"{origin}: damaged patch: {lines.place}: {said}") from error
    for file in files:
        yield _file_patch(origin, file)


_NO_NEWLINE = re.compile(rb"(^[ +-][^\n]*\n)\\ [^\n]*", re.MULTILINE)


def _plain(diff: bytes) -> bytes:
    """`diff` with its last newline, and saying in English which line of a file has none.

    An editor or a web page may have taken the one; diff says the other in its user's language.
    """
    ended = diff if diff.endswith(b"\n") else diff + b"\n"
    return _NO_NEWLINE.sub(rb"\1\\ No newline at end of file", ended)


_HUNK = re.compile(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")


class _Counted:
    """The lines of a diff, and which of them was read last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._number = 0
        self._file = ""
        self._before = ""
        self._old = self._new = 0
        """Lines of either side that the hunk still has to come."""

    def __iter__(self) -> Iterator[str]:
        for line in StringIO(self._text):
            self._number += 1
            self._follow(line)
            yield line

    def _follow(self, line: str) -> None:
        """Knows which file `line` is about: inside a hunk no line is a header."""
        if self._old > 0 or self._new > 0:
            self._old -= line[0] in " -\r\n"
            self._new -= line[0] in " +\r\n"
            self._before = ""
            return
        if hunk := _HUNK.match(line):
            self._old, self._new = (int(count or 1) for count in hunk.groups())
        elif line.startswith("diff --git "):
            self._file = line.rpartition(" ")[2].strip()
        elif line.startswith("+++ ") and self._before.startswith("--- "):
            self._file = line[4:].partition("\t")[0].strip()
        self._before = line

    @property
    def place(self) -> str:
        """``line 12 of the diff, in b/drivers/iommu/foo.c``."""
        place = f"line {self._number} of the diff"
        return f"{place}, in {_shown(self._file)}" if self._file else place


def _file_patch(origin: str, file: PatchedFile) -> FilePatch:
    info = [str(line).rstrip("\r\n") for line in file.patch_info or ()]
    is_git = bool(info) and info[0].startswith("diff --git ")
    old = _stated(info, "rename from ", "copy from ") or file.source_file
    new = _stated(info, "rename to ", "copy to ") or file.target_file
    is_moved = any(line.startswith(("rename to ", "copy to ")) for line in info)
    befores = _meanings(origin, old, is_git, is_moved)
    afters = _meanings(origin, new, is_git, is_moved)
    if not (befores and afters) and (is_moved or befores == afters):
        raise KscanError(f"{origin}: damaged patch: a file that never is")
    return FilePatch(
        old=befores,
        new=afters,
        hunks=tuple(_hunk(hunk) for hunk in file),
        is_move=is_moved,
        is_copy=any(line.startswith("copy to ") for line in info),
        is_git=is_git,
        not_text=_not_text(file, info),
        added=file.added,
        removed=file.removed,
    )


_EXTENDED = re.compile(r"(?:new file|deleted file|old|new) mode |(?:rename|copy) (?:from|to) ")
"""Header lines of git that say something without any hunk."""


def _not_text(file: PatchedFile, info: Sequence[str]) -> str:
    if file.is_binary_file:
        return "a binary patch, not applied"
    if {file.source_mode, file.target_mode} & {"120000", "160000"}:
        return "a symbolic link or submodule, not applied"
    if not (len(file) or any(map(_EXTENDED.match, info))):
        return "no hunk of it in the patch, nothing applied: fetch it again if it is cut off here"
    return ""


def _stated(info: Sequence[str], *starts: str) -> str:
    """The path on the header line that begins with one of `starts`."""
    return next((line[len(s) :] for line in info for s in starts if line.startswith(s)), "")


_ESCAPE = re.compile(rb'\\([0-7]{3}|["\\abfnrtv])')
_LETTERS = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_PREFIX = re.compile(r"[abciow12]/")


def _unquoted(name: str) -> str:
    """A path as git's ``core.quotePath`` wrote it."""
    if len(name) < 2 or not (name[0] == name[-1] == '"'):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return os.fsdecode(
        _ESCAPE.sub(lambda m: bytes([_LETTERS.get(m[1]) or int(m[1], 8) & 255]), raw)
    )


def _meanings(origin: str, name: str, is_git: bool, is_moved: bool) -> tuple[str, ...]:
    """The paths `name` may mean, best guess first; none of them leaves the tree."""
    name = _unquoted(name)
    if name == "/dev/null":
        return ()
    if not name.strip("/"):
        raise KscanError(f"{origin}: damaged patch: a file without a name")
    stripped = name.partition("/")[2]
    if is_moved:
        guesses = [name]
    elif is_git:
        guesses = [stripped, name] if _PREFIX.match(name) else [name, stripped]
    else:
        guesses = [stripped, name]
    guesses = [guess for guess in guesses if guess]
    for guess in (name, *guesses):
        _refuse_outside(origin, guess)
    return tuple(guesses)


def _shown(path: str) -> str:
    """`path`, or the beginning of a long one."""
    return path if len(path) <= 80 else f"{path[:77]}..."


def _refuse_outside(origin: str, path: str) -> None:
    parts, shown = path.split("/"), repr(_shown(path))
    if len(path) > LONGEST_PATH:
        raise KscanError(f"{origin}: damaged patch: {shown} is longer than any path")
    if path.startswith("/") or "\0" in path or {"", ".", ".."} & set(parts):
        raise KscanError(f"{origin}: {shown} leaves the tree; the patch is refused")
    if any(part.lower() == ".git" for part in parts):
        raise KscanError(f"{origin}: {shown} is inside .git; the patch is refused")


def _hunk(hunk: UnidiffHunk) -> Hunk:
    lines: list[tuple[str, bytes]] = []
    for line in hunk:
        if line.line_type == "\\" and lines:
            lines[-1] = (lines[-1][0], lines[-1][1].removesuffix(b"\n"))
        elif line.line_type in ("+", "-", " "):
            lines.append((line.line_type, line.value.encode("utf-8", "surrogateescape")))
    return Hunk(
        start=hunk.source_start - 1 if hunk.source_length else hunk.source_start,
        old=tuple(text for kind, text in lines if kind != "+"),
        new=tuple(text for kind, text in lines if kind != "-"),
        lead=_context(kind for kind, _ in lines),
        trail=_context(kind for kind, _ in reversed(lines)),
    )


def _context(kinds: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda kind: kind == " ", kinds))
