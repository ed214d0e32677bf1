# SPDX-License-Identifier: GPL-2.0-only
"""Taking back, where the registration fails, what now comes before it: membership of a list."""

from __future__ import annotations

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


def undoing(edits: Edits, calls: list[ir.Call], ways: tuple[Statement, ...]) -> Undoing:
    """How `calls` are taken back on the way out among `ways`; raises `Refused`.

    There has to be one ``if`` for all failures.
    """
    leaving = [statement for statement in ways if statement.leaves]
    if len(leaving) != 1 or leaving[0].kind != "if" or len(leaving[0].blocks) != 1:
        raise Refused("the list has to be left again, and no single branch handles failure")
    check = leaving[0]
    inner = check.blocks[0].statements
    if not inner or edits.line_start(inner[0].start) == edits.line_start(check.start):
        raise Refused("the way out of a failed registration is written on one line")
    return Undoing(check, tuple(_undo(edits, call) for call in calls))


def _undo(edits: Edits, call: ir.Call) -> bytes:
    name = call.name
    entry: Undo | None = next((u for u in mending().undo if matches(u.does, name)), None)
    if entry is None:
        raise Refused(f"what undoes {name}() is not known")
    text = edits.source[call.at :]
    inside = text.partition(b"(")[2]
    node = inside.split(b",")[entry.node].strip()
    return b"%s(%s);" % (entry.undo.encode(), node)
