# SPDX-License-Identifier: GPL-2.0-only
"""Where the functions of a call trace stand in a tree: by name, and by the log's own places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kscan.model import Location
from kscan.source.tree import Tree, Unreadable
from kscan.triage.trace import Frame

_MOST_FILES = 400
"""Files looked into for functions that have no external linkage."""


@dataclass(frozen=True, slots=True)
class Site:
    """A frame, and the definition it means."""

    frame: Frame
    location: Location | None
    """None where no C file of the tree defines it, or several may."""
    others: int = 0
    """How many more files define the name."""


def resolved(tree: Tree, frames: Iterable[Frame]) -> tuple[Site, ...]:
    """`frames` with their definitions in `tree`.

    A name that several files define is resolved by the path in the log; else it stays open.
    """
    frames = tuple(frames)
    found = _definitions(tree, {frame.function for frame in frames})
    return tuple(_site(frame, found.get(frame.function, [])) for frame in frames)


def _site(frame: Frame, places: list[Location]) -> Site:
    exact = [place for place in places if place.path == frame.path]
    chosen = exact or places
    location = chosen[0] if len(chosen) == 1 else None
    return Site(frame, location, max(len(places) - 1, 0))


def _definitions(tree: Tree, names: set[str]) -> dict[str, list[Location]]:
    """Where each of `names` is defined: by the index, and by a search where that knows none."""
    index = tree.definitions()
    files = {name: set(index.files(name)) for name in names}
    unknown = sorted(name for name in names if not files[name])
    for path in tree.files_with(unknown, suffixes=(".c",))[:_MOST_FILES] if unknown else ():
        for name in unknown:
            files[name].add(path)
    found: dict[str, list[Location]] = {}
    for path in sorted({path for several in files.values() for path in several}):
        wanted = [name for name in names if path in files[name]]
        for name, line in _lines(tree, path, wanted).items():
            found.setdefault(name, []).append(Location(path, line, function=name))
    return found


def _lines(tree: Tree, path: str, names: list[str]) -> dict[str, int]:
    """The lines in `path` at which functions of these names are defined."""
    try:
        text = tree.read(path)
    except Unreadable:
        return {}
    choices = b"|".join(re.escape(name.encode()) for name in sorted(names))
    head = re.compile(
        rb"^(?![ \t#/*])(?:[\w \t*]{1,200}[ \t*])?("
        + choices
        + rb")[ \t]{0,8}\((?=[^;{}]{0,1000}\{)",
        re.MULTILINE,
    )
    return {
        match[1].decode(): text.count(b"\n", 0, match.start(1)) + 1
        for match in reversed(list(head.finditer(text)))
    }
