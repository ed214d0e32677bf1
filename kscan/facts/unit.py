# SPDX-License-Identifier: GPL-2.0-only
"""The facts of one blob: what its text says by itself, whatever file or commit holds it.

A unit never depends on another blob, so it is stored by git blob id. Offsets are bytes from
the start of the blob and are true of the original text, because the dialect keeps length.
"""

from __future__ import annotations

import msgspec


class CType(msgspec.Struct, frozen=True, array_like=True):
    """A declared type, reduced to what an ops table or a field access needs."""

    base: str
    """``struct device``, ``union x``, ``enum y``, a typedef's name or a primitive type."""
    ptr: int = 0
    """Pointer depth; an array counts one."""
    array: bool = False
    fn: bool = False
    """A function pointer: `base` and `ptr` are then what a call of it yields."""

    @property
    def tag(self) -> str:
        """The struct or union tag; empty for anything else."""
        kind, _, tag = self.base.partition(" ")
        return tag if kind in ("struct", "union") else ""


UNKNOWN = CType("")


class Field(msgspec.Struct, frozen=True, array_like=True):
    """One member of a struct; members of anonymous inner structs are its own."""

    name: str
    type: CType


class StructFact(msgspec.Struct, frozen=True, array_like=True):
    """A struct or union with its body."""

    tag: str
    fields: tuple[Field, ...]
    line: int


class FunctionFact(msgspec.Struct, frozen=True, array_like=True):
    """A function definition or, with `end` 0, a prototype."""

    name: str
    line: int
    start: int
    """Byte offset of the first specifier."""
    end: int
    params: tuple[Field, ...]
    result: CType
    static: bool = False
    inline: bool = False
    init: bool = False
    """Marked ``__init``: runs at boot or module load only (include/linux/init.h)."""
    broken: bool = False
    """A parse error stands inside."""


class GlobalFact(msgspec.Struct, frozen=True, array_like=True):
    """An object declared at file scope, or a static local."""

    name: str
    type: CType
    line: int
    static: bool = False
    extern: bool = False
    initialised: bool = False
    """Has an initialiser that is not plainly zero."""
    negative: bool = False
    """That is a number below zero, which says that it is not set yet: ``= -1``, ``= -EINVAL``."""


class SlotFact(msgspec.Struct, frozen=True, array_like=True):
    """A table entry: `owner` of `variable`, below `fields`, holds `values`."""

    owner: str
    """Type of the outermost initialiser or of the assignment's object, as `CType.base`."""
    variable: str
    """The table's name; empty for an anonymous compound literal."""
    fields: tuple[str, ...]
    values: tuple[str, ...]
    """Identifiers the entry may hold; more than one when the C chooses."""
    line: int
    inner: str = ""
    """Type of the nearest compound literal around the entry, and how many of `fields` are in it."""


class InvocationFact(msgspec.Struct, frozen=True, array_like=True):
    """A macro in an initialiser, and where: what it puts there is said by whoever defines it."""

    owner: str
    """As that of an entry beside it; so are `variable` and `inner`."""
    variable: str
    fields: tuple[str, ...]
    """The members that lead to it; empty for one that stands in the table itself."""
    macro: str
    arguments: tuple[str, ...] | None
    """Their texts; None for a macro that takes no argument list."""
    line: int
    inner: str = ""
    whole: bool = False
    """It is all that the member or object is initialised with; else it stands for entries."""


class MacroFact(msgspec.Struct, frozen=True, array_like=True):
    """A ``#define``; `params` is None when it takes no argument list."""

    name: str
    params: tuple[str, ...] | None
    body: str
    line: int


class TypedefFact(msgspec.Struct, frozen=True, array_like=True):
    """A typedef of a struct, a pointer or a scalar."""

    name: str
    type: CType


class CallFact(msgspec.Struct, frozen=True, array_like=True):
    """A macro or function call at file scope: ``module_platform_driver(foo)``."""

    name: str
    arguments: tuple[str, ...]
    line: int


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """All facts of one blob."""

    functions: tuple[FunctionFact, ...] = ()
    prototypes: tuple[FunctionFact, ...] = ()
    structs: tuple[StructFact, ...] = ()
    globals: tuple[GlobalFact, ...] = ()
    slots: tuple[SlotFact, ...] = ()
    macros: tuple[MacroFact, ...] = ()
    typedefs: tuple[TypedefFact, ...] = ()
    includes: tuple[str, ...] = ()
    toplevel: tuple[CallFact, ...] = ()
    invocations: tuple[InvocationFact, ...] = ()
