# SPDX-License-Identifier: GPL-2.0-only
"""Registrations: the call sites of a contract's function, and what each publishes."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import msgspec

from kscan.facts import ir
from kscan.facts.unit import MacroFact
from kscan.flow.cfg import flow_of
from kscan.kernel.contracts import Contract
from kscan.kernel.functions import Functions
from kscan.program import macros
from kscan.program.program import Function, Program
from kscan.window.callers import MOST_CALLERS, Callers, calls_of
from kscan.window.inner import Inner, inner_functions
from kscan.window.members import Members
from kscan.window.published import Handed, Published, Publishing

MOST_HOPS = 3
"""Functions, one calling the other, that hand a registration on."""

MOST_BESIDE = 50
"""Registrations of one function that are looked at; none of 6.12 has two."""

_TOO_MANY = f"of the registrations in it only the first {MOST_BESIDE} are looked at"


@dataclass(frozen=True)
class Registration:
    """One call of a contract's function inside the function that probes or initialises."""

    contract: Contract
    function: Function
    call: ir.Call
    tables: tuple[Published, ...] = ()
    functions: tuple[Handed, ...] = ()
    """Where the contract's callback is handed over itself, and in no table."""
    is_short: bool = False
    """The call lacks arguments that the function takes: it is written for another kernel."""

    @property
    def published(self) -> tuple[str, ...]:
        """The names of the tables or functions."""
        tables = tuple(table.variable for table in self.tables)
        return tables or tuple(handed.function.name for handed in self.functions)

    @property
    def at(self) -> int:
        """Offset of the call."""
        return self.call.at

    @property
    def at_gate(self) -> ir.Expr | None:
        """The gate's argument; None where there is no gate, or the call lacks it."""
        gate = self.contract.gate
        given = self.call.args[gate.argument :] if gate is not None else ()
        return given[0] if given else None

    @property
    def gated(self) -> bool:
        """The gate's argument is not plainly NULL, nor would be where the call lacks it."""
        gate = self.contract.gate
        if gate is None or self.at_gate is None:
            return gate is not None and self.is_short
        return not _is_null(self.call, gate.argument)


