# SPDX-License-Identifier: GPL-2.0-only
"""Hooks: calls through a member of a driver's own struct that a single function fills.

``foo->soc->prepare(foo)`` is a direct call in disguise where one table of the driver has
``.prepare``.  Of structs that the kernel declares for all drivers nothing is concluded, nor
where several functions fill the member: which of them runs is not known then.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from kscan.program.calls import Slot
from kscan.program.headers import Says
from kscan.program.program import Function, Program
from kscan.program.tables import Tables


def hooked(
    program: Program, slot: Slot, path: str, belongs: Callable[[str], bool]
) -> Function | None:
    """The function behind `slot`, called in `path` by the driver whose files `belongs` tells."""
    if not slot.tag or not belongs(path):
        return None
    key = (slot, path, belongs)
    if key not in program.hooks:
        program.hooks[key] = _found(program, slot, path, belongs)
    return program.hooks[key]


def declaring(program: Program, tag: str, path: str) -> str | None:
    """The file that declares the struct `tag` which `path` sees; None where none is found."""
    places = (path, *program.headers.saying(Says.RECORD, tag.partition(".")[0], path))
    declared = (p for p in places if any(s.tag == tag for s in program.unit(p).structs))
    return next(declared, None)


def _found(
    program: Program, slot: Slot, path: str, belongs: Callable[[str], bool]
) -> Function | None:
    home = declaring(program, slot.tag, path)
    if home is None or not belongs(home):
        return None
    beside = () if home == path else program.siblings(path)
    words = (f".{slot.field}", f">{slot.field}", *_making(program, path, slot.field, belongs))
    found: set[Function] = set()
    for place in (path, *beside):
        if belongs(place) and _names(program, place, words):
            entries = Tables(program, (place,)).implementers(slot)
            found.update(entry.function for entry in entries if entry.slot == slot)
            if len(found) > 1:
                return None
    return next(iter(found), None)


def _making(
    program: Program, path: str, field: str, belongs: Callable[[str], bool]
) -> Iterator[str]:
    """The macros in headers beside `path` that may put something into a member called `field`."""
    word = f".{field}"
    for header in program.reader.tree.listing(posixpath.dirname(path)):
        if header.endswith(".h") and belongs(header) and _names(program, header, (word,)):
            yield from (m.name for m in program.unit(header).macros if word in m.body)


def _names(program: Program, path: str, words: Iterable[str]) -> bool:
    """One of `words` stands anywhere in `path`."""
    return any(program.reader.names(path, word.encode()) for word in words)
