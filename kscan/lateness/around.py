# SPDX-License-Identifier: GPL-2.0-only
"""The writes around one call: which may be late, which count as early, whose object they are of."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from kscan.facts import ir
from kscan.flow.cfg import Cfg, Node
from kscan.flow.paths import addressed, embedding, is_whole, root_name
from kscan.flow.places import DRVDATA
from kscan.flow.sequence import following
from kscan.flow.setting import sets
from kscan.flow.writes import Writes
from kscan.flow.written import Write
from kscan.lateness.probing import Probing
from kscan.program.program import Function, Program
from kscan.program.types import scope_of
from kscan.window.drivers import bus_tag

_HOPS = 3


@dataclass
class Around:
    """The writes around one call in `function`, told apart by whose object they touch."""

    program: Program
    writes: Writes
    function: Function
    call: ir.Call
    _set_in: dict[str, frozenset[int]] = field(default_factory=dict)

    def at(self, node: Node) -> Iterator[Write]:
        """What one node of the control flow writes."""
        yield from self.writes.of_node(self.function, node)

    def after(self, cfg: Cfg, node: Node, visited: Set[int]) -> Iterator[Write]:
        """What the nodes `visited` from that of the call on write."""
        before = cfg.reaching(node.index)
        for index in sorted(visited - {node.index}):
            for write in self.at(cfg.nodes[index]):
                if index not in before or not self.is_of_another(cfg, node.index, index, write):
                    yield write

    def told_before(self, cfg: Cfg, node: Node) -> Iterator[Write]:
        """What is written by something that is told, on the way to the call, to run later.

        The probe of a driver has run for the devices that are there.
        """
        for index in sorted(cfg.reaching(node.index)):
            for write in self.at(cfg.nodes[index]):
                if write.is_later and not any(frame.for_devices for frame in write.frames):
                    yield write

    def of_result(self, node: Node) -> Iterator[Write]:
        """What the statement of the call stores of its result: ``foo->bar = bar_register(foo)``."""
        function = self.function
        direct = (w for expr in node.expressions() for w in self.writes.directly(function, expr))
        if any(map(self._is_result, direct)):
            yield from filter(self._is_result, self.at(node))

    def beside(self, node: Node, holds: bool | None) -> Iterator[Write]:
        """What runs after the call in one statement with it: ``foo_register(i) ?: foo_late(i)``."""
        for expr in node.expressions():
            for part in following(expr, self.call, holds=holds):
                yield from (w for w in self.writes.within(self.function, part) if not w.off)

    def _is_result(self, write: Write) -> bool:
        """The function itself stores what the call yields."""
        value = write.value if not write.frames else None
        return value is not None and any(part == self.call for part in ir.walk(value))

    def is_of_another(self, cfg: Cfg, start: int, index: int, write: Write) -> bool:
        """What leads to the object of `write`, in a loop around the call, is set anew before that.

        So it is with several objects, or elements, each registered once it is complete.
        """
        if write.place.kind == "global" or write.base is None:
            return False
        leading = [write.base, *write.indices]
        names = {n.id for node in leading for n in ir.walk(node) if isinstance(n, ir.Name)}
        return any(
            setting and cfg.passes_between(start, setting, index)
            for setting in (self._setting(cfg, name) for name in names)
        )

    def _setting(self, cfg: Cfg, name: str) -> frozenset[int]:
        """The nodes that set the variable `name`."""
        if name not in self._set_in:
            self._set_in[name] = frozenset(n.index for n in cfg.nodes if sets(n, name))
        return self._set_in[name]

    def early(self, node: Node) -> Iterator[Write]:
        """What one node writes that counts where it comes before the call."""
        return filter(self._counts_early, self.at(node))

    def counts_late(self, write: Write) -> bool:
        """A late write that could matter: of an object that existed, to something not zero."""
        if (write.partial and not write.element) or write.is_zero or write.place.kind == "whole":
            return False
        if write.frames and write.frames[0].callee.name == self.call.name:
            return False  # this call writes it as well, of its own object
        if write.place.is_of_device:
            return self._is_of_probing(write)
        if write.place.kind == "global" or self._is_global_object(write):
            return True
        if write.place.kind == "membership":
            return True
        if write.base is None or self._is_on_stack(write.base):
            return False
        return not self._made_later(root_name(write.base))

    def _is_on_stack(self, base: ir.Expr) -> bool:
        """`base` is a local struct of this function, or lies in one: no callback comes to it."""
        scope = scope_of(self.program, self.function)
        if not isinstance(base, ir.Unary) and scope.type_of(base).ptr:
            return False
        outer, _ = embedding(addressed(base))
        return (
            isinstance(outer, ir.Name) and scope.is_automatic(outer.id) and scope.is_struct(outer)
        )

    def _is_global_object(self, write: Write) -> bool:
        """A lock or list of the file itself is made ready, no member of an instance."""
        scope = scope_of(self.program, write.function)
        return is_whole(write.target) and not scope.is_local(root_name(write.target))

    def _counts_early(self, write: Write) -> bool:
        """An early write of what a device has counts only for the probing one."""
        if write.place.is_of_device:
            return self._is_of_probing(write)
        return True

    def bus_of(self, write: Write) -> str:
        """The bus's struct of the device whose driver data it sets; empty where none is known."""
        if write.place != DRVDATA:
            return ""
        return bus_tag(self.program, write.function, write.at)

    def _made_later(self, root: str, hops: int = 0) -> bool:
        """The object's variable is first assigned after the registration.

        And to nothing that a variable leads to which is not: ``bank = &foo->banks[i];``.
        """
        if not root or root in self.function.parameters or hops > _HOPS:
            return False
        body = self.program.body(self.function)
        assigned = [
            node
            for node in body.assignments
            if isinstance(node.target, ir.Name) and node.target.id == root
        ]
        declared = [d for d in ir.declarations(body.statements) if d.name == root]
        if any(d.value is not None or not d.type.ptr for d in declared):
            return False
        if not assigned or min(node.at for node in assigned) <= self.call.at:
            return False
        leading = {root_name(node.value) for node in assigned} - {root, ""}
        return all(self._made_later(name, hops + 1) for name in leading)

    def _is_of_probing(self, write: Write) -> bool:
        """What is written is that of the device being probed."""
        own = Probing(self.program, self.function)
        return write.base is not None and own.leads_to_it(write.base)
