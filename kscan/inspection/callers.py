# SPDX-License-Identifier: GPL-2.0-only
"""``kscan callers``: who calls a function, by name, through a table, or by handing it over.

A word search finds the files that name it; those are parsed. A function that fills a slot is
called by those who call through the slot, whatever table they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from kscan.facts import ir
from kscan.inspection.inspection import Document, Inspection, limits_text
from kscan.inspection.naming import Call, Filled, Naming, calls_through
from kscan.model import Confidence
from kscan.program.calls import EdgeKind
from kscan.program.filled import holding
from kscan.program.program import Function
from kscan.wording import rows_printable

_SHOWN = 40
_ORDER = (EdgeKind.DIRECT, EdgeKind.ARGUMENT, EdgeKind.SLOT, EdgeKind.ASSUMED)


def callers(inspection: Inspection, asked: str) -> Document:
    """The document ``kscan/callers/1`` on ``NAME`` or ``PATH:NAME``; raises `KscanError`."""
    targets = inspection.functions(asked)
    naming = Naming(inspection, targets)
    filled = list(naming.filled())
    slots = sorted({entry.slot for entry in filled}, key=str)
    calls = _in_order(dict.fromkeys(chain(naming.calls(), calls_through(inspection, slots))))
    return {
        **inspection.heading("callers"),
        "asked": targets[0].name,
        "definitions": [inspection.place(target) for target in targets],
        "callers": [_row(inspection, call) for call in calls],
        "tables": [_table(entry) for entry in filled],
        "named": list(_at_file_scope(naming)),
        "macros": sorted(naming.macros),
        "unresolved": list(_mentions(naming, calls)),
        **inspection.limits(),
    }


def _in_order(calls: dict[Call, None]) -> list[Call]:
    def key(call: Call) -> tuple[object, ...]:
        site = call.site
        return (_ORDER.index(site.kind), -site.confidence.rank, call.caller.path, site.at)

    return sorted(calls, key=key)


def _row(inspection: Inspection, call: Call) -> Document:
    reader = inspection.program.reader
    line, column = reader.position(call.caller.path, call.site.at)
    return {
        "kind": call.site.kind.value,
        "function": call.caller.name,
        "path": call.caller.path,
        "line": line,
        "column": column,
        "slot": str(call.site.slot) if call.site.slot else None,
        "macro": call.through or None,
        "confidence": call.site.confidence.value,
        "source": reader.source_line(call.caller.path, line),
    }


def _table(entry: Filled) -> Document:
    return {
        "slot": str(entry.slot),
        "table": entry.fact.variable or None,
        "path": entry.path,
        "line": entry.fact.line,
    }


def _at_file_scope(naming: Naming) -> Iterator[Document]:
    """File-scope macros that the function is an argument of: ``module_init(f)``."""
    for path in naming.files:
        for call in naming.inspection.program.unit(path).toplevel:
            if any(naming.meant(name, path) for name in call.arguments):
                yield {"macro": call.name, "path": path, "line": call.line}


def _mentions(naming: Naming, calls: list[Call]) -> Iterator[Document]:
    """Functions that name it in a way that is no call: compared, stored, not understood."""
    known = {call.caller for call in calls} | set(naming.targets)
    program = naming.inspection.program
    name = naming.targets[0].name
    for path in naming.files:
        if naming.meant(name, path) is None:
            continue
        tables = {fact.line for fact in holding(program, path, name)}
        for caller in program.functions_in(path):
            if caller in known or not program.mentions(caller, name):
                continue
            for line in _lines(naming.inspection, caller, name):
                if line not in tables:
                    why = "a parse error stands in it" if caller.fact.broken else "not a call"
                    yield {**naming.inspection.place(caller), "line": line, "why": why}


def _lines(inspection: Inspection, caller: Function, name: str) -> Iterator[int]:
    """Lines of `caller` on which `name` stands as an identifier of its body."""
    program = inspection.program
    for node in program.body(caller).nodes:
        if isinstance(node, ir.Name) and node.id == name:
            yield program.reader.position(caller.path, node.at)[0]


def as_text(document: Document, *, whole: bool = False) -> str:
    """`document` for a terminal: a line a call, cut with a count unless `whole`."""
    rows = _heading(document)
    found = document["callers"]
    shown = found if whole else found[:_SHOWN]
    rows += [_call_text(row) for row in shown]
    if len(found) > len(shown):
        rows.append(f"  and {len(found) - len(shown)} more: --all lists them")
    if not found:
        rows.append("  nobody, by name or through a table that kscan sees")
    rows += [
        f"fills {t['slot']} of {t['table'] or 'a nameless table'} ({t['path']}:{t['line']})"
        for t in document["tables"]
    ]
    rows += [f"named by {n['macro']}() at {n['path']}:{n['line']}" for n in document["named"]]
    if document["macros"]:
        rows.append(f"named by macros: {', '.join(document['macros'])}")
    rows += [
        f"not resolved: {u['path']}:{u['line']}: {u['function']}() names it: {u['why']}"
        for u in document["unresolved"]
    ]
    return rows_printable([*rows, *limits_text(document)])


def _heading(document: Document) -> list[str]:
    """The definitions, and that the calls below them are those of all."""
    places = [f"{d['path']}:{d['line']}: {d['function']}()" for d in document["definitions"]]
    if len(places) == 1:
        return [f"{places[0]} is called by:"]
    alone = f"PATH:{document['asked']} asks for one alone"
    return [*places, f"these {len(places)} are called by ({alone}):"]


def _call_text(row: Document) -> str:
    how = row["slot"] or row["kind"] if row["kind"] != EdgeKind.DIRECT.value else ""
    label = f" -[{how}]->" if how else " ->"
    through = f" through {row['macro']}()" if row["macro"] else ""
    doubt = "" if row["confidence"] == Confidence.HIGH.value else f" ({row['confidence']})"
    return f"  {row['path']}:{row['line']}: {row['function']}{label}{through}{doubt}"
