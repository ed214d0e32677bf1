# SPDX-License-Identifier: GPL-2.0-only
"""Functions that a contract's function merely calls: who calls one directly registers as well.

``foo_register(f, ops, dev)`` may be no more than ``return __foo_register(f, ops, dev,
THIS_MODULE)``, as a function or as a macro.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kscan.facts import ir
from kscan.kernel.contracts import Contract
from kscan.program import macros
from kscan.program.program import Program
from kscan.window.callers import is_private


@dataclass(frozen=True)
class Inner:
    """A function that the contract's one calls."""

    name: str
    params: tuple[str, ...]
    """Of the contract's function."""
    args: tuple[ir.Expr, ...]
    """What it hands on."""
    only_in: str = ""
    """The file that alone can call it, where one alone can."""

    def is_seen_from(self, path: str) -> bool:
        """A function of `path` may call it."""
        return self.only_in in ("", path)

    def as_registration(self, register: str, call: ir.Call) -> ir.Call:
        """What `call` of the inner function is as one of the contract's function `register`."""
        args = tuple(self._given(param, call) for param in self.params)
        return ir.Call(ir.Name(register, call.at), args, call.at)

    def _given(self, param: str, call: ir.Call) -> ir.Expr:
        pairs = zip(self.args, call.args, strict=False)
        known = (given for handed, given in pairs if _names(handed) & {*self.params} == {param})
        return next(known, ir.Opaque("", call.at))


def inner_functions(program: Program, contract: Contract, paths: Iterable[str]) -> dict[str, Inner]:
    """Those of the contract's function, as the files `paths` define that, by name."""
    found = {}
    for path in paths:
        for params, call in _called_alone(program, contract.register, path):
            if _hands_all_on(contract, params, call):
                known = program.resolve(call.name, path)
                only_in = path if any(map(is_private, known)) else ""
                if known:
                    found[call.name] = Inner(call.name, params, call.args, only_in)
    return found


def _called_alone(
    program: Program, name: str, path: str
) -> Iterator[tuple[tuple[str, ...], ir.Call]]:
    """The call that is all there is of `name` in `path`, and the parameters of that."""
    for function in program.named(path, name):
        match program.body(function).statements:
            case (ir.Return(value=ir.Call() as call),):
                yield function.parameters, call
    for macro in program.unit(path).macros:
        if macro.name == name and macro.params is not None:
            given = tuple(ir.Name(param, 0) for param in macro.params)
            inner = macros.expanded(program, path, ir.Call(ir.Name(name, 0), given, 0))
            if isinstance(inner, ir.Call):
                yield macro.params, inner


def _hands_all_on(contract: Contract, params: tuple[str, ...], call: ir.Call) -> bool:
    """`call` is handed what is published, and the table, as they are."""
    places = [n for n in (contract.object, contract.table) if n < len(params)]
    plain = {argument.id for argument in call.args if isinstance(argument, ir.Name)}
    return bool(places) and all(params[n] in plain for n in places)


def _names(node: ir.Expr) -> set[str]:
    return {inner.id for inner in ir.walk(node) if isinstance(inner, ir.Name)}
