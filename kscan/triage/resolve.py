# SPDX-License-Identifier: GPL-2.0-only
"""Where the functions of a call trace stand in a tree: by name, and by the log's own places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kscan.model import Location
from kscan.source.tree import Tree, Unreadable
from kscan.triage.incident import Incident
from kscan.triage.trace import Frame

_CORE = ("kernel/", "init/", "mm/", "lib/")
"""Where a function that other files define for themselves is the one that everybody means."""

_MOST_FRAMES = 1500
"""Different frames that are looked for; those of further incidents stay open."""

_MOST_FILES = 3000
"""Files looked into for functions that have no external linkage."""


@dataclass(frozen=True, slots=True)
class Site:
    """A frame, and the definition it means."""

    frame: Frame
    location: Location | None
    """None where no C file of the tree defines it, or several may."""
    others: int = 0
    """How many more files define the name."""


def resolved(tree: Tree, incidents: Sequence[Incident]) -> list[tuple[Site, ...]]:
    """The frames of each of `incidents` with their definitions in `tree`, searched for once.

    A name that several files define is resolved by the path in the log, else by the incident's
    architecture; if several are left it stays open.
    """
    frames = dict.fromkeys(frame for incident in incidents for frame in incident.frames)
    found = _definitions(tree, list(frames)[:_MOST_FRAMES])
    return [
        tuple(
            _site(frame, found.get(frame.function, []), incident.architecture)
            for frame in incident.frames
        )
        for incident in incidents
    ]


def _site(frame: Frame, places: list[Location], architecture: str) -> Site:
    possible = [place for place in places if _runs_on(place.path, architecture)]
    exact = [place for place in possible if place.path == frame.path]
    generic = [place for place in possible if place.path.startswith(_CORE)]
    chosen = exact or (generic if len(generic) == 1 else possible)
    location = chosen[0] if len(chosen) == 1 else None
    return Site(frame, location, max(len(possible) - 1, 0))


def _runs_on(path: str, architecture: str) -> bool:
    """Code of `path` can be on a trace of `architecture`; any can where that is not known."""
    parts = path.split("/")
    return parts[0] != "arch" or not architecture or parts[1] == architecture


def _definitions(tree: Tree, frames: list[Frame]) -> dict[str, list[Location]]:
    """Where each function is defined: by the index, and by a search where that knows none."""
    index = tree.definitions()
    files = {frame.function: set(index.files(frame.function)) for frame in frames}
    unknown = sorted(name for name, known in files.items() if not known)
    for path in tree.files_with(unknown, suffixes=(".c",))[:_MOST_FILES] if unknown else ():
        for name in unknown:
            files[name].add(path)
    for frame in frames:
        if frame.path and tree.exists(frame.path):
            files[frame.function].add(frame.path)
    wanted: dict[str, list[str]] = {}
    for name, paths in files.items():
        for path in paths:
            wanted.setdefault(path, []).append(name)
    found: dict[str, list[Location]] = {}
    for path in sorted(wanted):
        for name, line in _lines(tree, path, wanted[path]).items():
            found.setdefault(name, []).append(Location(path, line, function=name))
    return found


def _lines(tree: Tree, path: str, names: list[str]) -> dict[str, int]:
    """The lines in `path` at which functions of these names are defined."""
    try:
        text = tree.read(path)
    except Unreadable:
        return {}
    found: dict[str, int] = {}
    for head in _heads(tuple(sorted(names))).finditer(text):
        name = head[1].decode()
        if name not in found and _BODY.match(text, head.end()):
            found[name] = text.count(b"\n", 0, head.start(1)) + 1
    return found


_BODY = re.compile(rb"[^;{}]{0,1000}+\{")


@lru_cache(maxsize=64)
def _heads(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """Matches one of `names` where a definition may have it: before a parenthesis, unindented."""
    choices = b"|".join(re.escape(name.encode()) for name in names)
    return re.compile(
        rb"^(?![ \t#/*])(?:[\w \t*]{1,200}[ \t*])?(" + choices + rb")[ \t]{0,8}\(", re.MULTILINE
    )
