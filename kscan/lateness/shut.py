# SPDX-License-Identifier: GPL-2.0-only
"""Callers whose constants keep what they call from registering: ``foo_start(foo, false)``."""

from __future__ import annotations

from kscan.facts import ir
from kscan.flow.constants import Known, excludes, handed
from kscan.program.program import Function, Program

Below = tuple[tuple[Function, ir.Call], ...]
"""Who registers, its caller, and so on upwards: each with the call that leads down."""


def is_shut(program: Program, below: Below, call: ir.Call) -> bool:
    """What `call` hands to the last function `below` keeps it from coming to the registration."""
    known: Known = {}
    for function, further in reversed(below):
        if call.name not in ("", function.name):
            return False
        known = handed(program, function, call, known)
        if not known:
            return False
        if excludes(program, function, known, further.at):
            return True
        call = further
    return False
