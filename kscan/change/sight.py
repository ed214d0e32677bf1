# SPDX-License-Identifier: GPL-2.0-only
"""Findings that fade because a driver is lost from sight, as where it registers in a new way.

Its callbacks are still there, and what runs such callbacks still does; only that driver's
are not among them any more.  That is no repair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kscan.change.outcome import OpenWindow
from kscan.change.renames import Renames
from kscan.model import Finding, Skip


def out_of_sight(
    fixed: Iterable[Finding], windows: Mapping[str, OpenWindow], renames: Renames
) -> tuple[Finding, ...]:
    """Those of `fixed` whose driver no registration in `windows` runs anything of any more.

    The windows are those of the later state, by what the earlier one calls their function.
    """
    return tuple(finding for finding in fixed if _is_lost(finding, windows, renames))


def _is_lost(finding: Finding, windows: Mapping[str, OpenWindow], renames: Renames) -> bool:
    callback, registration = finding.callback, finding.registration
    if callback is None or registration is None:
        return False
    window = windows.get(registration.api)
    if window is None or window.note or (window.gate is not None and not window.gate.way):
        return False
    path, name = renames.function(callback.path, callback.function)
    running = {runner.place.path for slot in window.slots for runner in slot.runners}
    is_called = any(slot.slot == callback.slot for slot in window.slots)
    return is_called and path not in running and name in renames.new.of(path)


def drivers_lost(lost: Iterable[Finding], renames: Renames) -> tuple[Skip, ...]:
    """What is said of each driver whose findings are `lost`."""
    found: dict[str, Skip] = {}
    for finding in lost:
        if finding.callback is not None and finding.registration is not None:
            path, name = renames.function(finding.callback.path, finding.callback.function)
            why = f"no registration by {finding.registration.api}() is seen to run {name}()"
            reason = f"{why} any more: what was found here does not count as fixed"
            found.setdefault(path, Skip(path, reason))
    return tuple(found.values())
