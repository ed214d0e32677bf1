# SPDX-License-Identifier: GPL-2.0-only
"""Whom to ask: MAINTAINERS read as ``scripts/get_maintainer.pl --nogit --nogit-fallback`` does.

Sections match by ``F:`` and ``X:`` (globs, a directory means all below it), ``N:`` (a regex on
the path) and ``K:`` (a regex on the content).  The script has looked for ``K:`` in a named file
only where it lacks ``--keywords-in-file`` (commit "get_maintainer: add --keywords-in-file
option"); the tree's own script is read, never run, to tell.  Not answered as the script does:
the addresses found inside ``.yaml`` files, and ``.get_maintainer.conf``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kscan.hits import mailmap
from kscan.hits.mailmap import Mailbox
from kscan.hits.patterns import Glob, glob, regex
from kscan.model import Maintainer
from kscan.source.tree import EXTERNAL, Tree, Unreadable, is_below

_ENTRY = re.compile(r"^([A-Z]):\s*(.*)")
_SECONDS = 5.0
"""For the patterns of all sections on one path; what is left then does not match."""

_LONGEST_FILE = 1 << 20
_LONGEST_TITLE = 50
_ROLES = {
    "supported": "supporter",
    "maintained": "maintainer",
    "odd fixes": "odd fixer",
    "orphan": "orphan minder",
    "obsolete": "obsolete minder",
    "buried alive in reporters": "chief penguin",
}
_CHIEF = "torvalds@linux-foundation.org"


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of MAINTAINERS."""

    title: str
    fields: tuple[tuple[str, str], ...]
    """Letter and value, in file order."""
    files: tuple[Glob, ...]
    excluded: tuple[Glob, ...]

    def values(self, letter: str) -> Iterator[str]:
        """The values of all fields with this `letter`."""
        return (value for name, value in self.fields if name == letter)

    @property
    def status(self) -> str:
        """The last ``S:`` field, as written; empty where there is none."""
        return ["", *self.values("S")][-1]


def maintainers(tree: Tree, path: str) -> tuple[Maintainer, ...]:
    """Who answers for `path`: people first, then lists, the most specific section first.

    Empty where the tree has no MAINTAINERS file, and for what stands beside it: no entry of it
    is meant for that, whatever its name.
    """
    known = sections(tree)
    if not known or is_below(path, (EXTERNAL,)):
        return ()
    people = _People(mailmap.of(tree))
    lists: dict[str, Maintainer] = {}
    for section in matching(tree, path, known):
        role = _role(section)
        for letter, value in section.fields:
            if letter == "M":
                people.add(value, f"{role}:{_short(section.title)}")
            elif letter == "R":
                people.add(value, f"reviewer:{_short(section.title)}")
            elif letter == "L":
                _add_list(lists, value, section)
    return (*people.found(), *lists.values())


def sections(tree: Tree) -> tuple[Section, ...]:
    """The entries of MAINTAINERS, in file order; empty where there is no such file."""
    try:
        return parsed(tree.read("MAINTAINERS")) if tree.exists("MAINTAINERS") else ()
    except Unreadable:
        return ()


@lru_cache(maxsize=4)
def parsed(text: bytes) -> tuple[Section, ...]:
    """The entries in `text`; what is no field starts an entry or is prose before the first."""
    found: list[Section] = []
    title, fields = "", []
    for line in text.decode("utf-8", "replace").split("\n"):
        if entry := _ENTRY.match(line):
            fields.append((entry[1], entry[2].rstrip()))
        elif line.strip() and not line.lstrip().startswith("#"):
            if fields:
                found.append(_section(title, fields))
            title, fields = line.rstrip(), []
    if fields:
        found.append(_section(title, fields))
    return tuple(found)


def _section(title: str, fields: list[tuple[str, str]]) -> Section:
    globs = {
        letter: tuple(glob(value) for name, value in fields if name == letter and value)
        for letter in "FX"
    }
    return Section(title, tuple(fields), globs["F"], globs["X"])


