# SPDX-License-Identifier: GPL-2.0-only
"""A quick no: whether a function, or a driver's function below it, so much as names a thing.

Executing a callback costs a thousand times what searching its text does, and most callbacks
have nothing to do with most places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kscan.kernel.functions import Functions
from kscan.program.calls import call_sites
from kscan.program.hooks import hooked
from kscan.program.program import Function, Program

_WORD = re.compile(rb"[A-Za-z_]\w*")
_THROUGH_A_MEMBER = re.compile(rb"(?:->|\.)[ \t]*\w+[ \t]*\)?[ \t]*\(")
_MOST = 400


@dataclass
class Mentions:
    """The texts that belong to functions: their own, and those of what they may call."""

    program: Program
    belongs: Callable[[str], bool]
    _below: dict[Function, tuple[Function, ...]] = field(default_factory=dict)
    _named: dict[Function, tuple[Function, ...]] = field(default_factory=dict)
    _meant: dict[tuple[str, str], tuple[Function, ...]] = field(default_factory=dict)
    _bodies: dict[str, bytes] = field(default_factory=dict)
    """Of all macros of a file."""

    def mentions(self, function: Function, words: tuple[bytes, ...]) -> bool:
        """The text of `function`, of what it calls or of a macro there has one of `words`."""
        below = self.reached(function)
        macros = {f.path for f in below}
        return any(
            self.program.reader.contains(f.path, f.fact, word) for f in below for word in words
        ) or any(word in self._macros(path) for path in macros for word in words)

    def _macros(self, path: str) -> bytes:
        if path not in self._bodies:
            bodies = (macro.body for macro in self.program.unit(path).macros)
            self._bodies[path] = "\n".join(bodies).encode()
        return self._bodies[path]

    def reached(self, function: Function) -> tuple[Function, ...]:
        """`function` and what it may call, directly and through others, where it `belongs`."""
        if function not in self._below:
            found = {function: None}
            waiting = [function]
            while waiting and len(found) < _MOST:
                for callee in self._callees(waiting.pop()):
                    if callee not in found:
                        found[callee] = None
                        waiting.append(callee)
            self._below[function] = tuple(found)
        return self._below[function]

    def _callees(self, function: Function) -> tuple[Function, ...]:
        if function not in self._named:
            self._named[function] = tuple(self._named_in(function))
        return self._named[function]

    def _named_in(self, function: Function) -> Iterator[Function]:
        text = self.program.reader.text_of(function.path, function.fact)
        for word in dict.fromkeys(_WORD.findall(text)):
            yield from self._meant_by(word.decode("ascii"), function.path)
        if _THROUGH_A_MEMBER.search(text):
            for site in call_sites(self.program, function):
                if site.slot is not None:
                    target = hooked(self.program, site.slot, function.path, self.belongs)
                    yield from [target] if target is not None else ()

    def _meant_by(self, name: str, path: str) -> tuple[Function, ...]:
        key = (name, path)
        if key not in self._meant:
            self._meant[key] = self.program.resolve_within(name, path, self.belongs)
        return self._meant[key]


def lookup_words(functions: Functions) -> tuple[bytes, ...]:
    """The words without which no text looks among bound devices."""
    return tuple(name.strip("*").encode() for name in functions.lookups.bound)


def tying_words(functions: Functions) -> tuple[bytes, ...]:
    """The words without which no text puts a resource on a device."""
    names = (name.partition(":")[0].strip("*") for name in functions.ties.names)
    return tuple(dict.fromkeys(name.encode() for name in names))
