# SPDX-License-Identifier: GPL-2.0-only
"""A field, a list or an initialiser comes after the registration whose callbacks use it.

What it finds
    A member of a struct that is written, a list or map that is joined, or a lock, completion, work,
    timer or list head that is initialised only after the registration, while an in-window
    callback reads, walks or uses it. Fields are told apart by struct; objects that cannot
    exist yet, and lists the instance has not joined, do not count.

Why it matters
    The callback meets NULL, zero, an empty list or an uninitialised lock: an oops, a refused
    device, hardware programmed for the wrong version, a lockdep splat.

How it can be wrong
    A member that other code sets (its struct is not the driver's own), or that the callback
    keeps up to date itself, is no set-up: the confidence is lowered. Register contents,
    clocks, runtime PM and DMA masks are not C objects and are not seen.

How to fix it
    Finish the instance before registering it.

References
    include/linux/list.h; "iommu: Get DT/ACPI parsing into the proper probe path"
    (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.model import Finding, Severity
from kscan.rules import rule
from kscan.window.case import Case, LateRead
from kscan.window.evidence import late_finding


@rule(
    summary="a field, list or initialiser comes after registration and is used in the window",
    severity=Severity.ERROR,
    shares="readers",
)
def late_state(case: Case) -> Iterator[Finding]:
    """Late fields, lists and initialisers, and their readers."""
    for found in case.late_reads:
        if found.late.kind not in ("global", "driver data"):
            yield late_finding(case, found, "late-state", _what(found))


def _what(found: LateRead) -> str:
    kind, name = found.late.kind, found.late.spelled
    if kind == "field":
        return f"`{name}` is set"
    if kind == "membership":
        return f"`{name}` is joined"
    return f"the {kind} `{name}` is initialised"
