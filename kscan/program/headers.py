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
from enum import StrEnum

from kscan.program import flagged
from kscan.source.search import NOT_FUNCTIONS
from kscan.source.tree import EXTERNAL, Tree, Unreadable
from kscan.syntax.draft import without_mark

DEPTH = 6
"""Levels of ``#include`` that are followed."""

MOST = 700
"""Headers of one closure that are sketched, and includes of one file that are followed."""


class Says(StrEnum):
    """What a header may say of a name."""

    RECORD = "record"  # a struct or union with its body
    MACRO = "macro"
    INLINE = "inline"
    FUNCTION = "function"  # a prototype or an inline function
    PROTOTYPE = "prototype"  # a declaration of external linkage
    TYPEDEF = "typedef"
    OBJECT = "object"


# What may span lines is bounded, lest a file of nothing but "static" take the square of its length.
# A newline is looked for some three times as fast as the beginning of a line.
_PATTERNS = {
    Says.RECORD: rb"\n(?:typedef[ \t]+)?(?:struct|union)[ \t]+(\w++)[^;\n({]*+\{",
    Says.MACRO: rb"\n[ \t]*#[ \t]*define[ \t]+(\w+)",
    Says.INLINE: (
        rb"\n(?:static|extern)\b[^;={}#(]{0,400}?inline\b(?:\s+__(?:alloc_size|attribute(?:__)?"
        rb"|printf|scanf|section|aligned)\([^\n;{}]{0,100}?\)(?=\s+\w))?"
        rb"[^;={}#(]{0,400}?\b(\w+)[ \t]*\("
    ),
    Says.FUNCTION: rb"\n(?=[A-Za-z_])[^\n;={}#]*?\b(\w+)[ \t]*\(",
    Says.PROTOTYPE: (
        rb"\n(?!static\b|typedef\b)(?=[A-Za-z_])[^;={}#()]{0,400}?"
        rb"\b(\w+)[ \t]*\([^;{}#]{0,4000};"
    ),
    Says.TYPEDEF: (
        rb"\n(?:DEFINE_CLASS\((?=\w+,)|typedef\b[^\n;(]*+\([ \t]*+\*[ \t]*+(?=\w+[ \t]*\))"
        rb"|(?:typedef\b[^\n;]*?|\} ?)\b(?=\w+[ \t]*;))(\w+)"
    ),
    Says.OBJECT: rb"\nextern\b[^\n;(]*?\b(\w+)(?:\[[^\]\n]{0,200}\])?[ \t]*;",
}
_COMPILED = {says: re.compile(pattern) for says, pattern in _PATTERNS.items()}
_INCLUDE = re.compile(rb'\n[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)')


def names_in(text: bytes, says: Says) -> frozenset[str]:
    """The names of which a header says, textually, `says`; its `text` begins with a line break."""
    found = set(_COMPILED[says].findall(text)) - NOT_FUNCTIONS
    return frozenset(name.decode("ascii", "replace") for name in found)


@dataclass
class Headers:
    """The include closures of a tree's files."""

    tree: Tree
    _included: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _closures: dict[str, dict[str, int]] = field(default_factory=dict)
    _saying: dict[Says, dict[str, tuple[str, ...]]] = field(
        default_factory=lambda: {says: {} for says in Says}
    )
    _sketched: set[str] = field(default_factory=set)
    _spelled: dict[str, tuple[tuple[bool, str], ...]] = field(default_factory=dict)
    _flags: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def saying(self, says: Says, name: str, path: str) -> list[str]:
        """Headers in the closure of `path` that say `says` of `name`, nearest first."""
        rank = self.closure(path)
        known = self._saying[says].get(name)
        if not known:
            return []
        return sorted((header for header in known if header in rank), key=rank.__getitem__)

    def closure(self, path: str) -> dict[str, int]:
        """The headers `path` includes, directly and through others, with their distance."""
        known = self._closures.get(path)
        if known is None:
            known = self._closures[path] = self._reached(path)
            for header in known.keys() - self._sketched:
                self._sketch(header, self._text(header))
        return known

    def _reached(self, path: str) -> dict[str, int]:
        arch = path.split("/")[1] if path.startswith("arch/") and path.count("/") > 1 else ""
        found: dict[str, int] = {}
        level = [path]
        for _ in range(DEPTH):
            following = []
            for current in level:
                for target in self._targets(current, arch):
                    if target not in found and target != path and len(found) < MOST:
                        found[target] = len(found)
                        following.append(target)
            level = following
        return found

    def _targets(self, path: str, arch: str) -> tuple[str, ...]:
        """The files that the includes of `path` mean, on `arch`."""
        key = (path, arch)
        known = self._included.get(key)
        if known is None:
            found = (self._place(q, spelled, path, arch) for q, spelled in self._includes(path))
            known = self._included[key] = tuple(place for place in found if place)
        return known

    def _place(self, quoted: bool, spelled: str, path: str, arch: str) -> str:
        places = _places(quoted, spelled, path, arch, self._flagged(posixpath.dirname(path)))
        return next((place for place in places if self.tree.exists(place)), "")

    def _flagged(self, directory: str) -> tuple[str, ...]:
        """Where the Makefile has the headers of the files in `directory` looked for."""
        if directory not in self._flags:
            self._flags[directory] = flagged.directories(self.tree, directory)
        return self._flags[directory]

    def _includes(self, path: str) -> tuple[tuple[bool, str], ...]:
        if path not in self._spelled:
            text = self._text(path)
            self._spelled[path] = tuple(
                (quote == b'"', target.decode("utf-8", "replace"))
                for quote, target in _INCLUDE.findall(text)[:MOST]
            )
            if path.endswith(".h") and path not in self._sketched:
                self._sketch(path, text)  # it is read once for both
        return self._spelled[path]

    def _sketch(self, path: str, text: bytes) -> None:
        self._sketched.add(path)
        alone = (path,)
        for says, known in self._saying.items():
            for name in names_in(text, says):
                known[name] = known.get(name, ()) + alone

    def _text(self, path: str) -> bytes:
        """The lines of `path`, with the newline before each."""
        try:
            return b"\n" + without_mark(self.tree.read(path))
        except Unreadable:
            return b"\n"


def _places(
    quoted: bool, spelled: str, path: str, arch: str, flags: tuple[str, ...]
) -> Iterator[str]:
    """Where an include may be found, in the order of the kernel's ``-I`` flags.

    Those of a driver's own, `flags` among them, come first.
    """
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), spelled))
    if quoted and not beside.startswith(".."):
        yield beside
    normal = posixpath.normpath(spelled)
    if normal.startswith((".", "/")):
        return
    if path.startswith(f"{EXTERNAL}/"):  # ccflags-y := -I$(src)/include, as such drivers have it
        yield f"{'/'.join(path.split('/')[:2])}/include/{normal}"
    yield from (posixpath.normpath(f"{directory}/{normal}") for directory in flags)
    if arch:
        yield f"arch/{arch}/include/{normal}"
    yield f"include/{normal}"
    yield f"include/uapi/{normal}"
    if normal.startswith("asm/"):
        yield f"arch/arm64/include/{normal}"
        yield f"include/asm-generic/{normal[4:]}"
    if not quoted and not beside.startswith(".."):
        yield beside
    private = posixpath.basename(normal) if normal.startswith("linux/") else normal
    directory = posixpath.dirname(path)
    if private != normal:  # it became private to the directory of those that use it
        yield posixpath.join(directory, private)
    if path.startswith(f"{EXTERNAL}/"):  # a directory laid out as the tree is
        yield posixpath.join("/".join(directory.split("/")[2:]), private)
