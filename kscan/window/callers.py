# SPDX-License-Identifier: GPL-2.0-only
"""Who calls a function: by name, in the files that name it, or as a hook of its driver."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from kscan.facts import ir
from kscan.flow.paths import root_name
from kscan.kernel.devices import devices
from kscan.kernel.functions import Functions
from kscan.program.calls import Slot, callee_of
from kscan.program.filled import holding
from kscan.program.hooks import hooked
from kscan.program.program import Function, Program
from kscan.program.tables import slot_of
from kscan.program.types import scope_of
from kscan.source.search import is_only_stored
from kscan.window.scope import ownership

MOST_CALLERS = 8
"""Callers of one function that are looked into: what has more is no driver but a library."""

MOST_FILES = 16
"""Files that name one function and are looked into for tables that hold it."""

LEVELS = 8
"""Callers of callers that are looked at above one that registers; an audit of 6.12 needs 4."""

MOST_ABOVE = 200
"""Functions above one that are looked at, level by level; an audit of 6.12 needs 8."""

_TOO_FAR = f"callers more than {LEVELS} levels above it are not looked at"
_TOO_MANY = f"of the functions above it only the nearest {MOST_ABOVE} are looked at"


@dataclass
class Callers:
    """Who calls a function: its own file, and for external linkage the files that name it."""

    program: Program
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _first: dict[Function, tuple[tuple[Function, ir.Call], ...]] = field(default_factory=dict)
    _searching: Future[object] | None = None

    def search_ahead(self, names: set[str]) -> None:
        """Starts to look for `names` beside whatever comes next: git does the work."""
        waiting = ThreadPoolExecutor(1)
        tree = self.program.reader.tree
        self._searching = waiting.submit(tree.files_with, sorted(names), suffixes=(".c",))
        waiting.shutdown(wait=False)

    def settle(self) -> None:
        """Waits for the search that was started."""
        if self._searching is not None:
            self._searching.result()
            self._searching = None

    def prepare(self, names: list[str], under: tuple[str, ...] = ()) -> None:
        """Finds the files that use any of `names`, in one search of the tree or `under` it."""
        wanted = [name for name in names if name not in self.files]
        if not wanted:
            return
        self.settle()
        tree = self.program.reader.tree
        found = tree.files_with(wanted, suffixes=(".c",), under=under)
        for name in wanted:
            word = name.encode()
            self.files[name] = tuple(path for path in found if word in tree.read(path))

    def prepare_upwards(self, functions: list[Function], levels: int) -> None:
        """Finds the callers of `functions` and of their callers, one search a level.

        The first level is looked for in the whole tree, the others near the callers found.
        """
        seen: set[Function] = set()
        level = functions
        for number in range(levels):
            level = [f for f in dict.fromkeys(level) if f not in seen]
            seen.update(level)
            near = {"/".join(f.path.split("/")[:2]) for f in level} if number else set()
            names = sorted({f.name for f in level if not is_private(f)})
            self.prepare(names, tuple(sorted(near)))
            level = [caller for f in level for caller, _ in self.first_of(f)]

    def first_of(self, target: Function) -> tuple[tuple[Function, ir.Call], ...]:
        """Those of `of` that are looked into."""
        return self._some_of(target)[:MOST_CALLERS]

    def above(self, function: Function, levels: int = LEVELS) -> Iterator[Function]:
        """`function`, its callers, and theirs, `levels` upwards, as far as they are looked into."""
        level, seen = [function], {function}
        for _ in range(levels):
            yield from level
            found = dict.fromkeys(caller for f in level for caller, _ in self.first_of(f))
            level = [caller for caller in found if caller not in seen]
            if len(seen) + len(level) > MOST_ABOVE:
                self.program.cut(function, _TOO_MANY)
                level = level[: MOST_ABOVE - len(seen)]
            seen.update(level)
        yield from level
        if levels == LEVELS and any(map(self.first_of, level)):
            self.program.cut(function, _TOO_FAR)

    def are_many(self, target: Function) -> bool:
        """`target` has callers that are not looked into."""
        return len(self._some_of(target)) > MOST_CALLERS

    def is_in_many_files(self, target: Function) -> bool:
        """So many files name `target` that none but its own is looked into for tables with it."""
        return len(self._naming(target)) > MOST_FILES

    def _some_of(self, target: Function) -> tuple[tuple[Function, ir.Call], ...]:
        if target not in self._first:
            self._first[target] = tuple(islice(self.of(target), MOST_CALLERS + 1))
        return self._first[target]

    def of(self, target: Function) -> Iterator[tuple[Function, ir.Call]]:
        """Functions that call `target` by name, or through what it alone fills, with the call."""
        for path in self._calling(target):
            for caller in self.program.mentioning(path, target.name):
                for call in calls_of(self.program, caller, target.name):
                    if target in self.program.resolve(target.name, path):
                        yield caller, call
        yield from self._hooking(target)

    def _hooking(self, target: Function) -> Iterator[tuple[Function, ir.Call]]:
        """Those that call it through a member of their driver's own struct."""
        program, belongs = self.program, ownership([target.path], frozenset())
        for slot in dict.fromkeys(self._slots(target)):
            if hooked(program, slot, target.path, belongs) != target:
                continue
            for path in (target.path, *program.siblings(target.path)):
                if program.reader.names(path, slot.field.encode()):
                    for caller in program.mentioning(path, slot.field):
                        yield from ((caller, call) for call in _through(program, caller, slot))

    def _slots(self, target: Function) -> Iterator[Slot]:
        """The members that tables fill with it."""
        for path in self._near(target):
            for fact in holding(self.program, path, target.name):
                if fact.fields and target in self.program.resolve(target.name, path):
                    yield slot_of(self.program, path, fact)

    def holding(self, target: Function) -> tuple[str, ...]:
        """The files that may have `target` in a table; its own alone where it is a library's."""
        return (target.path,) if self.are_many(target) else self._near(target)

    def _near(self, target: Function) -> tuple[str, ...]:
        """The files that may use `target`; its own alone where they are too many."""
        return (target.path,) if self.is_in_many_files(target) else self._naming(target)

    def _calling(self, target: Function) -> Iterator[str]:
        """The files that may call `target` by name, as far as text tells."""
        word, tree = target.name.encode(), self.program.reader.tree
        for path in self._naming(target):
            if path == target.path or not is_only_stored(tree.read(path), word):
                yield path

    def _naming(self, target: Function) -> tuple[str, ...]:
        """The files that may use `target`: its own, and for external linkage those that name it."""
        if is_private(target):
            return (target.path,)
        self.prepare([target.name])
        return (target.path, *(p for p in self.files[target.name] if p != target.path))


