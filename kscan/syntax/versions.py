# SPDX-License-Identifier: GPL-2.0-only
"""``#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)``: what a driver has for other kernels.

A driver that is kept outside the kernel is written for several, and what one of them needs
stands beside what another one does.  Which lines are meant for a given version follows from
such tests alone; any other condition may hold or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from kscan.syntax.draft import Directive, Draft

Version = tuple[int, int, int]

WORD = b"LINUX_VERSION_CODE"
"""No file without it has such a test."""

_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_OTHER = rb"KERNEL_VERSION\s*\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)"
_OPERATOR = rb"\s*([<>=!]=|[<>])\s*"
_TERM = re.compile(rb"[(\s]*LINUX_VERSION_CODE" + _OPERATOR + _OTHER + rb"[)\s]*")
_TURNED = re.compile(rb"[(\s]*" + _OTHER + _OPERATOR + rb"LINUX_VERSION_CODE[)\s]*")
_SEEN = re.compile(rb"[^\r]")
_COMPARES: dict[bytes, Callable[[Version, Version], bool]] = {
    b">=": ge, b">": gt, b"<=": le, b"<": lt, b"==": eq, b"!=": ne,
}  # fmt: skip


def version_of(spelled: str) -> Version | None:
    """``6.12.107`` as numbers; None where it is none."""
    found = _NUMBERS.match(spelled)
    if found is None:
        return None
    major, minor, patch = (int(number or 0) for number in found.groups())
    return major, minor, patch


@lru_cache(maxsize=64)
def lines_for_others(source: bytes, version: Version) -> tuple[range, ...]:
    """The lines of `source` that a kernel of `version` leaves out.

    Those of the tests as well, where they alone tell which branch stays.
    """
    found: list[range] = []
    stack: list[_Group] = []
    for line in Draft(source).directives:
        if line.word in (b"if", b"ifdef", b"ifndef"):
            stack.append(_Group([line], [_holds(line, version)]))
        elif stack and line.word in (b"elif", b"elifdef", b"elifndef", b"else"):
            found += stack[-1].left_out(source, line)
            stack[-1].goes_on(line, True if line.word == b"else" else _holds(line, version))
        elif stack and line.word == b"endif":
            group = stack.pop()
            found += group.left_out(source, line)
            if group.is_decided():
                found += (_lines(source, test) for test in (*group.tests, line))
    return tuple(found)


def _lines(source: bytes, line: Directive) -> range:
    first = source.count(b"\n", 0, line.start) + 1
    return range(first, first + source.count(b"\n", line.start, line.end) + 1)


def without_others(source: bytes, version: Version) -> bytes:
    """`source` with those lines blank: as long as before, and every offset true."""
    lines = source.split(b"\n")
    for number in {n - 1 for span in lines_for_others(source, version) for n in span}:
        lines[number] = _SEEN.sub(b" ", lines[number])
    return b"\n".join(lines)


@dataclass
class _Group:
    """An ``#if`` up to its ``#endif``, at one of its branches."""

    tests: list[Directive]
    """Those of its branches so far."""
    hold: list[bool | None]
    """Whether each of them holds; None where that is open."""

    def goes_on(self, line: Directive, holds: bool | None) -> None:
        """The next branch begins at `line`."""
        self.tests.append(line)
        self.hold.append(holds)

    def left_out(self, source: bytes, end: Directive) -> Iterator[range]:
        """The lines of the branch that ends at `end`, where its test is not the first to hold."""
        *before, holds = self.hold
        if holds is False or True in before:
            first = source.count(b"\n", 0, self.tests[-1].end) + 2
            yield range(first, source.count(b"\n", 0, end.start) + 1)

    def is_decided(self) -> bool:
        """One branch stays, or none, and nothing but the version decides that."""
        until = self.hold.index(True) if True in self.hold else len(self.hold)
        return None not in self.hold[:until]


def _holds(line: Directive, version: Version) -> bool | None:
    """Whether the test `line` holds for `version`; None where something else decides."""
    test = line.text.partition(line.word)[2].replace(b"\\\n", b" ")
    if line.word not in (b"if", b"elif") or (b"||" in test and b"&&" in test):
        return None
    either = b"||" in test
    terms = [_compared(term, version) for term in re.split(rb"\|\||&&", test)]
    if either in terms:
        return either
    return None if None in terms else not either


def _compared(term: bytes, version: Version) -> bool | None:
    if found := _TERM.fullmatch(term):
        operator, *other = found.groups()
        return _COMPARES[operator](version, _numbers(other))
    if found := _TURNED.fullmatch(term):
        *other, operator = found.groups()
        return _COMPARES[operator](_numbers(other), version)
    return None


def _numbers(spelled: Sequence[bytes]) -> Version:
    major, minor, patch = map(int, spelled)
    return major, minor, patch
