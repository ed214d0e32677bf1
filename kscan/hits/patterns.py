# SPDX-License-Identifier: GPL-2.0-only
"""The patterns of MAINTAINERS: globs on a path, and regexes that no tree can make slow."""

from __future__ import annotations

import re
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from math import comb

_LITERAL = re.compile(r"[^*?\[]*")
_CLASS = re.compile(r"\[[\w-]+\]")
_COSTLY = re.compile(r"\)[*+{]|\(\?[P(=!<]|\\[1-9kg]")
_REPEAT = re.compile(r"(?<!\\)[*+{]")
_OPTIONAL = re.compile(r"(?<![\\(])\?")
_GROUPING = re.compile(r"\\.|\[\^?\]?[^]]*+\]|[()|]")
_MANY_REPEATS = 3
_MANY_STEPS = 1_000_000
"""Steps that one pattern may take in one path or line."""

_LEAST_REACH = 60
_LONGEST_PATTERN = 400
_LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Glob:
    """One ``F:`` or ``X:`` line."""

    text: str
    literal: str
    """What stands before the first wildcard."""

    def matches(self, path: str) -> bool:
        """`path` is the file named, matches the glob, or stands below the directory named."""
        if not path.startswith(self.literal):
            return False
        if self.literal == self.text:
            rest = path[len(self.text) :]
            return self.text.endswith("/") or not rest or "/" not in rest or rest[0] == "/"
        pattern = _compiled_glob(self.text)
        if pattern is None or not pattern.match(path):
            return False
        return self.text.endswith("/") or self.text.count("/") == path.count("/")

    @property
    def depth(self) -> int:
        """How many parts of a path the glob names: the more, the earlier its section counts."""
        if self.text.startswith("*"):
            return -1
        return self.text.count("/") + (not self.text.endswith("/"))


def glob(text: str) -> Glob:
    """The value of an ``F:`` or ``X:`` line."""
    literal = _LITERAL.match(text)
    return Glob(text, literal[0] if literal is not None else "")


@lru_cache(maxsize=4096)
def _compiled_glob(text: str) -> re.Pattern[str] | None:
    """The glob as the script makes it a regex; None where it has too many wildcards."""
    if len(text) > _LONGEST_PATTERN or text.count("*") > _MANY_REPEATS + 2:
        return None
    parts = [""]
    place = 0
    while place < len(text):
        if klass := _CLASS.match(text, place):
            parts[-1] += klass[0]
            place = klass.end()
            continue
        character = text[place]
        if character == "*":
            parts.append("")
        else:
            parts[-1] += "." if character == "?" else re.escape(character)
        place += 1
    try:  # what stands after an asterisk may as well match where it first can
        return re.compile(parts[0] + "".join(f"(?>.*?{part})" for part in parts[1:]))
    except re.error:
        return None


@dataclass(frozen=True, slots=True)
class Regex:
    """An ``N:`` or ``K:`` regex."""

    pattern: re.Pattern[str]
    reach: int
    """Characters it may be asked to look at."""

    def found_in(self, text: str, end: float) -> bool:
        """It matches somewhere in `text`, and it is not yet `end` by the clock."""
        return time.monotonic() < end and self.pattern.search(text[: self.reach]) is not None


@lru_cache(maxsize=1024)
def regex(value: str) -> Regex | None:
    """An ``N:`` or ``K:`` regex; None for one that is wrong or could take long to match."""
    hostile = (
        not value
        or len(value) > _LONGEST_PATTERN
        or _COSTLY.search(value)
        or len(_REPEAT.findall(value)) > _MANY_REPEATS
        or not _reach(value)
    )
    if hostile:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Regex(re.compile(value, re.VERBOSE), _reach(value))
    except (re.error, OverflowError, RecursionError):
        return None


def _reach(value: str) -> int:
    """Up to how many characters `value`, which repeats no group, is done in `_MANY_STEPS`."""
    repeats = len(_REPEAT.findall(value))
    ways = 2 ** len(_OPTIONAL.findall(value))
    choices = [1]
    for mark in _GROUPING.findall(value):
        if mark == "(":
            choices.append(1)
        elif mark == "|":
            choices[-1] += 1
        elif mark == ")" and len(choices) > 1:
            ways *= choices.pop()
    start = not value.startswith("^")
    lengths = range(_LONGEST_LINE, _LEAST_REACH - 1, -20)
    fits = (n for n in lengths if comb(n + repeats, repeats + start) * ways <= _MANY_STEPS)
    return next(fits, 0)