def is_private(function: Function) -> bool:
    """Only the file of `function` can call it: it is static, and in no header."""
    return function.fact.static and not function.path.endswith(".h")


def calls_of(program: Program, caller: Function, name: str) -> Iterator[ir.Call]:
    """The calls of `name` in the body of `caller`."""
    if not program.mentions(caller, name):
        return
    yield from (call for call in program.body(caller).calls if call.name == name)


def _through(program: Program, caller: Function, slot: Slot) -> Iterator[ir.Call]:
    """The calls through `slot` in the body of `caller`."""
    for call in program.body(caller).calls:
        site = callee_of(scope_of(program, caller), call) if not call.name else None
        if site is not None and site.slot == slot:
            yield call


def walked_by(
    program: Program, functions: Functions, function: Function
) -> Iterator[tuple[Function, ir.Call]]:
    """Who has `function` called for each of several objects, in its file, with that call."""
    for caller in program.mentioning(function.path, function.name):
        for call in program.body(caller).calls:
            if call.name in functions.walks:
                at = functions.walks.position(call.name)
                if function.name in map(root_name, call.args[at : at + 1]):
                    yield caller, call


def registered_by(
    program: Program, functions: Functions, probe: Function, paths: tuple[str, ...] = ()
) -> Iterator[tuple[Function, ir.Call]]:
    """Who hands the driver whose function `probe` is to its bus, with the call.

    Looked for in `paths`, which name it; in its own file where none are given.
    """
    for path in paths or (probe.path,):
        drivers = frozenset(holders_in(program, path, probe))
        if drivers:
            yield from _registering(program, functions, path, drivers)


def _registering(
    program: Program, functions: Functions, path: str, drivers: frozenset[str]
) -> Iterator[tuple[Function, ir.Call]]:
    """Who hands one of `drivers` to its bus in `path`."""
    naming = {f.fact.start: f for driver in drivers for f in program.mentioning(path, driver)}
    for _, function in sorted(naming.items()):
        for call in program.body(function).calls:
            registers = call.name in functions.driver_registrations
            if registers and call.args and root_name(call.args[0]) in drivers:
                yield function, call


def holders_in(program: Program, path: str, function: Function) -> Iterator[str]:
    """Names of the objects of `path` that hold `function`, or are handed over with it."""
    if function not in program.resolve(function.name, path):
        return
    for fact in holding(program, path, function.name):
        if fact.variable:
            yield fact.variable
    for entry in (entry for role in devices().handed for entry in role.by):
        name, _, place = entry.partition(":")
        for call in _calls_in(program, path, name):
            handed = call.args[int(place) : int(place) + 1]
            if function.name in map(root_name, handed) and root_name(call.args[0]):
                yield root_name(call.args[0])


def _calls_in(program: Program, path: str, name: str) -> Iterator[ir.Call]:
    """The calls of `name` in the functions of `path`."""
    if program.reader.names(path, name.encode()):
        for caller in program.mentioning(path, name):
            yield from calls_of(program, caller, name)


def calls_it(program: Program, path: str, name: str) -> bool:
    """A function or macro of `path` has a call of `name` in its body, as far as text tells.

    Or the macro is another name for it.
    """
    return any(f.name != name for f in program.mentioning(path, name)) or any(
        macro.body == name or f"{name}(" in macro.body.replace(" ", "")
        for macro in program.unit(path).macros
    )
