# SPDX-License-Identifier: GPL-2.0-only
"""Findings that a fixed one hid: they stood in the base, and nobody could meet them there.

A callback that refuses every device, or that crashes first, keeps what comes after it from
happening. Who repairs it introduces nothing that was there before and is no worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from kscan.change.renames import Renames
from kscan.change.settle import Settled, paired
from kscan.model import Before, Finding


def _is_suspected(found: Settled) -> bool:
    """Something is introduced in a driver in which something else is fixed."""
    mended = {finding.driver for finding in found.fixed}
    return any(finding.driver in mended for finding in found.introduced)


def uncovered(found: Settled, hidden: Callable[[], Iterable[Finding]], renames: Renames) -> Settled:
    """`found`, with those of the introduced told apart that fixed ones hid.

    `hidden` gives the findings of the base with those that others hide.
    """
    if not _is_suspected(found):
        return found
    fresh = [finding for finding in found.introduced if finding.before is None]
    known = {new.fingerprint for _, new in paired(tuple(hidden()), fresh, renames)}
    shown, introduced = [], []
    for finding in found.introduced:
        cover = _worst(found.fixed, finding.driver) if finding.fingerprint in known else None
        if cover is None:
            introduced.append(finding)
        elif cover.gravity >= finding.gravity:
            shown.append(finding)
        else:
            was = Before(cover.severity, cover.effect, cover.message)
            introduced.append(replace(finding, before=was))
    return replace(found, introduced=tuple(introduced), uncovered=tuple(shown))


def _worst(fixed: Iterable[Finding], driver: str) -> Finding | None:
    """The worst of what is fixed in `driver`."""
    own = (finding for finding in fixed if finding.driver == driver)
    return max(own, key=lambda finding: finding.gravity, default=None)
