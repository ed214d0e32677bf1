# SPDX-License-Identifier: GPL-2.0-only
"""Which header says what a name means, found through the includes of the file that uses it.

Headers are sketched with regular expressions and parsed only when one of them is known to
define the name asked for: a driver includes hundreds of headers and needs a handful.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kscan.source.tree import Tree, Unreadable

DEPTH = 6
"""Levels of ``#include`` that are followed."""

MOST = 700
"""Headers of one closure that are sketched."""

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)', re.MULTILINE)
_RECORD = re.compile(rb"^(?:typedef[ \t]+)?(?:struct|union)[ \t]+(\w+)[^;\n(]*\{", re.MULTILINE)
_MACRO = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_FUNCTION = re.compile(rb"^(?=[A-Za-z_])[^;\n={}#]*?\b(\w+)[ \t]*\(", re.MULTILINE)
_TYPEDEF = re.compile(rb"^(?:typedef\b[^\n;]*?|\} ?)\b(\w+)[ \t]*;", re.MULTILINE)
_GLOBAL = re.compile(rb"^extern\b[^\n;(]*?\b(\w+)(?:\[[^\]\n]*\])?[ \t]*;", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a header includes and, textually, defines or declares."""

    includes: tuple[tuple[bool, str], ...]
    """Whether in quotes, and the path as spelled."""
    records: frozenset[str]
    names: frozenset[str]
    """Macros, functions, prototypes, typedefs and extern objects."""


def sketch(source: bytes) -> Sketch:
    """The sketch of one header."""
    includes = tuple(
        (quote == b'"', path.decode("utf-8", "replace")) for quote, path in _INCLUDE.findall(source)
    )
    names: set[bytes] = set()
    for pattern in (_MACRO, _FUNCTION, _TYPEDEF, _GLOBAL):
        names.update(pattern.findall(source))
    return Sketch(includes, _decoded(_RECORD.findall(source)), _decoded(names))


def _decoded(names: set[bytes] | list[bytes]) -> frozenset[str]:
    return frozenset(name.decode("ascii", "replace") for name in names)


@dataclass
class Headers:
    """The include closures of a tree's files."""

    tree: Tree
    _sketches: dict[str, Sketch] = field(default_factory=dict)
    _closures: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def defining_record(self, tag: str, path: str) -> Iterator[str]:
        """Headers in the closure of `path` that spell a body for struct or union `tag`."""
        return (h for h in self.closure(path) if tag in self._sketches[h].records)

    def naming(self, name: str, path: str) -> Iterator[str]:
        """Headers in the closure of `path` that define or declare `name`, nearest first."""
        return (h for h in self.closure(path) if name in self._sketches[h].names)

    def closure(self, path: str) -> tuple[str, ...]:
        """The headers `path` includes, directly and through others, nearest first."""
        known = self._closures.get(path)
        if known is None:
            known = self._closures[path] = tuple(self._reached(path))
        return known

    def _reached(self, path: str) -> Iterator[str]:
        level, seen = [path], {path}
        for _ in range(DEPTH):
            following = []
            for current in level:
                for target in self._included(current, path):
                    if target not in seen and len(seen) < MOST:
                        seen.add(target)
                        following.append(target)
            yield from following
            level = following

    def _included(self, path: str, origin: str) -> Iterator[str]:
        for quoted, spelled in self._sketch(path).includes:
            for place in _places(quoted, spelled, path, origin):
                if self.tree.exists(place):
                    self._sketch(place)
                    yield place
                    break

    def _sketch(self, path: str) -> Sketch:
        known = self._sketches.get(path)
        if known is None:
            try:
                known = sketch(self.tree.read(path))
            except Unreadable:
                known = Sketch((), frozenset(), frozenset())
            self._sketches[path] = known
        return known


def _places(quoted: bool, spelled: str, path: str, origin: str) -> Iterator[str]:
    """Where an include may be found, in the order of the kernel's ``-I`` flags."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), spelled))
    if quoted and not beside.startswith(".."):
        yield beside
    normal = posixpath.normpath(spelled)
    if normal.startswith((".", "/")):
        return
    arch = origin.split("/")[1] if origin.startswith("arch/") and origin.count("/") > 1 else ""
    if arch:
        yield f"arch/{arch}/include/{normal}"
    yield f"include/{normal}"
    yield f"include/uapi/{normal}"
    if normal.startswith("asm/"):
        yield f"arch/arm64/include/{normal}"
        yield f"include/asm-generic/{normal[4:]}"
    if not quoted and not beside.startswith(".."):
        yield beside
