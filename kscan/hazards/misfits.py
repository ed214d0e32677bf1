# SPDX-License-Identifier: GPL-2.0-only
"""What a contract names and the tree does not know: a slip of the pen would look clean."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from kscan.hazards.case import Case
from kscan.kernel.contracts import Contract, Scenario
from kscan.program.program import Program

_ASKED = 4
"""Files that are asked what a struct looks like."""


def misfits(case: Case) -> Iterator[str]:
    """One line for each part of the contract of `case` that says nothing of this tree.

    What a built-in contract names need not be here: it is for kernels of several ages.
    """
    contract, scenario, is_own = case.contract, case.window.scenario, case.catalogue.is_own
    own = [*_structs(case, contract), *_gate(case)] if is_own(contract) else []
    for said in (*own, *_silence(case)):
        yield f"contract {contract.name}: {said}"
    if scenario is not None and is_own(scenario):
        for said in _structs(case, scenario):
            yield f"scenario {scenario.name}: {said}"


def _structs(case: Case, entry: Contract | Scenario) -> Iterator[str]:
    """The structs that `entry` names, and members of them, that are not here."""
    tables = entry.tables if isinstance(entry, Contract) else ()
    slots = [slot.partition(".") for slot in dict.fromkeys(entry.slots)]
    tags = dict.fromkeys((*tables, *(tag for tag, _, _ in slots)))
    known = _members(case, frozenset(tags))
    for tag in tags:
        if tag not in known:
            what = ": no table of that type is looked at" if tag in tables else ""
            yield f"struct {tag} is not in this tree{what}"
    for tag, _, name in slots:
        if name != "*" and name not in known.get(tag, {name}):
            yield f"struct {tag} has no member {name} here"


def _members(case: Case, tags: frozenset[str]) -> dict[str, set[str]]:
    """The members of the structs `tags`, of those that are here."""
    found: dict[str, set[str]] = {}
    for path in filter(_is_header, case.window.tables.paths):
        for struct in case.program.unit(path).structs:
            if struct.tag in tags:
                found.setdefault(struct.tag, set()).update(f.name for f in struct.fields)
    for tag in sorted(tags - found.keys()):
        places = chain(_core(case), _defining(case.program, tag))
        seen = (case.program.record(tag, path) for path in places)
        record = next((record for record in seen if record is not None), None)
        if record is not None:
            found[tag] = {member.name for member in record.fields}
    return found


def _defining(program: Program, tag: str) -> Iterator[str]:
    """Files anywhere that may define the struct `tag`."""
    word = f"struct {tag} {{".encode()
    for path in program.reader.tree.files_with([tag]):
        if program.reader.names(path, word):
            yield path


def _is_header(path: str) -> bool:
    return path.endswith(".h")


def _core(case: Case) -> Iterator[str]:
    """The file that registers, and some that call it: what they include is asked."""
    yield from case.program.definitions.files(case.contract.register)[:_ASKED]
    yield from case.registering[:_ASKED]


def _gate(case: Case) -> Iterator[str]:
    gate = case.contract.gate
    if gate is not None and not _is_defined(case.program, gate.needs, case.window.tables.paths):
        yield f"{gate.needs}() is defined nowhere here: the gate stays shut"


def _is_defined(program: Program, name: str, paths: tuple[str, ...]) -> bool:
    """A C file defines `name`, or a header among `paths` has it inline."""
    return bool(program.definitions.files(name)) or any(
        program.defines(name, path) for path in paths if path.endswith(".h")
    )


def _silence(case: Case) -> Iterator[str]:
    """Nothing would run inside the call."""
    window, contract = case.window, case.contract
    if contract.tables and not window.is_open and not _reaches_own(case):
        yield f"no slot is reached inside {contract.register}()"


def _reaches_own(case: Case) -> bool:
    return any(slot.tag in case.contract.tables for slot in case.window.reach.slots)
