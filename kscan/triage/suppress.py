# SPDX-License-Identifier: GPL-2.0-only
"""Suppressions: findings that somebody accepted with a reason stay in the report, marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import translate

from kscan.config import NAME, Suppress
from kscan.model import Confidence, Finding, Suppression
from kscan.triage.baseline import View


@dataclass
class Suppressions:
    """The suppressions that hold on one day; remembers which of them accepted something."""

    entries: Sequence[Suppress]
    today: date = field(default_factory=date.today)
    name: str = NAME
    """What the file that has them is called."""
    _used: set[int] = field(default_factory=set)

    def marked(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """`findings`, the accepted ones with the reason of the first entry that fits."""
        return tuple(self._marked(finding) for finding in findings)

    def _marked(self, finding: Finding) -> Finding:
        for number, entry in enumerate(self.entries):
            if not self._is_expired(entry) and fits(entry, finding):
                self._used.add(number)
                return replace(finding, suppressed=Suppression(self.name, entry.reason))
        return finding

    def _is_expired(self, entry: Suppress) -> bool:
        return entry.expires is not None and entry.expires < self.today

    def notes(self, rules: Iterable[str], view: View) -> tuple[str, ...]:
        """Entries that are out of date, or that matched nothing though `view` has what they mean.

        `rules` are the ids of the rules that were applied; call it after `marked`.
        """
        is_narrowed = view.under or view.as_is or view.min_confidence is Confidence.HIGH
        applied = set() if is_narrowed else {"", *rules}
        found = []
        for number, entry in enumerate(self.entries):
            if self._is_expired(entry):
                found.append(f"{self._called(number, entry)} expired on {entry.expires}")
            elif number not in self._used and entry.rule in applied:
                found.append(f"{self._called(number, entry)} matched nothing")
        return tuple(found)

    def _called(self, number: int, entry: Suppress) -> str:
        said = (entry.rule, entry.path, f"{entry.function}()" if entry.function else "")
        return f"{self.name}: suppress[{number}] ({', '.join(part for part in said if part)})"


def fits(entry: Suppress, finding: Finding) -> bool:
    """`entry` accepts `finding`."""
    functions = [finding.primary.function]
    if finding.callback is not None:
        functions.append(finding.callback.function)
    return (
        entry.rule in ("", finding.rule)
        and _is_like(finding.primary.path, entry.path)
        and any(_is_like(function, entry.function) for function in functions)
    )


def _is_like(text: str, pattern: str) -> bool:
    return not pattern or re.fullmatch(translate(pattern), text) is not None
