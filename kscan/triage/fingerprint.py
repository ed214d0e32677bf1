# SPDX-License-Identifier: GPL-2.0-only
"""Fingerprints: names of findings that survive edits above them.

``kscan/v1`` hashes the rule, the file and the function the finding stands in, the slot and the
function of the callback, and the object: nothing that has a line number.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from kscan.model import Finding

VERSION = "v1"


def fingerprint(finding: Finding) -> str:
    """The name of `finding`: 16 hexadecimal digits behind the version."""
    callback = finding.callback
    subject = finding.subject
    parts = (
        finding.rule,
        finding.primary.path,
        finding.primary.function,
        callback.slot if callback else "",
        callback.function if callback else "",
        subject.kind if subject else "",
        subject.name if subject else "",
    )
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{VERSION}-{digest[:16]}"


def named(findings: list[Finding]) -> list[Finding]:
    """`findings` with their fingerprints; of two with one name, the second is numbered."""
    seen: dict[str, int] = {}
    found = []
    for finding in findings:
        name = fingerprint(finding)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name}-{seen[name]}"
        found.append(replace(finding, fingerprint=name))
    return found
