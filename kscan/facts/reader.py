# SPDX-License-Identifier: GPL-2.0-only
"""Units and lowered bodies of a tree's files: parsed once, kept by blob id.

The store holds units only; a body is lowered when an analysis asks for it, from the bytes
of its function alone.
"""

from __future__ import annotations

import hashlib
import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from kscan.facts import extract, ir
from kscan.facts.defines import Defines
from kscan.facts.lower import lowered
from kscan.facts.unit import FunctionFact, Unit
from kscan.model import Skip
from kscan.source.tree import EXTERNAL, Memory, Tree, Unreadable, blob_id_of, version_in_makefile
from kscan.syntax import dialect, parser, queries, versions

NESTING = 10_000
"""Python's recursion limit: bodies nest up to `kscan.facts.lower.DEEPEST`, calls within them."""

MOST_KEPT = 32 << 20
"""Bytes of respelled text that stay in memory."""

MOST_LINED = 16
"""Files of which it stays in memory where their lines start."""


@cache
def digest() -> str:
    """SHA-256 over the queries and the modules that make a unit: the other half of its key."""
    total = hashlib.sha256(queries.digest().encode())
    package = Path(__file__).resolve().parents[1]
    for path in sorted([*(package / "facts").glob("*.py"), *(package / "syntax").glob("*.py")]):
        total.update(path.read_bytes())
    return total.hexdigest()[:24]


Cache = Memory
"""What the reader needs of a store; `kscan.facts.store` has it."""


@dataclass
class _Text:
    """A respelled file and the macros that its loops and guards were."""

    respelled: bytes
    macros: dict[int, str]


@dataclass(frozen=True)
class Readings:
    """What a reader has read, to be sent to another process."""

    units: dict[str, bytes]
    stored: set[str]
    skipped: dict[str, str]


