# SPDX-License-Identifier: GPL-2.0-only
"""Findings made by hand, with the fingerprints they would have."""

from __future__ import annotations

from kscan.model import (
    CallbackRef,
    Confidence,
    Effect,
    Finding,
    Location,
    RegistrationRef,
    Severity,
    Subject,
)
from kscan.triage.fingerprint import named

FOO = "drivers/iommu/foo-iommu.c"
BAR = "drivers/iommu/bar-iommu.c"


def finding(
    path: str = FOO,
    function: str = "foo_probe",
    *,
    rule: str = "late-global",
    subject: tuple[str, str] | None = ("global", "dma_dev"),
    callback: str | None = "foo_of_xlate",
    slot: str = "iommu_ops.of_xlate",
    line: int = 40,
    confidence: Confidence = Confidence.HIGH,
    severity: Severity = Severity.ERROR,
) -> Finding:
    made = Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        effect=Effect.CRASH,
        message=f"{subject[1] if subject else rule} in {function}()",
        primary=Location(path, line, 2, function),
        driver=path.rpartition(".")[0],
        subject=Subject(*subject) if subject else None,
        registration=RegistrationRef("iommu_device_register", function, path, line),
        callback=CallbackRef(slot, callback, path, line - 20) if callback else None,
    )
    return named([made])[0]
