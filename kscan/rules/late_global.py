# SPDX-License-Identifier: GPL-2.0-only
"""A global is written after the registration whose callbacks read it.

What it finds
    A file-scope variable (static or not) that some path writes only once the registration has
    succeeded, while a callback of the registration's own table, or a function it calls, reads
    it. Writes are followed into callees, setters of other files, the callers of the probe, and
    the init function that registers the driver: its probe runs then, if a device is there, and
    that of a driver registered after it. Also into what is told to run once the registration is
    over: a work item, a thread, the user of firmware that is loaded, the bind of an aggregate of
    components. Where one of those registers, or is told to run before the registration, what
    may come late counts as well, at medium confidence.

Why it matters
    The registration runs the callback at once, so the first instance to probe meets NULL or
    zero: an oops where the callback dereferences it, a device without translation where it
    refuses. Later instances find the variable set, which is why tests miss it.

How it can be wrong
    An earlier write that kscan cannot see (through a pointer, in assembly, in a file of
    another directory); a callback that the core does not reach for this hardware. A write
    that precedes the registration on some paths only lowers the confidence to medium, and so
    does another callback that refuses the device first, for want of something else.

How to fix it
    Write the variable before registering, or use the instance that the callback looks up
    anyway.

References
    drivers/iommu/iommu.c, "iommu: Get DT/ACPI parsing into the proper probe path"
    (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.hazards.case import Case
from kscan.hazards.evidence import late_finding
from kscan.model import Finding, Severity
from kscan.rules import rule


@rule(
    summary="a global is written after registration and read by an in-window callback",
    severity=Severity.ERROR,
    each=True,
)
def late_global(case: Case) -> Iterator[Finding]:
    """Late globals and their readers."""
    for found in case.late_reads:
        if found.late.kind == "global":
            name = found.late.spelled
            yield late_finding(case, found, "late-global", f"`{name}` is set")
