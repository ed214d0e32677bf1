# SPDX-License-Identifier: GPL-2.0-only
"""What of the registrations of one contract nobody looked at, and what was assumed of the tree."""

from __future__ import annotations

from collections.abc import Iterator

from kscan.facts import ir
from kscan.hazards.case import Case
from kscan.model import Skip
from kscan.program.program import Function
from kscan.program.tables import foreign_members, table_entries, unread_macros
from kscan.window.callers import LEVELS, MOST_CALLERS, MOST_FILES, calls_of
from kscan.window.leading import leading_fields
from kscan.window.published import Published, Publishing
from kscan.window.registrations import Registration
from kscan.window.window import Window

_EMPTY = "has no entry that is known: a macro or code at run time may fill it"


def unseen(case: Case) -> Iterator[Skip]:
    """Registrations whose callbacks, or some of them, nobody looked at."""
    for one in case.registrations:
        if not one.published:
            why = f"{one.function.name}(): {_unknown(case)}, nothing is looked at"
            yield Skip(one.function.path, why)
        else:
            yield from _other_callers(case, one)
        for table in one.tables:
            why = _unknown_of(case, table)
            if why and not (why == _EMPTY and _is_written(case, one, table)):
                yield Skip(table.path, f"{table.variable} {why}")
    yield from _unregistered(case)


def _unregistered(case: Case) -> Iterator[Skip]:
    """Ops tables that are handed over in another way, and that no registration publishes."""
    seen = {(table.path, table.variable) for one in case.registrations for table in one.tables}
    for name, table in _handed_elsewhere(case):
        if (table.path, table.variable) not in seen:
            seen.add((table.path, table.variable))
            why = f"{name}() alone hands {table.variable} over"
            yield Skip(table.path, f"{why}: nothing registers it, and nobody looks at it")


def _handed_elsewhere(case: Case) -> Iterator[tuple[str, Published]]:
    """The ops tables that are handed over without a registration, and the function that does."""
    publishing = Publishing(case.program, case.catalogue.functions, case.contract, case.callers)
    for entry in case.contract.elsewhere:
        name, _, place = entry.partition(":")
        for function, call in _calls(case, name):
            for given in call.args[int(place) : int(place) + 1]:
                yield from ((name, table) for table in publishing.held(function, given))


def _calls(case: Case, name: str) -> Iterator[tuple[Function, ir.Call]]:
    """The calls of `name` beside tables of the contract, with the functions that make them."""
    program = case.program
    for path in case.window.tables.paths:
        if path.endswith(".c") and program.reader.names(path, name.encode()):
            for function in program.functions_in(path):
                yield from ((function, call) for call in calls_of(program, function, name))


def _other_callers(case: Case, registration: Registration) -> Iterator[Skip]:
    """Functions that register for so many drivers that only some of those are looked at."""
    for function in case.callers.above(registration.function, LEVELS - 1):
        if case.callers.are_many(function):
            why = f"{function.name}() has more than {MOST_CALLERS} callers"
            yield Skip(function.path, f"{why}: only the first of them are looked at")
        elif case.callers.is_in_many_files(function):
            why = f"more than {MOST_FILES} files name {function.name}()"
            yield Skip(function.path, f"{why}: tables that hold it are not looked for in others")


def why_closed(case: Case, registration: Registration) -> str:
    """Why no callback is known to run in the window of `registration`; empty where some are."""
    if not registration.published:
        return _unknown(case)
    if not case.window.gate_is_open(registration):
        gate = case.contract.gate
        return f"{gate.needs}() is not reachable: {gate.why}" if gate else ""
    return ""


def _unknown(case: Case) -> str:
    contract = case.contract
    if not contract.tables:
        return "no callback is known"
    if contract.object == contract.table:
        return f"no callback in struct {contract.tables[0]} is known"
    if contract.table_field and not contract.table_setters:
        return f"the ops table in {contract.table_field} is not known"
    return "the ops table is not known"


def _unknown_of(case: Case, table: Published) -> str:
    """What of an ops table is not looked at, and why."""
    place, tags = (table.path, table.variable), case.contract.tables
    through = leading_fields(case.program, case.contract, table.path)
    entries = list(table_entries(case.program, *place, through))
    below = dict.fromkeys([place, *((entry.path, entry.variable) for entry in entries)])
    strange = [name for one in below for name in foreign_members(case.program, *one, tags)]
    if strange:
        filled, structs = ", ".join(dict.fromkeys(strange)), " or ".join(tags)
        return f"fills {filled}: this tree has no such member in struct {structs}"
    if not entries:
        return _EMPTY
    unread = [macro for one in below for macro in unread_macros(case.program, *one)]
    return f"holds {', '.join(unread)}: what that fills is not known" if unread else ""


def _is_written(case: Case, registration: Registration, table: Published) -> bool:
    """What code at run time puts into the empty `table` is known: functions, or a template."""
    through = leading_fields(case.program, case.contract, table.path)
    others = (one for one in registration.tables if one != table)
    return bool(registration.functions) or any(
        any(table_entries(case.program, one.path, one.variable, through)) for one in others
    )


def assumption(window: Window, advice: str) -> str:
    """What the scenario assumes of the tree, with `advice`; empty where it assumes nothing."""
    scenario = window.scenario
    if scenario is None:
        return ""
    if window.assumed:
        edges = ", ".join(map(str, window.assumed))
        which = "the edge is" if len(window.assumed) == 1 else "these edges are"
        return f"Scenario {scenario.name}: this tree lacks {edges}; {which} assumed{advice}."
    lacking = [e.slot for e in scenario.edge if e.slot and not window.reaches(e.slot)]
    if lacking:
        return (
            f"Scenario {scenario.name}: nothing here calls {', '.join(lacking)} inside "
            f"{window.contract.register}(), and there is no place to assume it: the tree is "
            "audited as it stands."
        )
    return ""