@dataclass
class Reader:
    """Reads the facts of files of one tree; remembers what it has read."""

    tree: Tree
    cache: Memory
    units: dict[str, Unit] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    """Files whose facts were in the store."""
    skipped: dict[str, str] = field(default_factory=dict)
    _texts: dict[str, _Text] = field(default_factory=dict)
    _flags: dict[str, dict[bytes, bytes | versions.Unset]] = field(default_factory=dict)
    _defines: dict[str, Defines] = field(default_factory=dict)
    _kept: int = 0
    _last: tuple[str, bytes] = "", b""
    _lined: dict[str, tuple[bytes, list[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), NESTING))

    def unit(self, path: str) -> Unit:
        """The facts of `path`; an empty unit, and a skip, for a file that cannot be read."""
        known = self.units.get(path)
        if known is None:
            self.load([path])
            known = self.units[path]
        return known

    def load(self, paths: Iterable[str]) -> None:
        """Reads the facts of several files, stored ones first."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self.units]
        read = {path: source for path in wanted if (source := self._source(path)) is not None}
        sources = {path: self._meant(path, source) for path, source in read.items()}
        keys = {path: f"{blob_id_of(source)}:{digest()}" for path, source in sources.items()}
        stored = self.cache.get_many(keys.values())
        fresh: dict[str, bytes] = {}
        for path, source in sources.items():
            unit = _decoded(stored.get(keys[path]))
            if unit is None:
                unit = self._extracted(path, source)
                if unit is not None:
                    fresh[keys[path]] = msgspec.msgpack.encode(unit)
            else:
                self.stored.add(path)
            self.units[path] = unit or Unit()
        self.cache.put_many(fresh)

    def defines(self, path: str) -> Defines:
        """The macros of `path`, which need not be parsed for them."""
        if path not in self._defines:
            self._defines[path] = Defines(self._meant(path, self._source(path) or b""))
        return self._defines[path]

    def beyond(self, known: Collection[str]) -> Readings:
        """What was read of files that are not `known`."""
        new = [path for path in self.units if path not in known]
        return Readings(
            {path: msgspec.msgpack.encode(self.units[path]) for path in new},
            self.stored.difference(known),
            self.skipped,
        )

    def take(self, readings: Readings) -> None:
        """Knows what a reader of the same tree in another process has read.

        What one of the two has parsed, the other may have found in the store.
        """
        parsed = readings.units.keys() - readings.stored | self.units.keys() - self.stored
        for path, encoded in readings.units.items():
            if path not in self.units:
                self.units[path] = _UNIT.decode(encoded)
        self.stored = (self.stored | readings.stored) - parsed
        self.skipped = {**readings.skipped, **self.skipped}

    def body(self, path: str, function: FunctionFact) -> ir.Body:
        """The lowered body of a function of `path`; an empty one, and a skip, for a hostile one."""
        text = self._text(path)
        if text is None or not function.end:
            return ir.Body(())
        try:
            return lowered(text.respelled, function.start, function.end, text.macros)
        except parser.Unparsable as error:
            self.skipped.setdefault(path, f"{function.name}(): {error.reason}")
            return ir.Body(())

    def names(self, path: str, word: bytes) -> bool:
        """`word` stands anywhere in `path`."""
        source = self._source(path)
        return source is not None and word in source

    def text_of(self, path: str, function: FunctionFact) -> bytes:
        """The respelled text of a function of `path`."""
        text = self._text(path)
        return text.respelled[function.start : function.end] if text is not None else b""

    def contains(self, path: str, function: FunctionFact, word: bytes) -> bool:
        """`word` stands in the text of a function of `path`."""
        text = self._text(path)
        return text is not None and text.respelled.find(word, function.start, function.end) >= 0

    def containing(self, path: str, word: bytes) -> Iterator[int]:
        """The numbers of the functions of `path` in whose text `word` stands, in one search."""
        text, functions = self._text(path), self.unit(path).functions
        starts = [function.start for function in functions]
        at = text.respelled.find(word) if text is not None else -1
        while text is not None and at >= 0:
            number = bisect_right(starts, at) - 1
            if number >= 0 and at + len(word) <= functions[number].end:
                yield number
            following = starts[number + 1 : number + 2]
            at = text.respelled.find(word, following[0]) if following else -1

    def source_line(self, path: str, line: int) -> str:
        """Line `line` of `path`, stripped; empty where there is none."""
        source, starts = self._lines(path)
        if not 0 < line <= len(starts):
            return ""
        end = starts[line] - 1 if line < len(starts) else len(source)
        return source[starts[line - 1] : end].decode("utf-8", "replace").strip()

    def position(self, path: str, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a byte offset in `path`."""
        _, starts = self._lines(path)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def _lines(self, path: str) -> tuple[bytes, list[int]]:
        """The source of `path`, and where its lines start."""
        if path not in self._lined:
            source = self._source(path) or b""
            starts = [0, *(found.end() for found in _NEWLINE.finditer(source))]
            for oldest in list(self._lined)[: 1 - MOST_LINED]:
                del self._lined[oldest]
            self._lined[path] = source, starts
        return self._lined[path]

    def cleanup(self, path: str, at: int) -> str:
        """What ``__free(name)`` runs for the variable whose declarator begins at offset `at`.

        Empty where the variable is not cleaned up (include/linux/cleanup.h).
        """
        found = _CLEANUP.match(self._source(path) or b"", at)
        return found[1].decode("ascii", "replace") if found else ""

    @property
    def skips(self) -> tuple[Skip, ...]:
        """Files that could not be read or parsed, with the reason, by path."""
        return tuple(Skip(path, reason) for path, reason in sorted(self.skipped.items()))

    def _source(self, path: str) -> bytes | None:
        """What `path` holds; the last one asked for is at hand."""
        if self._last[0] != path:
            source = self._read(path)
            if source is None:
                return None
            self._last = path, source
        return self._last[1]

    def _meant(self, path: str, source: bytes) -> bytes:
        """`source` without the lines that tests of the version keep out of this tree's kernel.

        The Makefile is read for them alone, so that the tree knows what it was asked.
        """
        top = _DRIVER.match(path)
        flags = self._flags_below(top[0]) if top else {}
        if versions.WORD not in source and not any(name in source for name in flags):
            return source
        version = self._version()
        if version is None:
            return source
        own = {name for name, _ in versions.flags_of(source, version)} if flags else set()
        known = tuple(flag for flag in flags.items() if flag[0] not in own)
        return versions.without_others(source, version, known)

    def _version(self) -> versions.Version | None:
        if not self.tree.exists("Makefile"):
            return None
        return versions.version_of(version_in_makefile(self.tree.read("Makefile")))

    def _flags_below(self, top: str) -> dict[bytes, bytes | versions.Unset]:
        """What the headers of the driver below `top` say of macros by the version alone.

        One of which two of them say different things may be either, and so may one that is
        defined where nobody asks for the version, as in a Makefile.
        """
        if top not in self._flags:
            paths = [p for p in self.tree.paths() if p.startswith(top) and _SAYS.search(p)]
            sources = {path: self._read(path) or b"" for path in paths}
            asking = {p for p in paths if p.endswith(".h") and versions.WORD in sources[p]}
            version = self._version() if asking else None
            said = [versions.flags_of(sources[p], version) for p in asking] if version else []
            every = {one for flags in said for one in flags}
            names = Counter(name for name, _ in every)
            for path in sources.keys() - asking if every else ():
                names.update(_DEFINED.findall(sources[path]))
            self._flags[top] = {name: known for name, known in every if names[name] == 1}
        return self._flags[top]

    def _read(self, path: str) -> bytes | None:
        try:
            return self.tree.read(path)
        except Unreadable as error:
            if self.tree.exists(path):  # of a file that is gone nothing is left to analyse
                self.skipped[path] = error.reason
            self.units[path] = Unit()
            return None

    def _extracted(self, path: str, source: bytes) -> Unit | None:
        if b"\0" in source:
            self.skipped[path] = "a NUL byte in it: no text"
            return None
        respelled = dialect.respell(source)
        try:
            unit = extract.unit_of(source, respelled)
        except parser.Unparsable as error:
            self.skipped[path] = error.reason
            return None
        self._keep(path, respelled)
        return unit

    def _text(self, path: str) -> _Text | None:
        if path not in self._texts:
            source = self._source(path)
            if source is None:
                return None
            self._keep(path, dialect.respell(self._meant(path, source)))
        return self._texts[path]

    def _keep(self, path: str, respelled: dialect.Respelled) -> None:
        """Remembers a respelled file; the oldest ones go when there are too many bytes."""
        macros = {
            mark.offset: mark.text.decode("utf-8", "replace").rstrip()
            for mark in respelled.marks
            if mark.kind in ("loop", "guard")
        }
        self._texts[path] = _Text(respelled.text, macros)
        self._kept += len(respelled.text)
        while self._kept > MOST_KEPT and len(self._texts) > 1:
            self._kept -= len(self._texts.pop(next(iter(self._texts))).respelled)


_CLEANUP = re.compile(rb"(?:[*\s]|const\b)*\w+\s+__free\s*\(\s*(\w+)\s*\)")
_DRIVER = re.compile(rf"{EXTERNAL}/[^/]++/")
"""Where one of the drivers stands that are kept out of the kernel."""
_SAYS = re.compile(r"(?:\.h|/Makefile|/Kbuild)\Z")
_DEFINED = re.compile(rb"(?:#\s*+define\s++|-D\s*+)(\w++)")
"""A macro that one of those files defines."""
_NEWLINE = re.compile(rb"\n")
_UNIT = msgspec.msgpack.Decoder(Unit)


def _decoded(stored: bytes | None) -> Unit | None:
    if stored is None:
        return None
    try:
        return _UNIT.decode(stored)
    except msgspec.DecodeError:
        return None
