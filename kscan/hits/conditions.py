# SPDX-License-Identifier: GPL-2.0-only
"""Whether a cpp ``#if`` holds, given the names defined so far; nothing is ever evaluated as code.

Integers, names, ``defined``, comparisons, ``!``, ``&&`` and ``||`` are understood, as devicetree
sources use them (C11 6.10.1: a name that is not defined is 0).  Anything else holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(\d\w*|[A-Za-z_]\w*|&&|\|\||[=!<>]=|[!<>()])")
_LONGEST = 400
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$")
_COMPARED: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}


def holds(condition: str, defined: Mapping[str, str]) -> bool:
    """`condition` is true where `defined` are the macros and their text."""
    tokens = _tokens(condition)
    if tokens is None:
        return True
    reader = _Reader(tokens, defined)
    try:
        value = reader.either()
    except (_NotUnderstood, RecursionError):
        return True
    return bool(value) if reader.done else True


class _NotUnderstood(Exception):
    pass


def _tokens(condition: str) -> list[str] | None:
    if len(condition) > _LONGEST:
        return None
    tokens: list[str] = []
    place = 0
    condition = condition.rstrip()
    while place < len(condition):
        token = _TOKEN.match(condition, place)
        if token is None:
            return None
        tokens.append(token[1])
        place = token.end()
    return tokens


class _Reader:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, tokens: list[str], defined: Mapping[str, str]) -> None:
        self._tokens = tokens[::-1]
        self._defined = defined

    @property
    def done(self) -> bool:
        return not self._tokens

    def _next(self) -> str:
        if not self._tokens:
            raise _NotUnderstood
        return self._tokens.pop()

    def _take(self, *choices: str) -> str:
        return self._tokens.pop() if self._tokens and self._tokens[-1] in choices else ""

    def either(self) -> int:
        """``a || b``."""
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = int(bool(value) or bool(other))
        return value

    def _both(self) -> int:
        value = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            value = int(bool(value) and bool(other))
        return value

    def _comparison(self) -> int:
        value = self._operand()
        while sign := self._take(*_COMPARED):
            value = int(_COMPARED[sign](value, self._operand()))
        return value

    def _operand(self) -> int:
        token = self._next()
        if token == "!":
            return int(not self._operand())
        if token == "(":
            value = self.either()
            if not self._take(")"):
                raise _NotUnderstood
            return value
        if token == "defined":
            opened = self._take("(")
            name = self._next()
            if opened and not self._take(")"):
                raise _NotUnderstood
            return int(name in self._defined)
        return _value(token, self._defined)


def _integer(digits: str) -> int:
    """What C makes of an integer's digits; `_NotUnderstood` where it makes nothing of them."""
    try:
        return int(digits, 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10)
    except ValueError:  # 08, or thousands of digits
        raise _NotUnderstood from None


def _value(token: str, defined: Mapping[str, str]) -> int:
    """The integer that `token` spells or is defined as, through a few names; 0 if neither."""
    for _ in range(8):
        token = token.strip().strip("()").strip()
        integer = _INTEGER.match(token)
        if integer:
            return _integer(integer[1])
        if token not in defined:
            return 0
        token = defined[token]
    raise _NotUnderstood
