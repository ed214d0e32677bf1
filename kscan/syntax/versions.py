# SPDX-License-Identifier: GPL-2.0-only
"""``#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)``: what a driver has for other kernels.

A driver that is kept outside the kernel is written for several, and what one of them needs
stands beside what another one does.  Which lines are meant for a given version follows from
such tests, and from those of macros that the file itself, or a header of the driver, defines under
one; any other condition may hold or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from kscan.syntax.draft import Directive, Draft
from kscan.syntax.version_tests import WORD, Macros, Unset, Version, holds, is_defined

__all__ = [
    "WORD",
    "Known",
    "Unset",
    "Version",
    "flags_of",
    "lines_for_others",
    "version_of",
    "without_others",
]

Known = tuple[tuple[bytes, bytes | Unset], ...]
"""What is known of macros before a file begins."""

_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_SEEN = re.compile(rb"[^\r]")
_NAMED = re.compile(rb"#\s*+\w++[\s\\]++(\w++)(\(?)")
_SYMBOL = b"CONFIG_"
"""What Kconfig defines, whoever else does."""
_FLAGS = (b"", b"1")
"""Bodies of macros that are there to be asked for."""
_SURE = (*_FLAGS, Unset.NEVER)
_GUARD = re.compile(rb"#\s*+ifndef\s++(\w++)\s*+#\s*+define\s++\1\b")
"""What keeps a header from being read twice."""


def version_of(spelled: str) -> Version | None:
    """``6.12.107`` as numbers; None where it is none."""
    found = _NUMBERS.match(spelled)
    if found is None:
        return None
    major, minor, patch = (int(number or 0) for number in found.groups())
    return major, minor, patch


def lines_for_others(source: bytes, version: Version, known: Known = ()) -> tuple[range, ...]:
    """The lines of `source` that a kernel of `version` leaves out.

    Those of the tests as well, where they alone tell which branch stays.
    """
    return _passed(source, version, known)[0]


def flags_of(header: bytes, version: Version) -> Known:
    """What the version alone makes `header` say of macros that ask for nothing else."""
    first = b"\n".join(line.text for line in Draft(header).directives[:2])
    guard = _GUARD.match(first)
    known = ((guard[1], Unset.NEVER),) if guard else ()
    said = _passed(header, version, known)[1]
    return tuple((n, k) for n, k in said.macros.items() if n in said.by_version and k in _SURE)


@lru_cache(maxsize=64)
def _passed(source: bytes, version: Version, known: Known) -> tuple[tuple[range, ...], _Flags]:
    """The lines left out, and what is known of macros at the end."""
    found: list[range] = []
    stack: list[_Group] = []
    flags = _Flags(dict(known))
    for line in Draft(source).directives:
        is_out = bool(stack) and stack[-1].is_out
        if line.word in (b"define", b"undef"):
            asks = any(WORD in test.text for group in stack for test in group.tests)
            flags.name(line, is_out=is_out, by_version=asks)
        elif line.word in (b"if", b"ifdef", b"ifndef"):
            stack.append(_Group(is_within=is_out))
            stack[-1].goes_on(line, _holds(line, version, flags.macros), flags)
        elif stack and line.word in (b"elif", b"elifdef", b"elifndef", b"else"):
            found += stack[-1].left_out(source, line)
            stack[-1].ends(flags)
            stack[-1].goes_on(line, _holds(line, version, flags.macros), flags)
        elif stack and line.word == b"endif":
            group = stack.pop()
            found += group.left_out(source, line)
            group.ends(flags)
            if group.is_decided():
                found += (_lines(source, test) for test in (*group.tests, line))
    return tuple(found), flags


def _lines(source: bytes, line: Directive) -> range:
    first = source.count(b"\n", 0, line.start) + 1
    return range(first, first + source.count(b"\n", line.start, line.end) + 1)


def without_others(source: bytes, version: Version, known: Known = ()) -> bytes:
    """`source` with those lines blank: as long as before, and every offset true."""
    lines = source.split(b"\n")
    for number in {n - 1 for span in lines_for_others(source, version, known) for n in span}:
        lines[number] = _SEEN.sub(b" ", lines[number])
    return b"\n".join(lines)


@dataclass
class _Flags:
    """What is known of macros of the file, at one of its lines."""

    macros: dict[bytes, bytes | Unset] = field(default_factory=dict)
    named: list[bytes] = field(default_factory=list)
    """Those that the branches around that line define, or take back."""
    by_version: set[bytes] = field(default_factory=set)
    """Flags that stand under a test of the version."""

    def name(self, line: Directive, *, is_out: bool, by_version: bool) -> None:
        """Remembers what `line` says of a macro.

        One that is left out says that of a flag which the file itself sets, and nobody else then.
        """
        found = _NAMED.match(line.text)
        if found is None:
            return
        name, is_called = found[1], bool(found[2])
        body = b"" if is_called else _joined(line.text[found.end() :]).strip(b" \t;/")
        is_flag = not is_called and body in _FLAGS and not name.startswith(_SYMBOL)
        if is_flag and by_version:
            self.by_version.add(name)
        if not is_out:
            self._set(name, body if line.word == b"define" else Unset.NEVER)
        elif line.word == b"define" and is_flag and name not in self.macros:
            self._set(name, Unset.NEVER)

    def _set(self, name: bytes, known: bytes | Unset) -> None:
        self.macros[name] = known
        self.named.append(name)

    def leave(self, mark: int) -> None:
        """Forgets what is said from `mark` on, in a branch that may stay or not."""
        self.macros.update(dict.fromkeys(self.named[mark:], Unset.OPEN))
        del self.named[mark:]


@dataclass
class _Group:
    """An ``#if`` up to its ``#endif``, at one of its branches."""

    is_within: bool
    """A branch around it is left out."""
    tests: list[Directive] = field(default_factory=list)
    """Those of its branches so far."""
    hold: list[bool | None] = field(default_factory=list)
    """Whether each of them holds; None where that is open."""
    is_left_out: bool = False
    """The test of the present branch is not the first to hold."""
    _is_taken: bool = False
    """The test of a branch so far holds."""
    _is_open: bool = False
    """Whether that of one does is open."""
    _mark: int = 0

    @property
    def is_out(self) -> bool:
        """The present branch, or one around it, is left out."""
        return self.is_within or self.is_left_out

    def goes_on(self, line: Directive, holds: bool | None, flags: _Flags) -> None:
        """The next branch begins at `line`."""
        self.is_left_out = holds is False or self._is_taken
        self._is_taken = self._is_taken or holds is True
        self._is_open = self._is_open or holds is None
        self.tests.append(line)
        self.hold.append(holds)
        self._mark = len(flags.named)

    def ends(self, flags: _Flags) -> None:
        """The branch ends: what it says of macros is open where the branch itself is."""
        if self._is_open:
            flags.leave(self._mark)

    def left_out(self, source: bytes, end: Directive) -> Iterator[range]:
        """The lines of the branch that ends at `end`, where it is left out."""
        if self.is_left_out:
            first = source.count(b"\n", 0, self.tests[-1].end) + 2
            yield range(first, source.count(b"\n", 0, end.start) + 1)

    def is_decided(self) -> bool:
        """One branch stays, or none, and nothing but the version decides that."""
        until = self.hold.index(True) if True in self.hold else len(self.hold)
        return None not in self.hold[:until]


def _holds(line: Directive, version: Version, macros: Macros) -> bool | None:
    """Whether the test `line` holds for `version`; None where something else decides."""
    test = _joined(line.text.partition(line.word)[2])
    if line.word == b"else":
        return True
    if line.word in (b"if", b"elif"):
        return holds(test, version, macros)
    known = is_defined(b"".join(test.split()[:1]), macros)
    return known if known is None or line.word.endswith(b"fdef") else not known


def _joined(text: bytes) -> bytes:
    """`text` of a directive on one line."""
    return text.replace(b"\\\n", b" ")
