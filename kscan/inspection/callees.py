# SPDX-License-Identifier: GPL-2.0-only
"""``kscan callees``: where control may pass from a function: names, slots, functions handed over.

A slot is resolved to the functions that tables put there; the files with such tables are found
by a search for the struct's tag.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kscan.inspection.inspection import Document, Inspection, limits_text
from kscan.model import Confidence
from kscan.program.calls import CallSite, EdgeKind, Slot, call_sites
from kscan.program.program import Function
from kscan.program.tables import Tables
from kscan.wording import counted, rows_printable

_SHOWN = 6


@dataclass
class Fillings:
    """Who fills the slots asked about: tables in the files that name a slot's struct."""

    inspection: Inspection
    tables: Tables

    @classmethod
    def of(cls, inspection: Inspection, slots: Iterable[Slot]) -> Fillings:
        """The tables for `slots`, found in one search of the tree."""
        wanted = set(slots)
        tags = {slot.tag for slot in wanted if slot.tag}
        fields = {slot.field.encode() for slot in wanted if slot.tag}
        naming = [
            path
            for path in inspection.files_with(tags)
            if any(word in (text := inspection.text(path)) for word in fields) and text
        ]
        return cls(inspection, Tables(inspection.program, tuple(inspection.loaded(naming))))

    def of_slot(self, slot: Slot) -> dict[Function, Confidence]:
        """The functions that fill `slot`, and how surely; none where its struct is not known."""
        if not slot.tag:
            return {}
        found: dict[Function, Confidence] = {}
        for entry in self.tables.implementers(slot):
            known = found.get(entry.function, entry.confidence)
            found[entry.function] = max(known, entry.confidence, key=lambda c: c.rank)
        return dict(sorted(found.items(), key=lambda pair: (pair[0].path, pair[0].name)))


def callees(inspection: Inspection, asked: str) -> Document:
    """The document ``kscan/callees/1`` on ``NAME`` or ``PATH:NAME``; raises `KscanError`."""
    found = inspection.functions(asked)
    sites = {function: call_sites(inspection.program, function) for function in found}
    slots = {site.slot for several in sites.values() for site in several if site.slot is not None}
    fillings = Fillings.of(inspection, slots)
    return {
        **inspection.heading("callees"),
        "asked": found[0].name,
        "functions": [
            {
                **inspection.place(function),
                "broken": function.fact.broken,
                "callees": [_row(inspection, fillings, function, site) for site in sites[function]],
            }
            for function in found
        ],
        **inspection.limits(),
    }


def _row(inspection: Inspection, fillings: Fillings, caller: Function, site: CallSite) -> Document:
    reader = inspection.program.reader
    line, column = reader.position(caller.path, site.at)
    return {
        "kind": site.kind.value,
        "name": site.name,
        "slot": str(site.slot) if site.slot else None,
        "line": line,
        "column": column,
        "confidence": site.confidence.value,
        "targets": [
            {**inspection.place(target), "confidence": sure.value}
            for target, sure in _targets(inspection, fillings, caller, site).items()
        ],
        "macro": _is_macro(inspection, caller, site),
        "stop": inspection.catalogue.stop_reason(site.name) or None,
        "source": reader.source_line(caller.path, line),
    }


def _targets(
    inspection: Inspection, fillings: Fillings, caller: Function, site: CallSite
) -> dict[Function, Confidence]:
    if site.slot is not None:
        return fillings.of_slot(site.slot)
    found = inspection.program.resolve(site.name, caller.path)
    return dict.fromkeys(found, Confidence.HIGH if len(found) == 1 else Confidence.MEDIUM)


def _is_macro(inspection: Inspection, caller: Function, site: CallSite) -> bool:
    return site.slot is None and inspection.program.macro(site.name, caller.path) is not None


def as_text(document: Document, *, whole: bool = False) -> str:
    """`document` for a terminal: a line a way out, implementers cut with a count unless `whole`."""
    rows: list[str] = []
    for function in document["functions"]:
        rows.append(f"{function['path']}:{function['line']}: {function['function']}() calls:")
        entered = [row for row in function["callees"] if not (row["stop"] or row["macro"])]
        rows += [row for found in entered for row in _row_text(found, whole)]
        if not entered:
            rows.append("  nothing that a walk enters")
        rows += _left_out(function)
        if function["broken"]:
            rows.append("not resolved: a parse error stands in it: calls may be missing")
        rows += _unresolved(function)
    return rows_printable([*rows, *limits_text(document)])


def _row_text(found: Document, whole: bool) -> list[str]:
    targets = [_target_text(target) for target in found["targets"]]
    doubt = "" if found["confidence"] == Confidence.HIGH.value else f" ({found['confidence']})"
    if found["slot"]:
        shown = targets if whole else targets[:_SHOWN]
        more = len(targets) - len(shown)
        head = (
            f"  {found['line']:>6}  -[{found['slot']}]->{doubt} {counted(len(targets), 'function')}"
        )
        rows = [head, *(f"              {target}" for target in shown)]
        return [*rows, f"              and {more} more: --all lists them"] if more else rows
    arrow = "->" if found["kind"] == EdgeKind.DIRECT.value else f"-[{found['kind']}]->"
    return [f"  {found['line']:>6}  {arrow} {', '.join(targets) or found['name']}{doubt}"]


def _target_text(target: Document) -> str:
    doubt = "" if target.get("confidence", "high") == "high" else ", by the field's name only"
    return f"{target['function']} ({target['path']}:{target['line']}{doubt})"


def _left_out(function: Document) -> list[str]:
    """Names that are macros, and names a walk does not enter, by reason."""
    macros = sorted({row["name"] for row in function["callees"] if row["macro"]})
    reasons: dict[str, set[str]] = {}
    for row in function["callees"]:
        if row["stop"] and not row["macro"]:
            reasons.setdefault(row["stop"], set()).add(row["name"])
    rows = [f"  macros: {', '.join(macros)}"] if macros else []
    return rows + [
        f"  not entered, {reason}: {', '.join(sorted(names))}"
        for reason, names in sorted(reasons.items())
    ]


def _unresolved(function: Document) -> list[str]:
    rows = [row for row in function["callees"] if not row["targets"] and not row["macro"]]
    names = sorted({row["name"] for row in rows if row["slot"] is None})
    slots = sorted({row["slot"] for row in rows if row["slot"] is not None})
    told = []
    if names:
        told.append(f"not resolved: no definition of {', '.join(names)}")
    if slots:
        told.append(f"not resolved: nobody seen to fill {', '.join(slots)}")
    return told
