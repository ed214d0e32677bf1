# SPDX-License-Identifier: GPL-2.0-only
"""How far a way strays: into other drivers, or out of the core that runs drivers of every kind.

A driver that fills a table of some struct is served through its own.  A way to it that enters
what another driver has in a table of that struct is one that the types allow and no device takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname

from kscan.facts.unit import CType
from kscan.program.filled import slot_facts
from kscan.program.graph import Edge
from kscan.program.program import Function, Program

_CORE = ("drivers/base/", "drivers/of/", "include/", "init/", "kernel/", "lib/", "mm/")


@dataclass
class Detours:
    """Ranks ways to the functions `targets`: the less, the likelier one is taken."""

    program: Program
    targets: tuple[Function, ...]

    def of(self, way: tuple[Edge, ...]) -> tuple[int, int]:
        """How often `way` enters another driver, and how often what is not of the core."""
        return self._strangers(way), self._outsiders(way)

    def _strangers(self, way: tuple[Edge, ...]) -> int:
        return sum(
            edge.site.slot is not None
            and edge.site.slot.tag in self._tables
            and edge.callee.path not in self._files
            for edge in way
        )

    def _outsiders(self, way: tuple[Edge, ...]) -> int:
        ends = (*self._files, way[0].caller.path)
        near = (*_CORE, *(f"{dirname(path)}/" for path in ends))
        return sum(not edge.callee.path.startswith(near) for edge in way)

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(target.path for target in self.targets)

    @cached_property
    def _tables(self) -> frozenset[str]:
        """The structs of which the files of the targets fill a table."""
        facts = (fact for path in self._files for fact in slot_facts(self.program, path))
        names = (name for fact in facts for name in (fact.owner, fact.inner.partition("#")[0]))
        return frozenset(CType(name).tag for name in names) - {""}
