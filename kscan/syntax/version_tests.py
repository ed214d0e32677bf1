# SPDX-License-Identifier: GPL-2.0-only
"""What an ``#if`` asks of the kernel's version, and whether that holds for a given one.

A test may ask it itself or name a macro of the file, which is there, or has a value, for some
versions alone.  Whatever else stands in it may hold or not, and the whole follows or stays open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import eq, ge, gt, le, lt, ne

Version = tuple[int, int, int]

WORD = b"LINUX_VERSION_CODE"
"""No file without it has such a test."""


class Unset(Enum):
    """What is known of a macro that has no certain definition."""

    NEVER = 0
    """It is not defined for this version."""
    OPEN = 1
    """It may be."""


Macros = Mapping[bytes, bytes | Unset]
"""What is known of macros, by name: the body of one that is defined."""

_MOST = 100
"""Brackets and negations in one test; one with more is taken to be open."""
_OTHER = rb"KERNEL_VERSION\s*\(\s*\d{1,9}\s*,\s*\d{1,9}\s*,\s*\d{1,9}\s*\)"
_OPERATOR = rb"[<>=!]=|[<>]"
_VERSION = rb"\(\s*LINUX_VERSION_CODE\s*\)|LINUX_VERSION_CODE"
_TOKEN = re.compile(
    rb"(?P<compared>(?:" + _VERSION + rb")\s*(?:" + _OPERATOR + rb")\s*" + _OTHER + rb")"
    rb"|(?P<turned>" + _OTHER + rb"\s*(?:" + _OPERATOR + rb")\s*(?:" + _VERSION + rb"))"
    rb"|defined\s*\(\s*(?P<bracketed>\w++)\s*\)|defined\s++(?P<defined>\w++)"
    rb"|(?P<name>\w++)|(?P<mark>&&|\|\||!(?!=)|[()])|(?P<else>\S)"
)
_OPERATORS = re.compile(_OPERATOR)
_NUMBERS = re.compile(rb"\d++")
_INTEGER = re.compile(rb"\(?\s*(0|[1-9]\d*+)[uUlL]*\s*\)?")
_COMPARES: dict[bytes, Callable[[Version, Version], bool]] = {
    b">=": ge, b">": gt, b"<=": le, b"<": lt, b"==": eq, b"!=": ne,
}  # fmt: skip


def holds(test: bytes, version: Version, macros: Macros) -> bool | None:
    """Whether `test` holds for `version`; None where something else decides."""
    tokens = tuple(_TOKEN.finditer(test))
    brackets = sum(token["mark"] in (b"(", b"!") for token in tokens)
    if brackets > _MOST or b"?" in test:
        return None
    return _Test(tokens, version, macros).whole()


def is_defined(name: bytes, macros: Macros) -> bool | None:
    """Whether the macro `name` is defined; None where that is open."""
    known = macros.get(name, Unset.OPEN)
    return None if known is Unset.OPEN else known is not Unset.NEVER


@dataclass
class _Test:
    """One test, read from left to right."""

    tokens: Sequence[re.Match[bytes]]
    version: Version
    macros: Macros
    at: int = 0

    def whole(self) -> bool | None:
        """What all of it says; None where brackets do not pair up."""
        found = self._any()
        return found if self.at == len(self.tokens) else None

    def _any(self) -> bool | None:
        found = [self._all()]
        while self._takes(b"||"):
            found.append(self._all())
        return True if True in found else None if None in found else False

    def _all(self) -> bool | None:
        found = [self._operand()]
        while self._takes(b"&&"):
            found.append(self._operand())
        return False if False in found else None if None in found else True

    def _operand(self) -> bool | None:
        """One operand; None where it is computed, or compares something else."""
        found = self._negated()
        if self._mark() in (b"&&", b"||", b")") or self.at == len(self.tokens):
            return found
        self._skip()
        return None

    def _negated(self) -> bool | None:
        if self._takes(b"!"):
            found = self._negated()
            return None if found is None else not found
        if self._takes(b"("):
            found = self._any()
            return found if self._takes(b")") else None
        if self.at == len(self.tokens) or self._mark():
            return None
        self.at += 1
        return self._said(self.tokens[self.at - 1])

    def _said(self, token: re.Match[bytes]) -> bool | None:
        match token.lastgroup:
            case "compared":
                return _compared(token[0], self.version)
            case "turned":
                return _compared(token[0], self.version, turned=True)
            case "bracketed" | "defined":
                return is_defined(token[token.lastgroup], self.macros)
            case "name":
                return self._value(token[0])
        return None

    def _value(self, name: bytes) -> bool | None:
        """Whether the macro `name` is other than zero, which it is not where nothing defines it."""
        body = self.macros.get(name, Unset.OPEN)
        if isinstance(body, Unset):
            return False if body is Unset.NEVER else None
        if number := _INTEGER.fullmatch(body):
            return number[1] != b"0"
        return holds(body, self.version, {}) if WORD in body else None

    def _skip(self) -> None:
        """Goes past the rest of an operand."""
        depth = 0
        while self.at < len(self.tokens):
            mark = self._mark()
            if depth == 0 and mark in (b"&&", b"||", b")"):
                return
            depth += (mark == b"(") - (mark == b")")
            self.at += 1

    def _mark(self) -> bytes:
        """The bracket or operator that comes next; empty for anything else."""
        return self.tokens[self.at]["mark"] or b"" if self.at < len(self.tokens) else b""

    def _takes(self, mark: bytes) -> bool:
        """`mark` comes next, and is passed."""
        if self._mark() != mark:
            return False
        self.at += 1
        return True


def _compared(term: bytes, version: Version, *, turned: bool = False) -> bool:
    """``LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)``, or the two `turned` around."""
    (operator,) = _OPERATORS.findall(term)
    major, minor, patch = map(int, _NUMBERS.findall(term))
    other = major, minor, patch
    return _COMPARES[operator](*((other, version) if turned else (version, other)))
