# SPDX-License-Identifier: GPL-2.0-only
"""A field, a list or an initialiser comes after the registration whose callbacks use it.

What it finds
    A member of a struct that is written, a list, tree or map that is joined, or a lock, completion,
    work, timer, list or notifier head or reference count that is initialised only after the
    registration, while an in-window callback reads, walks or uses it. Fields are told apart by
    struct; objects that cannot exist yet, and lists the instance has not joined, do not count.
    Likewise runtime PM that is enabled too late for a callback that resumes the device, and a
    clock, regulator or reset that is switched on too late for one that reaches its registers.

Why it matters
    The callback meets NULL, zero, an empty list or an uninitialised lock: an oops, a refused
    device, hardware programmed for the wrong version, a lockdep splat. In a list, a completion or
    a wait queue that is not initialised it follows NULL.

How it can be wrong
    A member that other code sets (its struct is not the driver's own), or that the callback or an
    interrupt handler keeps up to date, is no set-up: the confidence is lowered. So it is where the
    callback comes to it only once a member is set that nothing sets before either (nobody does
    while the probe goes on, or whoever does needs the late one for it), where it refuses with
    -EAGAIN, which says to come again, where registers are reached though something else (the bus,
    firmware, another clock) may have switched the device on, and where another callback refuses the
    device first, for want of something else. Register contents and DMA masks are not C objects and
    are not seen.

How to fix it
    Finish the instance before registering it.

References
    include/linux/list.h; drivers/base/power/runtime.c, rpm_resume();
    "iommu: Get DT/ACPI parsing into the proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.hazards.case import Case
from kscan.hazards.evidence import late_finding
from kscan.lateness.masked import LateRead
from kscan.model import Finding, Severity
from kscan.rules import rule


@rule(
    summary="a field, list or initialiser comes after registration and is used in the window",
    severity=Severity.ERROR,
    each=True,
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
    if kind == "runtime PM":
        return "runtime PM of the device is enabled"
    if kind in ("clock", "regulator"):
        return f"the {kind} `{name}` is switched on"
    if kind in ("reset", "pulse"):
        return f"the reset `{name}` is {'released' if kind == 'reset' else 'triggered'}"
    return f"the {kind} `{name}` is initialised"
