# SPDX-License-Identifier: GPL-2.0-only
"""Taking back, where the registration fails, what now comes before it: membership of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kscan.facts import ir
from kscan.facts.layout import Statement
from kscan.fixes.edits import Edits, Refused
from kscan.kernel.fixes import Undo, mending
from kscan.kernel.names import matches


@dataclass(frozen=True)
class Undoing:
    """Statements that go into the branch that handles a failed registration."""

    check: Statement
    statements: tuple[bytes, ...]

    def write(self, edits: Edits) -> None:
        """Puts the statements first in that branch, in braces."""
        indent = edits.indent(self.check.start)
        block = self.check.blocks[0]
        lines = b"".join(b"%s\t%s\n" % (indent, text) for text in self.statements)
        first = edits.line_start(block.statements[0].start)
        edits.insert(first, lines)
        if not block.braced:
            edits.insert(self.check.condition[1] + 1, b" {")
            edits.insert(edits.line_end(block.end - 1), indent + b"}\n")


def undoing(
    edits: Edits, calls: list[ir.Call], moved: Sequence[Statement], ways: tuple[Statement, ...]
) -> Undoing:
    """How `calls` in the `moved` are taken back on the way out among `ways`; raises `Refused`.

    There has to be one ``if`` for all failures.
    """
    leaving = [statement for statement in ways if statement.leaves]
    if len(leaving) != 1 or leaving[0].kind != "if" or len(leaving[0].blocks) != 1:
        raise Refused("the list has to be left again, and no single branch handles failure")
    check = leaving[0]
    inner = check.blocks[0].statements
    if not inner or edits.line_start(inner[0].start) == edits.line_start(check.start):
        raise Refused("the way out of a failed registration is written on one line")
    return Undoing(check, _taken_back(edits, calls, moved))


def _taken_back(
    edits: Edits, calls: list[ir.Call], statements: Sequence[Statement]
) -> tuple[bytes, ...]:
    """What undoes those of the `calls` that the `statements` make, whichever way they go."""
    undone: list[bytes] = []
    for statement in statements:
        own = [call for call in calls if statement.holds(call.at)]
        inner = [block for block in statement.blocks if any(block.holds(c.at) for c in own)]
        below = [call for call in own if any(block.holds(call.at) for block in inner)]
        undone += (_undo(edits, call) for call in own if call not in below)
        if not below:
            continue
        arms = [_taken_back(edits, below, block.statements) for block in statement.blocks]
        whole = len(arms) == {"if": 2, "compound": 1, "labeled": 1}.get(statement.kind)
        if not whole or any(set(arm) != set(arms[0]) for arm in arms):
            line = edits.source.count(b"\n", 0, below[0].at) + 1
            raise Refused(
                f"the list has to be left again, and line {line} joins it only on some ways"
            )
        undone += arms[0]
    return tuple(undone)


def _undo(edits: Edits, call: ir.Call) -> bytes:
    name = call.name
    entry: Undo | None = next((u for u in mending().undo if matches(u.does, name)), None)
    if entry is None:
        raise Refused(f"what undoes {name}() is not known")
    text = edits.source[call.at :]
    inside = text.partition(b"(")[2]
    node = inside.split(b",")[entry.node].strip()
    return b"%s(%s);" % (entry.undo.encode(), node)
