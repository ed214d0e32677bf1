# SPDX-License-Identifier: GPL-2.0-only
"""Names of functions as the catalogue spells them: exact, a prefix, a suffix, with a position."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import msgspec


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A set of function names, some of them prefixes or suffixes, some with a position."""

    names: tuple[str, ...] = ()

    @cached_property
    def _spellings(self) -> Spellings:
        return spellings(self.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._spellings

    def position(self, name: str, default: int = 0) -> int:
        """The argument position the entry for `name` gives."""
        return position(self.names, name, default)


@dataclass(frozen=True)
class Spellings:
    """What several entries match, of which nothing is kept for each name that was asked for."""

    exact: frozenset[str]
    heads: tuple[str, ...]
    """How names begin of which the rest may vary: a quick no."""
    tails: tuple[str, ...]
    """How others end."""
    varying: re.Pattern[str]
    """All of which a part may vary."""

    def __contains__(self, name: str) -> bool:
        if name in self.exact:
            return True
        might = name.startswith(self.heads) or name.endswith(self.tails)
        return might and self.varying.fullmatch(name) is not None


@cache
def spellings(entries: tuple[str, ...]) -> Spellings:
    """What matches a name that is one of `entries`."""
    names = [entry.partition(":")[0] for entry in entries]
    varying = [name for name in names if "*" in name]
    choices = (re.escape(name).replace(r"\*", r"\w*") for name in varying)
    return Spellings(
        frozenset(name for name in names if "*" not in name),
        tuple(name.partition("*")[0] for name in varying if not name.startswith("*")),
        tuple(name.rpartition("*")[2] for name in varying if name.startswith("*")),
        re.compile("|".join(choices)),
    )


@cache
def _placed(entries: tuple[str, ...]) -> tuple[tuple[Spellings, int], ...]:
    """Those of `entries` that give a position, each by itself."""
    parts = ((entry, entry.partition(":")[2]) for entry in entries)
    return tuple((spellings((entry,)), int(at)) for entry, at in parts if at)


def anew(name: str, names: Mapping[str, str]) -> str:
    """`name` as `names` has it: by itself, or as a member of a struct that has a new name."""
    tag, dot, member = name.partition(".")
    return names.get(name) or (f"{names.get(tag, tag)}.{member}" if dot else name)


def matches(entries: tuple[str, ...], name: str) -> bool:
    """`name` is one of `entries`, some of which are prefixes or suffixes."""
    return name in spellings(entries)


def position(entries: tuple[str, ...], name: str, default: int) -> int:
    """The argument position that the entry for `name` gives, else `default`."""
    return next((at for spelled, at in _placed(entries) if name in spelled), default)
