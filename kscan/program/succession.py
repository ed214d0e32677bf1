# SPDX-License-Identifier: GPL-2.0-only
"""From the program of one tree to that of a tree much like it: what stays true is taken over.

Facts and bodies are a file's own.  What a name means, and what a call may reach, depends on
the headers a file sees and on where functions are defined; where one of those is changed it
is found anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from kscan.facts.reader import Reader
from kscan.program.program import Program
from kscan.source.search import defined_names
from kscan.source.tree import Memory, Tree, Unreadable

MOST_NAMES = 20
"""Functions that come, go or change their type; with more of them all calls are looked at anew."""

_K = TypeVar("_K", tuple[str, str], tuple[str, str, str])
_V = TypeVar("_V")


@dataclass(frozen=True)
class Succession:
    """The program of a tree, and in what the next tree differs from it."""

    earlier: Program
    """Of no use once it is taken over: the two programs share what they know."""
    changed: frozenset[str]
    names: frozenset[str]
    """Functions of the changed files that came, went, or have another result or linkage."""
    includes_stand: bool
    """No header is changed, and no file came or went."""


def succession(
    earlier: Program, old: Tree, new: Tree, changed: Collection[str], memory: Memory
) -> Succession:
    """What is between `old`, the tree of `earlier`, and `new`, which differs in `changed`."""
    before, after = Reader(old, memory), Reader(new, memory)
    return Succession(
        earlier,
        frozenset(changed),
        frozenset(name for path in changed for name in _altered(before, after, path)),
        not any(path.endswith(".h") or old.exists(path) != new.exists(path) for path in changed),
    )


def take_over(program: Program, succession: Succession) -> None:
    """Gives the fresh `program`, of the next tree, what the earlier one knows."""
    earlier, changed, names = succession.earlier, succession.changed, succession.names
    _facts(program, earlier, changed)
    closures = earlier.headers._closures.values()
    if not succession.includes_stand or any(p in known for known in closures for p in changed):
        return
    _headers(program, earlier, changed)
    program.filled.update(_kept(earlier.filled, changed))
    program.spelled.update(_kept(earlier.spelled, changed))
    program._records.update(_without(earlier._records, 1, changed))
    program._named.update(_without(earlier._named, 2, changed))
    program._resolved.update(
        (key, found)
        for key, found in _without(earlier._resolved, 1, changed).items()
        if key[0] not in names and not any(f.path in changed for f in found)
    )
    if len(names) <= MOST_NAMES:
        program.sites.update(
            (function, sites)
            for function, sites in earlier.sites.items()
            if function.path not in changed
            and not any(earlier.mentions(function, name) for name in names)
        )


def _facts(program: Program, earlier: Program, changed: Collection[str]) -> None:
    """Units, bodies and tables of the files that are the same."""
    reader, known = program.reader, earlier.reader
    reader.units.update(_kept(known.units, changed))
    reader.skipped.update(_kept(known.skipped, changed))
    reader._texts.update(_kept(known._texts, changed))
    reader._kept += sum(len(text.respelled) for text in reader._texts.values())
    program._named_functions.update(_kept(earlier._named_functions, changed))
    program._listed.update(_kept(earlier._listed, changed))
    program._bodies.update(_without(earlier._bodies, 0, changed))
    program._facts.update(_without(earlier._facts, 0, changed))


def _headers(program: Program, earlier: Program, changed: Collection[str]) -> None:
    """What the headers include and say: they are the same."""
    mine, theirs = program.headers, earlier.headers
    mine._saying, mine._sketched = theirs._saying, theirs._sketched
    mine._included.update(_without(theirs._included, 0, changed))
    mine._closures.update(_kept(theirs._closures, changed))
    mine._spelled.update(_kept(theirs._spelled, changed))


def _kept(known: Mapping[str, _V], changed: Collection[str]) -> dict[str, _V]:
    """`known`, which has files for keys, without those changed."""
    return {path: found for path, found in known.items() if path not in changed}


def _without(known: Mapping[_K, _V], place: int, changed: Collection[str]) -> dict[_K, _V]:
    """`known` without the keys that have a changed file at `place`."""
    return {key: found for key, found in known.items() if key[place] not in changed}


def _altered(before: Reader, after: Reader, path: str) -> set[str]:
    """Functions of `path` that came, went, or have another result type or linkage."""
    old = {f.name: (f.result, f.static) for f in before.unit(path).functions}
    new = {f.name: (f.result, f.static) for f in after.unit(path).functions}
    found = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return found | (_defined(before.tree, path) ^ _defined(after.tree, path))


def _defined(tree: Tree, path: str) -> set[str]:
    """What the index of definitions has of `path`."""
    try:
        return {name.decode("ascii", "replace") for name in defined_names(tree.read(path))}
    except Unreadable:
        return set()
