# SPDX-License-Identifier: GPL-2.0-only
"""From the program of one tree to that of a tree much like it: what stays true is taken over.

Facts and bodies are a file's own.  What a name means, and what a call may reach, depends on
the headers a file sees and on where functions are defined; where one of those is changed it
is found anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from kscan.program.program import Program
from kscan.source.search import defined_names
from kscan.source.tree import Tree, Unreadable

MOST_NAMES = 20
"""Functions that come, go or change their type; with more of them all calls are looked at anew."""

_K = TypeVar("_K", tuple[str, str], tuple[str, str, str])
_V = TypeVar("_V")


def take_over(program: Program, earlier: Program, changed: Collection[str]) -> None:
    """Gives the fresh `program` what `earlier` knows; their trees differ in the files `changed`.

    `earlier` is of no use afterwards: the two share what they know.
    """
    _facts(program, earlier, changed)
    if not _headers_stand(program, earlier, changed):
        return
    _headers(program, earlier, changed)
    program._records.update(_without(earlier._records, 1, changed))
    program._named.update(_without(earlier._named, 2, changed))
    names = {name for path in changed for name in _altered(program, earlier, path)}
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


def _headers_stand(program: Program, earlier: Program, changed: Collection[str]) -> bool:
    """No file came or went, and none of the changed ones is included anywhere."""
    old, new = earlier.reader.tree, program.reader.tree
    if any(path.endswith(".h") or old.exists(path) != new.exists(path) for path in changed):
        return False
    closures = earlier.headers._closures.values()
    return not any(path in closure for closure in closures for path in changed)


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


def _altered(program: Program, earlier: Program, path: str) -> set[str]:
    """Functions of `path` that came, went, or have another result type or linkage."""
    before = {f.name: (f.result, f.static) for f in earlier.unit(path).functions}
    after = {f.name: (f.result, f.static) for f in program.unit(path).functions}
    names = before.keys() | after.keys()
    found = {name for name in names if before.get(name) != after.get(name)}
    return found | (_defined(earlier.reader.tree, path) ^ _defined(program.reader.tree, path))


def _defined(tree: Tree, path: str) -> set[str]:
    """What the index of definitions has of `path`."""
    try:
        return {name.decode("ascii", "replace") for name in defined_names(tree.read(path))}
    except Unreadable:
        return set()
