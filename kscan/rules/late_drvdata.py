# SPDX-License-Identifier: GPL-2.0-only
"""Driver data is set after the registration whose callbacks read it.

What it finds
    A probe that calls a ``*_set_drvdata()`` function, or stores ``vdev->priv``, for the device
    being probed only after it has registered, while an in-window callback reads the driver
    data of a device that it looked up by firmware node. Driver data of the callback's own
    client device is somebody else's and does not count; neither does that of a class device
    which a called function creates for itself. The driver data may also be that of a second
    driver, of a struct of its own, which the same init function registers after the first.

Why it matters
    The look-up succeeds, the driver data is NULL. A callback that stores it unseen has the
    device refused by the next one, and the device is left without translation until its own
    driver binds, when the core warns of a late probe. One that uses it oopses.

How it can be wrong
    Driver data set by a function that kscan does not see, or a look-up that yields another
    driver's device.

How to fix it
    Set the driver data as soon as the instance is allocated; register a second driver first.

References
    drivers/base/dd.c, include/linux/platform_device.h; "iommu: Get DT/ACPI parsing into the
    proper probe path" (bcb81ac6ae3c).
"""

from __future__ import annotations

from collections.abc import Iterator

from kscan.hazards.case import Case
from kscan.hazards.evidence import late_finding
from kscan.model import Finding, Severity
from kscan.rules import rule


@rule(
    summary="driver data is set after registration and read by an in-window callback",
    severity=Severity.ERROR,
    each=True,
)
def late_drvdata(case: Case) -> Iterator[Finding]:
    """Late driver data and its readers."""
    for found in case.late_reads:
        if found.late.place.kind == "driver data":
            yield late_finding(case, found, "late-drvdata", f"{found.late.spelled} is set")
