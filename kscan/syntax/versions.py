# SPDX-License-Identifier: GPL-2.0-only
"""``#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)``: what a driver has for other kernels.

A driver that is kept outside the kernel is written for several, and what one of them needs
stands beside what another one does.  Which lines are meant for a given version follows from
such tests alone; any other condition may hold or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from kscan.syntax.draft import Directive, Draft

Version = tuple[int, int, int]

WORD = b"LINUX_VERSION_CODE"
"""No file without it has such a test."""

_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_TERM = re.compile(
    rb"[(\s]*LINUX_VERSION_CODE\s*([<>=!]=|[<>])\s*"
    rb"KERNEL_VERSION\s*\(\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\)[)\s]*"
)
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
    """The lines of `source` that a kernel of `version` leaves out."""
    found: list[range] = []
    stack: list[_Group] = []
    for line in Draft(source).directives:
        if line.word in (b"if", b"ifdef", b"ifndef"):
            stack.append(_Group(line, _holds(line, version)))
        elif stack and line.word in (b"elif", b"elifdef", b"elifndef", b"else"):
            found += stack[-1].left_out(source, line)
            stack[-1].goes_on(line, True if line.word == b"else" else _holds(line, version))
        elif stack and line.word == b"endif":
            found += stack.pop().left_out(source, line)
    return tuple(found)


@dataclass
class _Group:
    """An ``#if`` up to its ``#endif``, at one of its branches."""

    opened: Directive
    test: bool | None
    """Whether the test of the branch holds; None where that is open."""
    before: list[bool | None] = field(default_factory=list)
    """What the tests of the branches before it came to."""

    def goes_on(self, line: Directive, test: bool | None) -> None:
        """The next branch begins at `line`."""
        self.before.append(self.test)
        self.opened, self.test = line, test

    def left_out(self, source: bytes, end: Directive) -> Iterator[range]:
        """The lines of the branch that ends at `end`, where its test is not the first to hold."""
        if self.test is False or True in self.before:
            first = source.count(b"\n", 0, self.opened.end) + 2
            yield range(first, source.count(b"\n", 0, end.start) + 1)


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
    found = _TERM.fullmatch(term)
    if found is None:
        return None
    other = (int(found[2]), int(found[3]), int(found[4]))
    return _COMPARES[found[1]](version, other)
