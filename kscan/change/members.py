# SPDX-License-Identifier: GPL-2.0-only
"""Structs, and members of ops tables, that a change gives new names.

A struct is gone, and one is new that has most of its members. A member is gone from its struct,
and functions that filled it fill one that is new there, or in the table it was moved to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from kscan.change.functions import Alterations, Bodies, c_files
from kscan.change.renames import Renames
from kscan.program.calls import Slot
from kscan.program.program import Program
from kscan.program.tables import Tables

_T = TypeVar("_T")

Places = frozenset[tuple[str, str]]
"""Functions, by file and name."""


def renamed_structs(alterations: Alterations, names: Iterable[str]) -> Mapping[str, str]:
    """The structs that `names` speaks of, members' ones, too, that have a new name, and that."""
    if alterations.not_compared:
        return {}
    changed = c_files(alterations.changed)
    before = _structs(alterations.old, (c.old for c in changed if c.old is not None))
    after = _structs(alterations.new, (c.new for c in changed if c.new is not None))
    found = {}
    tags = {name.partition(".")[0] for name in names}
    for tag in before.keys() & tags - after.keys():
        fresh = after.keys() - before.keys()
        same = [one for one in fresh if _are_mostly(before[tag], after[one])]
        if len(same) == 1:
            found[tag] = same[0]
    return found


def renamed_members(
    alterations: Alterations, renames: Renames, names: Iterable[str]
) -> Mapping[str, str]:
    """Those of `names`, spelled ``struct.member``, that have a new name, and that.

    Of a struct that `names` has by itself, each member counts as named.
    """
    if alterations.not_compared:
        return {}
    changed = c_files(alterations.changed)
    old = [change.old for change in changed if change.old is not None]
    new = [change.new for change in changed if change.new is not None]
    before, after = _structs(alterations.old, old), _structs(alterations.new, new)
    gone = _gone(names, before, after)
    if not gone:
        return {}
    was = Tables(Program(alterations.old.reader), tuple(old))
    now = Tables(Program(alterations.new.reader), tuple(new))
    fresh = [Slot(tag, name) for tag in after for name in after[tag] - before.get(tag, _NOTHING)]
    filled = [(slot, places) for slot in fresh if (places := _filling(now, slot))]
    found = {}
    for slot in gone:
        fills = frozenset(renames.function(*place) for place in _filling(was, slot))
        same = [str(other) for other, places in filled if _are_mostly(fills, places)]
        if len(same) == 1:
            found[str(slot)] = same[0]
    return found


_NOTHING: frozenset[str] = frozenset()


def _structs(bodies: Bodies, paths: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """The members of the structs that the files `paths` declare, by tag."""
    found: dict[str, frozenset[str]] = {}
    for path in paths:
        for struct in bodies.reader.unit(path).structs:
            members = frozenset(member.name for member in struct.fields)
            found[struct.tag] = found.get(struct.tag, frozenset()) | members
    return found


def _gone(
    names: Iterable[str],
    before: Mapping[str, frozenset[str]],
    after: Mapping[str, frozenset[str]],
) -> list[Slot]:
    """The members among `names` that their structs, which still stand, no longer have."""
    found: set[Slot] = set()
    for name in names:
        tag, dot, member = name.partition(".")
        if tag in before and tag in after:
            lacking = before[tag] - after[tag]
            found.update(Slot(tag, one) for one in lacking if one == member or not dot)
    return sorted(found, key=str)


def _filling(tables: Tables, slot: Slot) -> Places:
    entries = tables.implementers(slot)
    return frozenset((entry.function.path, entry.function.name) for entry in entries)


def _are_mostly(some: frozenset[_T], others: frozenset[_T]) -> bool:
    """Most of `some` are `others`, and the other way round."""
    return 2 * len(some & others) > max(len(some), len(others))
