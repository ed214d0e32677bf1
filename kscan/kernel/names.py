# SPDX-License-Identifier: GPL-2.0-only
"""Names of functions as the catalogue spells them: exact, a prefix, a suffix, with a position."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property

import msgspec


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A set of function names, some of them prefixes or suffixes, some with a position."""

    names: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return compiled(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._pattern.fullmatch(name) is not None

    def position(self, name: str, default: int = 0) -> int:
        """The argument position the entry for `name` gives."""
        return _position(self.names, name, default)


def anew(name: str, names: Mapping[str, str]) -> str:
    """`name` as `names` has it: by itself, or as a member of a struct that has a new name."""
    tag, dot, member = name.partition(".")
    return names.get(name) or (f"{names.get(tag, tag)}.{member}" if dot else name)


@cache
def matches(entries: tuple[str, ...], name: str) -> bool:
    """`name` is one of `entries`, some of which are prefixes or suffixes."""
    return compiled(entries).fullmatch(name) is not None


def position(entries: tuple[str, ...], name: str, default: int) -> int:
    """The argument position that the entry for `name` gives, else `default`."""
    return _position(entries, name, default)


@cache
def compiled(entries: tuple[str, ...]) -> re.Pattern[str]:
    """What matches a name that is one of `entries`."""
    if not entries:
        return re.compile(r"(?!)")
    choices = (re.escape(e.partition(":")[0]).replace(r"\*", r"\w*") for e in entries)
    return re.compile("|".join(choices))


@cache
def _position(entries: tuple[str, ...], name: str, default: int) -> int:
    for entry in entries:
        spelled, _, position = entry.partition(":")
        if position and re.fullmatch(re.escape(spelled).replace(r"\*", r"\w*"), name):
            return int(position)
    return default
