# SPDX-License-Identifier: GPL-2.0-only
"""A window laid open: each slot with its way, each registration with its callbacks."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from kscan.hazards.case import Case
from kscan.hazards.evidence import Evidence
from kscan.model import TreeInfo
from kscan.program.calls import EdgeKind, Slot

WIDTH = 100
"""Columns when the terminal's width is not known."""

_FURTHER = 4
_LEAST_ROOM = 40
_GAP = "   "
_WIDEST = 40
_TIE = "\xa0"
_ASSUMED = f",{_TIE}assumed"


def listed(case: Case, tree: TreeInfo) -> dict[str, Any]:
    """The document ``kscan/window/1``: JSON-able, in a fixed order."""
    window = case.window
    evidence = Evidence(case.program, window)
    return {
        "schema": "kscan/window/1",
        "tree": {
            "name": tree.name, "kernel_version": tree.kernel_version, "commit": tree.commit,
            "scenario": tree.scenario, "note": tree.scenario_note,
        },
        "api": case.contract.register,
        "contract": case.contract.name,
        "window": case.contract.window,
        "slots": [_slot(case, slot) for slot in window.slots],
        "registrations": [
            {
                "api": case.contract.register,
                "function": registration.function.name,
                "path": registration.function.path,
                "line": evidence.location(registration.function, registration.at).line,
                "tables": [table.variable for table in registration.tables],
                "functions": [handed.function.name for handed in registration.functions],
                "gated": registration.gated,
                "gate_open": window.gate_is_open(registration),
                "callbacks": [
                    {
                        "slot": str(callback.slot), "function": callback.function.name,
                        "path": callback.function.path, "line": callback.function.line,
                    }
                    for callback in window.callbacks(registration)
                ],
            }
            for registration in case.registrations
        ],
        "complete": window.reach.complete,
        "unresolved": sorted(name for name in window.reach.unresolved if not name.isupper()),
    }  # fmt: skip


def _slot(case: Case, slot: Slot) -> dict[str, Any]:
    reach = case.window.reach
    call = case.window.call_of(slot)
    assert call is not None
    evidence = Evidence(case.program, case.window)
    steps: list[dict[str, Any]] = []
    for edge in reach.way(call.caller):
        place = evidence.location(edge.caller, edge.site.at)
        steps.append({
            "from": edge.caller.name, "to": edge.callee.name, "kind": edge.site.kind.value,
            "slot": str(edge.site.slot) if edge.site.slot else None,
            "path": place.path, "line": place.line, "confidence": edge.site.confidence.value,
        })  # fmt: skip
    place = evidence.location(call.caller, call.site.at)
    kind = call.site.kind if call.site.kind is EdgeKind.ASSUMED else EdgeKind.SLOT
    return {
        "slot": str(slot),
        "kind": kind.value,
        "called_in": call.caller.name,
        "path": place.path,
        "line": place.line,
        "confidence": call.site.confidence.value,
        "way": steps,
    }


def rendered(listing: dict[str, Any], columns: int = WIDTH) -> str:
    """The same as text of about `columns` columns."""
    tree, api = listing["tree"], listing["api"]
    rows = [tree["note"]] if tree["note"] else []
    rows.append(f"{tree['name']} (Linux {tree['kernel_version'] or 'unknown'}, {tree['scenario']})")
    rows.append("")
    if listing["window"] == "open":
        rows.append(f"callbacks may run from {api}() on")
    else:
        rows.append(f"slots called inside {api}():")
    rows += [row for slot in listing["slots"] for row in _slot_rows(api, slot)]
    rows.append("")
    rows += _registration_rows(listing["registrations"])
    if not listing["registrations"]:
        rows.append(f"nobody calls {api}() here")
    if not listing["complete"]:
        rows.append("the walk gave up: more functions are reachable than it visits")
    if listing["unresolved"]:
        names = listing["unresolved"]
        rows.append(f"not resolved: {len(names)} names, such as {', '.join(names[:8])}")
    return "\n".join(part for row in rows for part in _wrapped(row, columns))


def _slot_rows(api: str, slot: dict[str, Any]) -> list[str]:
    doubt = "" if slot["confidence"] == "high" else f" ({slot['confidence']})"
    where = f"{slot['path']}:{slot['line']}"
    return [
        f"  {slot['slot']}   called in {slot['called_in']} ({where}){doubt}",
        f"      {_way(api, slot)}",
    ]


def _registration_rows(registrations: list[dict[str, Any]]) -> list[str]:
    slots = [callback["slot"] for each in registrations for callback in each["callbacks"]]
    longest = min(max(map(len, slots), default=0), _WIDEST)
    return [row for registration in registrations for row in _rows(registration, longest)]


def _rows(registration: dict[str, Any], longest: int) -> list[str]:
    names = [*registration["tables"], *registration["functions"]]
    published = ", ".join(names) or "nothing that is known"
    state = "" if registration["gate_open"] else "; gate shut: its callbacks cannot run"
    where = f"{registration['path']}:{registration['line']}"
    rows = [f"{where}: {registration['function']}() registers {published}{state}"]
    for callback in registration["callbacks"]:
        where = f"{callback['path']}:{callback['line']}"
        rows.append(f"    {callback['slot']:{longest}}   {callback['function']} ({where})")
    return rows


def _way(api: str, slot: dict[str, Any]) -> str:
    parts = [api]
    for step in slot["way"]:
        label = step["slot"] if step["kind"] in ("slot", "assumed") else step["kind"]
        assumed = _ASSUMED if step["kind"] == "assumed" else ""
        label = f"{label or 'call'}{assumed}"
        arrow = "->" if step["kind"] == "direct" else f"-[{label}]->"
        parts.append(f"{arrow} {step['to']}")
    assumed = _ASSUMED if slot["kind"] == "assumed" else ""
    parts.append(f"-[{slot['slot']}{assumed}]->")
    return " ".join(parts)


def _wrapped(row: str, columns: int) -> list[str]:
    """`row` broken at spaces: the rest stands below its second column, or further in.

    A name is not broken, nor is the label of an arrow.
    """
    indent = len(row) - len(row.lstrip())
    first, gap, _ = row.rpartition(_GAP)
    is_beside = bool(first.strip()) and columns - len(first + gap) >= _LEAST_ROOM
    hang = len(first + gap) if is_beside else indent + _FURTHER
    parts = wrap(
        _printable(row), columns, subsequent_indent=" " * hang,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [part.replace(_TIE, " ") for part in parts] or [""]


def _printable(text: str) -> str:
    """`text` without what a terminal would obey: a tree's strings are not to be trusted."""
    return "".join(c if c.isprintable() or c == _TIE else "?" for c in text)
