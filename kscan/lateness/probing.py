# SPDX-License-Identifier: GPL-2.0-only
"""The device that a driver's probe is about: which expressions, and which members, lead to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.places import Place
from kscan.flow.written import Write
from kscan.program.hooks import declaring
from kscan.program.program import Function, Program
from kscan.program.types import Scope, scope_of

_DEVICE = "device"
_NAMED = ("field", "global")
_HOPS = 4


@dataclass
class Probing:
    """One function of a probe; its parameters, and what is set from them, are the device."""

    program: Program
    function: Function
    _led: dict[tuple[str, int], bool] = field(default_factory=dict)
    """What is known of a variable, or of a member of a struct, this many hops away."""

    def leads_to_it(self, node: ir.Expr, hops: int = 0) -> bool:
        """`node` is the device being probed: a parameter, or something set from one."""
        if hops > _HOPS:
            return False
        match node:
            case ir.Unary(op="&", operand=inner) | ir.Cast(operand=inner):
                return self.leads_to_it(inner, hops)
            case ir.Member(object=inner, arrow=False, field="dev"):
                return self.leads_to_it(inner, hops)
            case ir.Member(object=inner, field="dev") if self.leads_to_it(inner, hops + 1):
                return True
            case ir.Member():
                tag = scope_of(self.program, self.function).tag_of(node.object)
                return self._one_leads(f"{tag}.{node.field}", self._stored(tag, node.field), hops)
            case ir.Name(id=name):
                values = assigned_in(self.program, self.function).values(name)
                return name in self.function.parameters or self._one_leads(name, values, hops)
            case ir.Call(args=(first, *_), callee=ir.Name(id=name)) if name.startswith("to_"):
                return self.leads_to_it(first, hops + 1)
        return False

    def _one_leads(self, name: str, values: Iterable[ir.Expr], hops: int) -> bool:
        """One of `values`, which `name` is set to, leads to it: many are set from one another."""
        key = (name, hops)
        if key not in self._led:
            self._led[key] = any(self.leads_to_it(value, hops + 1) for value in values)
        return self._led[key]

    def _stored(self, tag: str, name: str) -> Iterator[ir.Expr]:
        """``&pdev->dev`` for ``foo->dev`` after ``foo->dev = &pdev->dev``."""
        scope = scope_of(self.program, self.function)
        for node in self.program.body(self.function).assignments:
            target = node.target
            if not isinstance(target, ir.Member) or target.field != name:
                continue
            if scope.tag_of(target.object) == tag:
                yield node.value


def holding(program: Program, writes: tuple[Write, ...]) -> Iterator[Place]:
    """Members and globals that `writes` of a probe make point at its device: ``foo->dev``."""
    known: dict[Function, Probing] = {}
    for write in writes:
        if write.place.kind not in _NAMED or write.value is None or write.target is None:
            continue
        scope = scope_of(program, write.function)
        own = known.setdefault(write.function, Probing(program, write.function))
        if _points_at_device(scope, write.target) and own.leads_to_it(write.value):
            yield write.place


def _points_at_device(scope: Scope, node: ir.Expr) -> bool:
    """`node` is a pointer to a device, or to a bus's own struct around one."""
    kind = scope.type_of(node)
    return kind.ptr == 1 and _is_device(scope, scope.tag(kind))


def _is_device(scope: Scope, tag: str) -> bool:
    """The struct `tag` is a device, or a bus's own struct around one."""
    if tag == _DEVICE:
        return True
    inner = scope.program.field_type(tag, "dev", scope.function.path) if tag else None
    return inner is not None and not inner.ptr and scope.tag(inner) == _DEVICE


def is_of_device(program: Program, write: Write, belongs: Callable[[str], bool]) -> bool:
    """`write` is of a member that every device of the bus has, and not of the driver's own."""
    tag, path = write.place.owner, write.function.path
    if write.place.kind != "field" or not _is_device(scope_of(program, write.function), tag):
        return False
    home = declaring(program, tag, path)
    return home is None or not belongs(home)