@dataclass
class Registrations:
    """The registrations of one contract in a tree."""

    program: Program
    known: Functions
    """What functions of the kernel mean."""
    contract: Contract
    paths: tuple[str, ...]
    """Files that name the contract's function."""
    callers: Callers
    _handed_on: dict[Function, list[tuple[ir.Expr, ...]]] = field(default_factory=dict)
    """What functions were found to give to calls of others that hand a registration on."""

    @cached_property
    def all(self) -> tuple[Registration, ...]:
        """Every registration, by file and offset; a call without a table takes one back."""
        return tuple(sorted(self._found(), key=lambda r: (r.function.path, r.at)))

    def _found(self) -> Iterator[Registration]:
        publishing = Publishing(self.program, self.known, self.contract, self.callers)
        for path in dict.fromkeys((*self.paths, *self._expanding())):
            for function in self.program.functions_in(path):
                if function.name == self.contract.register:
                    continue
                for where, call in self._placed(function):
                    tables = tuple(publishing.tables(where, call))
                    functions = tuple(publishing.functions(where, call))
                    if tables or functions or not _is_null(call, self.contract.table):
                        short = self._is_short(where, call)
                        yield Registration(self.contract, where, call, tables, functions, short)

    def _is_short(self, function: Function, call: ir.Call) -> bool:
        taking = self.program.resolve(self.contract.register, function.path)[:1]
        return any(len(call.args) < len(one.fact.params) for one in taking)

    def _placed(self, function: Function) -> Iterator[tuple[Function, ir.Call]]:
        """The calls of `function`, where they count; one stands for all that it hands on.

        Nor does one count twice that comes to the contract's function on two ways.
        """
        seen: set[tuple[Function, int]] = set()
        beside: Counter[Function] = Counter()
        for inner in self._calls(function):
            for where, call in self._told(function, inner, 0):
                if where != function and (where, call.at) in seen:
                    continue
                seen.add((where, call.at))
                if where != function:
                    known = self._handed_on.setdefault(where, [])
                    if call.args in known:
                        continue
                    known.append(call.args)
                beside[where] += 1
                if beside[where] > MOST_BESIDE:
                    self.program.cut(where, _TOO_MANY)
                else:
                    yield where, call

    def _told(
        self, function: Function, call: ir.Call, depth: int
    ) -> Iterator[tuple[Function, ir.Call]]:
        """`call`, where it stands; of a function that hands it on for others, its callers'."""
        if depth == MOST_HOPS or not self._hands_on(function, call):
            yield function, call
            return
        for caller, outer in self._calling(function):
            yield from self._told(caller, _as_called(function, call, outer), depth + 1)

    def _hands_on(self, function: Function, call: ir.Call) -> bool:
        """`function` registers what its own caller gives it, its ops too, for whoever calls."""
        given = [call.args[n : n + 1] for n in (self.contract.object, self.contract.table)]
        names = function.parameters
        is_given = any(given) and all(
            isinstance(argument, ir.Name) and argument.id in names
            for arguments in given
            for argument in arguments
        )
        if not is_given or self._sets_table(function, call):
            return False
        return self._stands_beside(function) or self._serves_many(function, call)

    def _sets_table(self, function: Function, call: ir.Call) -> bool:
        """`function` gives what it registers its ops table, on every way to `call`.

        As by ``indio_dev->info = &core_info``, whoever calls.
        """
        flow = flow_of(self.program, function)
        stored = Members(self.program, self.contract).stored(function, call)
        stores = (flow.containing(told.value.at) for told in stored if told.function == function)
        target, several = flow.containing(call.at), {node.index for node in stores if node}
        return target is not None and bool(several) and flow.passes(several, target.index)

    def _stands_beside(self, function: Function) -> bool:
        """`function` is the core's own: the contract's is of the same file."""
        beside = self.program.resolve(self.contract.register, function.path)[:1]
        return any(function.path == one.path for one in beside)

    def _serves_many(self, function: Function, call: ir.Call) -> bool:
        """`function` is of no driver: several call it, elsewhere, and it sets nothing later on."""
        first = islice(self._calling(function), MOST_CALLERS)
        callers = {driver_of(caller.path) for caller, _ in first}
        if len(callers) < 2 or driver_of(function.path) in callers:
            return False
        return not any(
            node.at > call.at and isinstance(node.target, ir.Member)
            for node in self.program.body(function).assignments
        )

    def _calling(self, function: Function) -> Iterator[tuple[Function, ir.Call]]:
        """Who calls `function`, by name or by a macro of a header that does."""
        yield from self.callers.of(function)
        names = sorted(self._macros_calling(function.name, ".h"))
        self.callers.prepare(names)
        for name in names:
            for path in self.callers.files[name]:
                for caller in self.program.mentioning(path, name):
                    for call in self._within(caller, name, function.name):
                        yield caller, call

    def _calls(self, function: Function) -> list[ir.Call]:
        """The calls of the contract's function, without those for another kernel.

        Drivers for several kernels have one for each, under ``#if``; where no test of the version
        tells, the number of parameters does.
        """
        word = self.contract.register
        calls = list(calls_of(self.program, function, word))
        calls += [call for name in self._macros for call in self._within(function, name, word)]
        calls += [call for name in self._aliases for call in self._renamed(function, name)]
        calls += [
            call for inner in self._inner.values() for call in self._within_it(function, inner)
        ]
        here = self.program.resolve(word, function.path)[:1]
        fitting = [c for c in calls for f in here if len(c.args) == len(f.fact.params)]
        return fitting or calls

    @cached_property
    def _macros(self) -> dict[str, str]:
        """Macros that call the contract's function, and the file of each."""
        return self._macros_calling(self.contract.register)

    def _macros_calling(self, called: str, suffix: str = "") -> dict[str, str]:
        """Macros of files with the `suffix` that call the function `called`, and their files."""
        word = f"{called}("
        return {
            macro.name: path
            for path, macro in self._macros_of_paths()
            if path.endswith(suffix) and macro.params is not None
            if word in macro.body.replace(" ", "")
        }

    @cached_property
    def _aliases(self) -> dict[str, str]:
        """Other names of the contract's function, and the file of each.

        ``#define foo_register iommu_device_register`` stands beside what it is for old kernels.
        """
        return {
            macro.name: path
            for path, macro in self._macros_of_paths()
            if macro.params is None and macro.body == self.contract.register
        }

    @cached_property
    def _inner(self) -> dict[str, Inner]:
        """Functions that the contract's one merely calls, as drivers may."""
        return inner_functions(self.program, self.contract, self.paths)

    def _within_it(self, function: Function, inner: Inner) -> Iterator[ir.Call]:
        """The calls of `inner` by others than the contract's function, as calls of that."""
        seen = inner.is_seen_from(function.path)
        for call in calls_of(self.program, function, inner.name) if seen else ():
            yield inner.as_registration(self.contract.register, call)

    def _macros_of_paths(self) -> Iterator[tuple[str, MacroFact]]:
        """The macros of files that name the contract's function."""
        for path in self.paths:
            yield from ((path, macro) for macro in self.program.unit(path).macros)

    def _expanding(self) -> Iterator[str]:
        """Files that may use such a macro of a header, or an inner function."""
        known = {**self._macros, **self._aliases}
        inner = (one.name for one in self._inner.values() if not one.only_in)
        names = sorted({*(n for n, path in known.items() if path.endswith(".h")), *inner})
        self.callers.prepare(names)
        for name in names:
            yield from self.callers.files[name]

    def _within(self, function: Function, name: str, called: str) -> Iterator[ir.Call]:
        """The calls of the function `called` that those of the macro `name` amount to."""
        for call in calls_of(self.program, function, name):
            at = self.program, function.path, call
            expanded = macros.expanded(*at) or macros.with_rest(*at)
            for node in ir.walk(expanded) if expanded is not None else ():
                match node:
                    case ir.Call(callee=ir.Name(id=found)) if found == called:
                        yield node

    def _renamed(self, function: Function, name: str) -> Iterator[ir.Call]:
        """The calls of the contract's function by its other name `name`."""
        if self.program.defines(name, function.path):
            return
        for call in calls_of(self.program, function, name):
            callee = ir.Name(self.contract.register, call.at)
            yield msgspec.structs.replace(call, callee=callee)


def _is_null(call: ir.Call, place: int) -> bool:
    """The argument at `place` is there, and plainly NULL."""
    return any(
        isinstance(argument, ir.Const) and argument.is_zero
        for argument in call.args[place : place + 1]
    )


def _as_called(function: Function, call: ir.Call, outer: ir.Call) -> ir.Call:
    """What `call` in `function` is for the caller that calls it by `outer`."""
    given = function.given(outer)
    return ir.Call(call.callee, tuple(_given(given, one, outer.at) for one in call.args), outer.at)


def _given(given: Mapping[str, ir.Expr], argument: ir.Expr, at: int) -> ir.Expr:
    """`argument` as the caller has it; what the function makes of it itself is not known there."""
    match argument:
        case ir.Name(id=name) if name in given:
            return given[name]
        case ir.Const():
            return argument
    return ir.Opaque("", at)


def driver_of(path: str) -> str:
    """The object a file builds into, by its name: ``drivers/iommu/foo-iommu``."""
    return posixpath.splitext(path)[0]
