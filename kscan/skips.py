# SPDX-License-Identifier: GPL-2.0-only
"""What was not analysed, as a report lists it: one line for each path."""

from __future__ import annotations

from collections.abc import Iterable

from kscan.model import Skip

_REASONS = 3
"""Reasons that are told of one path, before the rest is only counted."""


def by_path(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """`skips`, one for each path with all its reasons, sorted."""
    reasons: dict[str, dict[str, None]] = {}
    for skip in skips:
        reasons.setdefault(skip.path, {})[skip.reason] = None
    return tuple(Skip(path, _told(list(found))) for path, found in sorted(reasons.items()))


def _told(reasons: list[str]) -> str:
    beyond = len(reasons) - _REASONS
    more = [f"and {beyond} more"] if beyond > 0 else []
    return "; ".join([*reasons[:_REASONS], *more])
