# SPDX-License-Identifier: GPL-2.0-only
"""The macros of a file, read without a parse of the file: most headers are asked for no more."""

from __future__ import annotations

import re

from kscan.facts.unit import MacroFact

_DEFINE = re.compile(rb"\n[ \t]*+#[ \t]*+define[ \t]++(\w++)(\(?)")
_CONSTANT = re.compile(rb"\n[ \t]*#[ \t]*if[ \t]+\(?[01]\b")
_REST = re.compile(rb"[^\n\\]*+(?:\\(?:.|\Z)[^\n\\]*+)*+", re.DOTALL)
_COMMENT = re.compile(
    rb"//[^\n\\]*+(?:\\(?:.|\Z)[^\n\\]*+)*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)"
    rb'|("[^"\\\n]*+(?:\\(?:.|\Z)[^"\\\n]*+)*+"?+|\'[^\'\\\n]*+(?:\\(?:.|\Z)[^\'\\\n]*+)*+\'?+)',
    re.DOTALL,
)
_BLANKED = re.compile(rb"(?:(?!\\\n)[^\n])++")
_PARAMETERS = re.compile(r"\(([^()]*+)\)")


class Unsure(Exception):
    """Only a parse of the whole file tells how the macro is defined, if it is."""


class Defines:
    """The ``#define`` lines of one source."""

    def __init__(self, source: bytes) -> None:
        self._source = b"\n" + source
        self._is_plain = _CONSTANT.search(self._source) is None
        self._ends: dict[bytes, int] = {}
        with_arguments: dict[bytes, int] = {}
        for found in _DEFINE.finditer(self._source):
            (with_arguments if found[2] else self._ends).setdefault(found[1], found.end(1))
        self._ends.update(with_arguments)

    @property
    def names(self) -> frozenset[str]:
        """The names that may be macros."""
        return frozenset(name.decode("ascii", "replace") for name in self._ends)

    def macro(self, name: str) -> MacroFact:
        """The first macro `name`, of those with arguments if there is one, as a parse finds it.

        Raises `Unsure` where there is none, and where it may stand in a comment or under
        ``#if 0``.
        """
        end = self._ends.get(name.encode())
        if end is None or not self._is_plain:
            raise Unsure
        start = self._source.rfind(b"\n", 0, end) + 1
        if self._source.rfind(b"/*", 0, start) > self._source.rfind(b"*/", 0, start):
            raise Unsure
        rest = _REST.match(self._source, end)
        spelled = without_comments(rest[0] if rest is not None else b"")
        line = self._source.count(b"\n", 0, start)
        return _fact(name, spelled.decode("utf-8", "replace"), line)


def without_comments(spelled: bytes) -> bytes:
    """`spelled` with its comments blank."""
    return _COMMENT.sub(_without_comment, spelled)


def _without_comment(m: re.Match[bytes]) -> bytes:
    return m[1] or _BLANKED.sub(lambda gap: b" " * len(gap[0]), m[0])


def _fact(name: str, spelled: str, line: int) -> MacroFact:
    names = None
    if spelled.startswith("("):
        parameters = _PARAMETERS.match(spelled)
        if parameters is None:
            raise Unsure
        said = (part.strip(" \t\\\n") for part in parameters[1].split(","))
        names = tuple(part.removesuffix("...").strip() or part for part in said if part)
        spelled = spelled[parameters.end() :]
    return MacroFact(name, names, spelled.replace("\\\n", " \n").strip(), line)
