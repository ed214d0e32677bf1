# SPDX-License-Identifier: GPL-2.0-only
"""Members of ops tables that lead to further tables: those a contract names, and by their type.

``hwmon_chip_info.ops`` is a pointer to a ``hwmon_ops``, and so leads there where a contract has
both structs for its tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.kernel.contracts import Contract
from kscan.program.program import Program


def leading_fields(program: Program, contract: Contract, path: str) -> frozenset[str]:
    """The names of such members, as `path` sees the structs."""
    typed = (name for _, name in leading_members(program, contract, path))
    return frozenset((*contract.through.fields, *typed))


def leading_members(program: Program, contract: Contract, path: str) -> Iterator[tuple[str, str]]:
    """Each member that is a pointer to a table of `contract`, with the struct it is in."""
    for tag in contract.tables if len(contract.tables) > 1 else ():
        record = program.record(tag, path)
        for field in record.fields if record is not None else ():
            if field.type.ptr and not field.type.fn and field.type.tag in contract.tables:
                yield tag, field.name
