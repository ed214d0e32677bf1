# SPDX-License-Identifier: GPL-2.0-only
"""Two objects of one driver's struct that are both registered: what hangs off the other one.

foo_register(&priv->rx);        its callbacks are handed what rx leads to
priv->tx.ports[0].owner = priv;
foo_register(&priv->tx);
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kscan.facts import ir
from kscan.flow.assigned import assigned_in
from kscan.flow.embedded import holders
from kscan.flow.paths import spelled
from kscan.flow.written import Write
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.registrations import Registration

_HOPS = 3


@dataclass(frozen=True)
class Siblings:
    """The objects beside the one that is registered: of the same struct, in the same struct."""

    program: Program
    registration: Registration

    @cached_property
    def _registered(self) -> tuple[str, str, str]:
        """The struct of what is registered, the struct around it, and the member: or nothing."""
        scope, at = scope_of(self.program, self.registration.function), self.registration
        for node in at.call.args[at.contract.object : at.contract.object + 1]:
            for around, name in holders(scope, node)[:1]:
                return scope.tag_of(node), around, name
        return "", "", ""

    def have(self, write: Write) -> bool:
        """What is written belongs to such an object."""
        tag, _, _ = self._registered
        first = write.frames[0].caller if write.frames else write.function
        seen = ((first, write.base), (write.function, write.target))
        return bool(tag) and any(
            self._is_one(where, part)
            for where, node in seen
            for part in (self._leading(where, node, write.at, 0) if node is not None else ())
        )

    def _is_one(self, function: Function, node: ir.Expr) -> bool:
        scope, (tag, around, name) = scope_of(self.program, function), self._registered
        if not isinstance(node, ir.Member) or node.field == name:
            return False
        return (scope.tag_of(node), scope.tag_of(node.object)) == (tag, around) and not (
            scope.type_of(node).ptr
        )

    def _leading(self, function: Function, node: ir.Expr, at: int, hops: int) -> Iterator[ir.Expr]:
        """The parts of `node`, and of what `function` has set them to when it comes to `at`."""
        stored = assigned_in(self.program, function)
        for part in ir.walk(node):
            yield part
            known = stored.before(spelled(part), at) if hops < _HOPS else None
            if known is not None:
                yield from self._leading(function, known.value, known.at, hops + 1)
