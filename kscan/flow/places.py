# SPDX-License-Identifier: GPL-2.0-only
"""Places: what the two sides of a registration both name, and which of them an expression is."""

from __future__ import annotations

from dataclasses import dataclass

from kscan.facts import ir
from kscan.kernel.functions import Functions
from kscan.program.types import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """What both sides name: a global, a field of a struct, driver data, a list, a lock.

    `kind` is one of ``global``, ``field``, ``driver data``, ``runtime PM``, ``list`` and the kinds
    of the catalogue's initialisers; `owner` is the struct's tag, or the file of a static global.
    """

    kind: str
    owner: str
    name: str

    @property
    def spelled(self) -> str:
        """As a reader writes it: ``dma_dev``, ``foo_iommu.hw_list``, ``driver data``."""
        if self.is_of_device:
            return self.kind
        if self.owner and "/" not in self.owner:
            return f"{self.owner}.{self.name}"
        return self.name

    @property
    def key(self) -> str:
        """What a state calls it."""
        return f"{self.kind}\0{self.owner}\0{self.name}"

    @property
    def is_of_device(self) -> bool:
        """Every device has one, and it has no other name: driver data, runtime PM."""
        return self in (DRVDATA, RUNTIME_PM)


def is_place(key: str) -> bool:
    """A state knows a place by `key`, and no local variable."""
    return "\0" in key


DRVDATA = Place("driver data", "", "")
RUNTIME_PM = Place("runtime PM", "", "")
"""That a device may be resumed at run time."""
REGISTERS = Place("registers", "", "")
"""All that an access to a register needs."""


def place_of(scope: Scope, functions: Functions, node: ir.Expr) -> Place | None:
    """The place that the lvalue `node` names; None for locals and what has no name."""
    match node:
        case ir.Name(id=name):
            return global_place(scope, name)
        case ir.Member(object=inner, field=name):
            tag = scope.tag_of(inner)
            if f"{tag}.{name}" in functions.drvdata.fields:
                return DRVDATA
            return Place("field", tag, name)
        case ir.Index(object=inner) | ir.Cast(operand=inner):
            return place_of(scope, functions, inner)
        case ir.Unary(op="&", operand=inner):
            return place_of(scope, functions, inner)
    return None


def global_place(scope: Scope, name: str) -> Place | None:
    """The place of the global `name`; None for a local, a function or an unknown name."""
    if scope.is_local(name):
        if name not in scope.statics:
            return None
        return Place("global", f"{scope.function.path}:{scope.function.name}", name)
    program, path = scope.program, scope.function.path
    own = program.own_variable(name, path)
    if own is not None:
        return Place("global", path if own.static else "", name)
    return Place("global", "", name) if program.variable(name, path) is not None else None


def ready_place(place: Place, kind: str) -> Place:
    """The readiness of the object at `place`: its lock, list or work is initialised."""
    return Place(kind, place.owner, place.name)


def whole(tag: str) -> Place:
    """Every member of an object of the struct `tag`, as ``*foo = template`` sets them."""
    return Place("whole", tag, "")


def membership(place: Place) -> Place:
    """Being on the list whose head is at `place`."""
    return Place("membership", place.owner, place.name)


def field_named(spelled: str) -> Place:
    """The place of the member that the catalogue spells ``struct.member``."""
    tag, _, name = spelled.partition(".")
    return Place("field", tag, name)
