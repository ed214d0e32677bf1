# SPDX-License-Identifier: GPL-2.0-only
"""One tree's program: what a name means where it is used, as C's linkage has it.

A static function belongs to its file, an inline one to the headers a file includes, any
other is found in the file that defines it, same directory first. Nothing is indexed before
it is asked for.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kscan.facts import ir
from kscan.facts.defines import Unsure
from kscan.facts.reader import Reader
from kscan.facts.unit import (
    UNKNOWN,
    CType,
    FunctionFact,
    GlobalFact,
    MacroFact,
    StructFact,
    TypedefFact,
    Unit,
)
from kscan.model import Skip
from kscan.program.declared import completed
from kscan.program.headers import Headers, Says
from kscan.source.tree import DefinitionIndex

OUTSIDE = ("tools/", "samples/", "scripts/", "Documentation/", "usr/")
"""Directories whose functions are never linked into the kernel."""

_SAYS = {
    "macros": Says.MACRO,
    "typedefs": Says.TYPEDEF,
    "globals": Says.OBJECT,
    "prototypes": Says.FUNCTION,
}

MOST_CANDIDATES = 6
"""Definitions of one name, as arch variants have them, that are all taken into account."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function definition in a file; equal by path and name."""

    path: str
    name: str
    fact: FunctionFact = field(compare=False)

    @property
    def line(self) -> int:
        """Where its name stands."""
        return self.fact.line

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters, empty for one without."""
        return tuple(parameter.name for parameter in self.fact.params)

    def given(self, call: ir.Call) -> dict[str, ir.Expr]:
        """What `call`, a call of it, hands over for each parameter."""
        return dict(zip(self.parameters, call.args, strict=False))


_Meaning = tuple[Function | None, Sequence[str]]
"""What a name means in a file and its headers; else the files that may define it, nearest first."""


@dataclass
class Program:
    """Resolves names; remembers every answer."""

    reader: Reader
    sites: dict[Function, Any] = field(default_factory=dict)
    """Call sites of functions, as `kscan.program.calls` found them."""
    scopes: dict[Function, Any] = field(default_factory=dict)
    """Names of functions, as `kscan.program.types` has them."""
    flows: dict[Function, Any] = field(default_factory=dict)
    """Control flow of functions, as `kscan.flow.cfg` built it."""
    assigned: dict[Function, Any] = field(default_factory=dict)
    """What functions set their variables to, as `kscan.flow.assigned` found it."""
    hooks: dict[Any, Function | None] = field(default_factory=dict)
    """What calls through members lead to for a driver, as `kscan.program.hooks` found it."""
    expansions: dict[tuple[int, str], tuple[ir.Call, ir.Expr | None]] = field(default_factory=dict)
    """What calls of macros mean in a file, as `kscan.program.macros` found it."""
    filled: dict[str, Any] = field(default_factory=dict)
    """What the tables of files hold, as `kscan.program.filled` found it."""
    spelled: dict[str, Any] = field(default_factory=dict)
    """The same as far as no macro needs to be read for it."""
    cut_short: set[Skip] = field(default_factory=set)
    """Functions that are not followed to the end, and the bound which that comes to."""
    _units: dict[str, Unit] = field(default_factory=dict)
    _resolved: dict[tuple[str, str], tuple[Function, ...]] = field(default_factory=dict)
    _meanings: dict[tuple[str, str], _Meaning] = field(default_factory=dict)
    _inlined: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], ir.Body] = field(default_factory=dict)
    _records: dict[tuple[str, str], StructFact | None] = field(default_factory=dict)
    _named: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    _named_functions: dict[str, dict[str, Function]] = field(default_factory=dict)
    _facts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _listed: dict[str, tuple[Function, ...]] = field(default_factory=dict)

    def cut(self, function: Function, why: str) -> None:
        """Of `function` something is not analysed."""
        self.cut_short.add(Skip(function.path, f"{function.name}(): {why}"))

    @cached_property
    def headers(self) -> Headers:
        """The include closures."""
        return Headers(self.reader.tree)

    @cached_property
    def _indexing(self) -> Future[DefinitionIndex]:
        waiting = ThreadPoolExecutor(1)
        indexing = waiting.submit(self.reader.tree.definitions)
        waiting.shutdown(wait=False)
        return indexing

    def prefetch(self) -> None:
        """Starts indexing definitions beside whatever comes next: git does the work."""
        _ = self._indexing

    @cached_property
    def definitions(self) -> DefinitionIndex:
        """Where functions of external linkage are defined."""
        return self._indexing.result()

    def unit(self, path: str) -> Unit:
        """The facts of `path`, with what its own macros declare."""
        known = self._units.get(path)
        if known is None:
            known = self._units[path] = completed(self.reader, path, self.reader.unit(path))
        return known

    def functions_in(self, path: str) -> tuple[Function, ...]:
        """The functions `path` defines, in order."""
        if path not in self._listed:
            self._listed[path] = tuple(Function(path, f.name, f) for f in self.unit(path).functions)
        return self._listed[path]

    def named(self, path: str, name: str) -> tuple[Function, ...]:
        """The functions called `name` that `path` defines, one a configuration."""
        return tuple(f for f in self.functions_in(path) if f.name == name)

    def siblings(self, path: str) -> tuple[str, ...]:
        """The C files beside `path`, where an object of external linkage is looked for."""
        beside = self.reader.tree.listing(posixpath.dirname(path))
        return tuple(p for p in beside if p.endswith(".c") and p != path)

    def body(self, target: Function) -> ir.Body:
        """The lowered body of `target`."""
        key = (target.path, target.name)
        if key not in self._bodies:
            self._bodies[key] = self.reader.body(target.path, target.fact)
        return self._bodies[key]

    def mentions(self, target: Function, word: str) -> bool:
        """The text of `target` contains `word`: a quick no before its body is lowered."""
        return self.reader.contains(target.path, target.fact, word.encode())

    def mentioning(self, path: str, word: str) -> tuple[Function, ...]:
        """The functions of `path` that `mentions` holds for, in order."""
        functions = self.functions_in(path)
        return tuple(functions[n] for n in self.reader.containing(path, word.encode()))

    def resolve(self, name: str, path: str) -> tuple[Function, ...]:
        """The functions that `name` may mean in `path`; several where an arch chooses."""
        key = (name, path)
        if key not in self._resolved:
            self._resolved[key] = tuple(self._definitions_of(name, path))
        return self._resolved[key]

    def resolve_within(
        self, name: str, path: str, belongs: Callable[[str], bool]
    ) -> tuple[Function, ...]:
        """As `resolve`, for functions of files that `belongs` holds for: others stay unread."""
        own = self._own(name, path)
        if own is not None:
            return (own,)
        headers = self.headers.saying(Says.INLINE, name, path)
        if headers and not any(belongs(header) for header in headers):
            return ()
        return self.resolve_among(name, path, belongs)

    def resolve_among(
        self, name: str, path: str, belongs: Callable[[str], bool]
    ) -> tuple[Function, ...]:
        """Those of `resolve` that are in files `belongs` holds for; the others stay unread."""
        known = self._resolved.get((name, path))
        if known is None:
            known = tuple(self._definitions_of(name, path, belongs))
        return tuple(found for found in known if belongs(found.path))

    def is_elsewhere(self, name: str, path: str, belongs: Callable[[str], bool]) -> bool:
        """`name` is no inline function, and only files that `belongs` fails for define it."""
        if (not path.endswith(".h") and self.defines(name, path)) or self._inlining(name, path):
            return False
        return not any(belongs(file) for file in self.definitions.files(name))

    def _definitions_of(
        self, name: str, path: str, belongs: Callable[[str], bool] | None = None
    ) -> Iterator[Function]:
        meant, files = self._meaning(name, path)
        if meant is not None:
            yield meant
            return
        for file in files:
            if belongs is not None and not belongs(file):
                continue
            found = self._own(name, file)
            if found is not None and not found.fact.static:
                yield found
                if posixpath.dirname(file) == posixpath.dirname(path):
                    return

    def _meaning(self, name: str, path: str) -> _Meaning:
        key = (name, path)
        if key not in self._meanings:
            self._meanings[key] = self._meant(name, path)
        return self._meanings[key]

    def _meant(self, name: str, path: str) -> _Meaning:
        own = self._own(name, path)
        if own is not None and not path.endswith(".h"):
            return own, ()
        inline = self._inline(name, path)
        if inline is not None:
            return inline, ()
        files = [f for f in self.definitions.files(name) if not f.startswith(OUTSIDE)]
        files.sort(key=lambda f: (posixpath.dirname(f) != posixpath.dirname(path), f))
        return None, files[:MOST_CANDIDATES]

    def _inline(self, name: str, path: str) -> Function | None:
        """The inline function that `path`, a header, or one it includes gives; None for stubs.

        A header may hold the stub of what another one declares or defines (include/linux/acpi.h
        and acpi/acpi_bus.h): of several bodies the longest counts.
        """
        headers = self._inlining(name, path)
        found = [inline for header in headers if (inline := self._own(name, header)) is not None]
        return max(found, key=lambda inline: inline.fact.end - inline.fact.start, default=None)

    def _inlining(self, name: str, path: str) -> list[str]:
        """The headers that give `name` a body that counts."""
        key = (name, path)
        if key not in self._inlined:
            self._inlined[key] = self._found_inlining(name, path)
        return self._inlined[key]

    def _found_inlining(self, name: str, path: str) -> list[str]:
        headers = [path] if path.endswith(".h") and self.defines(name, path) else []
        headers += self.headers.saying(Says.INLINE, name, path)
        if not headers:
            return []
        declared = self._is_stub(name, path) or self.headers.saying(Says.PROTOTYPE, name, path)
        return [] if declared and self.definitions.files(name) else headers

    def _is_stub(self, name: str, header: str) -> bool:
        """`header` declares `name` as well: its inline body stands for a disabled CONFIG_."""
        return name in self._index(header, "prototypes")

    def defines(self, name: str, path: str) -> bool:
        """`path` itself defines a function `name`."""
        return self._own(name, path) is not None

    def _own(self, name: str, path: str) -> Function | None:
        """The function `name` that `path` itself defines."""
        if path not in self._named_functions:
            known: dict[str, Function] = {}
            for fact in self.unit(path).functions:
                other = known.get(fact.name)
                # of two bodies, one is the stub of a disabled CONFIG_: the longer one counts
                if other is None or other.fact.end - other.fact.start < fact.end - fact.start:
                    known[fact.name] = Function(path, fact.name, fact)
            self._named_functions[path] = known
        return self._named_functions[path].get(name)

    def _index(self, path: str, kind: str) -> dict[str, Any]:
        """Facts of `path` by name, one kind at a time; the first of a name counts."""
        key = (path, kind)
        if key not in self._facts:
            facts = getattr(self.unit(path), kind)
            self._facts[key] = {fact.name: fact for fact in reversed(facts)}
        return self._facts[key]

    def _fact(self, path: str, kind: str, name: str) -> Any:
        """The fact of `path` that `_index` has; a macro costs no parse of a file not yet read."""
        if kind == "macros" and path not in self.reader.units:
            with suppress(Unsure):
                return self.reader.defines(path).macro(name)
        return self._index(path, kind).get(name)

    def record(self, tag: str, path: str) -> StructFact | None:
        """The struct or union `tag` as seen from `path`; None where no body is found."""
        key = (tag, path)
        if key not in self._records:
            places = [path, *self.headers.saying(Says.RECORD, tag.partition(".")[0], path)]
            found = (s for place in places for s in self.unit(place).structs if s.tag == tag)
            self._records[key] = next(found, None)
        return self._records[key]

    def field_type(self, tag: str, name: str, path: str) -> CType | None:
        """The declared type of a member, as seen from `path`."""
        record = self.record(tag, path)
        if record is None:
            return None
        return next((member.type for member in record.fields if member.name == name), None)

    def macro(self, name: str, path: str) -> MacroFact | None:
        """The macro `name` as seen from `path`; the nearest definition wins."""
        found: MacroFact | None = self._nearest(name, path, "macros")
        return found

    def typedef(self, name: str, path: str) -> TypedefFact | None:
        """The typedef `name` as seen from `path`."""
        found: TypedefFact | None = self._nearest(name, path, "typedefs")
        return found

    def variable(self, name: str, path: str) -> GlobalFact | None:
        """The file-scope object `name` as seen from `path`."""
        found: GlobalFact | None = self._nearest(name, path, "globals")
        return found

    def own_variable(self, name: str, path: str) -> GlobalFact | None:
        """The file-scope object `name` that `path` itself declares."""
        return self._index(path, "globals").get(name)

    def holds(self, path: str, name: str) -> bool:
        """`path` defines the file-scope object `name`: it does not merely declare it."""
        key = (path, "objects")
        if key not in self._facts:
            own = self.unit(path).globals
            self._facts[key] = {one.name: one for one in own if not one.extern}
        return name in self._facts[key]

    def prototype(self, name: str, path: str) -> FunctionFact | None:
        """A declaration of the function `name` that `path` sees."""
        found: FunctionFact | None = self._nearest(name, path, "prototypes")
        return found

    def result(self, name: str, path: str) -> CType:
        """What the function `name` returns, as `path` sees it; unknown where nothing says."""
        fact = own.fact if (own := self._own(name, path)) is not None else None
        fact = fact or self.prototype(name, path)
        if fact is None:
            fact = next((found.fact for found in self.resolve(name, path)), None)
        return fact.result if fact is not None else UNKNOWN

    def _nearest(self, name: str, path: str, kind: str) -> Any:
        key = (kind, name, path)
        if key not in self._named:
            places = [path, *self.headers.saying(_SAYS[kind], name, path)]
            found = (self._fact(place, kind, name) for place in places)
            self._named[key] = next((fact for fact in found if fact is not None), None)
        return self._named[key]