def matching(tree: Tree, path: str, known: tuple[Section, ...]) -> list[Section]:
    """The sections that claim `path`: by depth of the pattern, then file order, then keyword."""
    by_depth: list[tuple[int, Section]] = []
    end = time.monotonic() + _SECONDS
    for section in known:
        depth = _claim(section, path, end)
        if depth is not None:
            by_depth.append((depth, section))
    by_depth.sort(key=lambda pair: -pair[0])
    chosen = [section for _, section in by_depth]
    if _keywords_count(tree):
        chosen += _by_keyword(tree, path, known, end)
    return chosen


def _claim(section: Section, path: str, end: float) -> int | None:
    """The depth of the last pattern of `section` that matches `path`, as the script keeps it."""
    if any(excluded.matches(path) for excluded in section.excluded):
        return None
    depths: list[int] = []
    globs = iter(section.files)
    for letter, value in section.fields:
        if letter == "F" and value:
            claimed = next(globs)
            if claimed.matches(path):
                depths.append(claimed.depth)
        elif letter == "N":
            pattern = regex(value)
            if pattern is not None and pattern.found_in(path, end):
                depths.append(0)
    return depths[-1] if depths else None


def _keywords_count(tree: Tree) -> bool:
    """The tree's script looks for ``K:`` patterns in a file named on its command line."""
    script = "scripts/get_maintainer.pl"
    try:
        return tree.exists(script) and b"keywords-in-file" not in tree.read(script)
    except Unreadable:
        return False


def _by_keyword(tree: Tree, path: str, known: tuple[Section, ...], end: float) -> list[Section]:
    try:
        text = tree.read(path).decode("utf-8", "replace") if tree.exists(path) else ""
    except Unreadable:
        return []
    lines = text[:_LONGEST_FILE].split("\n")
    found: list[Section] = []
    for section in known:
        patterns = [p for value in section.values("K") if (p := regex(value))]
        if any(p.found_in(line, end) for p in patterns for line in lines):
            found.append(section)
    return found


def _role(section: Section) -> str:
    status = section.status.lower()
    return _ROLES.get(status, status) or "unknown"


def _short(title: str) -> str:
    if len(title) <= _LONGEST_TITLE:
        return title
    return title[: _LONGEST_TITLE - 3].rstrip() + "..."


def _add_list(lists: dict[str, Maintainer], value: str, section: Section) -> None:
    address, remark = [*value.split(None, 1), "", ""][:2]
    if "subscribers-only" in remark or not address or address.lower() in lists:
        return
    kind = "moderated list" if "moderated" in remark else "open list"
    title = "" if section.title == "THE REST" else f":{_short(section.title)}"
    lists[address.lower()] = Maintainer("", address, kind + title)


class _People:
    """The addresses so far; one per person, by name and by address, as the script counts."""

    def __init__(self, known_as: mailmap.Mailmap) -> None:
        self._mailmap = known_as
        self._names: set[str] = set()
        self._addresses: set[str] = set()
        self._found: list[tuple[Mailbox, str]] = []

    def add(self, value: str, role: str) -> None:
        """Take up the person of an ``M:`` or ``R:`` value, unless already there."""
        for person in mailmap.mailboxes(value):
            name, address = person.name.lower(), person.address.lower()
            if (name and name in self._names) or address in self._addresses:
                continue
            if name:
                self._names.add(name)
            self._addresses.add(address)
            self._found.append((person, role))

    def found(self) -> Iterator[Maintainer]:
        """The people under their present names, each once; the chief penguin reads no mail."""
        names: set[str] = set()
        addresses: set[str] = {_CHIEF}
        for person, role in self._found:
            current = self._mailmap.current(person)
            name, address = current.name.lower(), current.address.lower()
            if not (name and name in names) and address not in addresses:
                names.add(name)
                addresses.add(address)
                yield Maintainer(current.name, current.address, role)
