# SPDX-License-Identifier: GPL-2.0-only
"""The rules at work on the windows of one tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from kscan.fixes import mended
from kscan.hazards.case import Case
from kscan.model import Finding, Skip
from kscan.progress import Progress
from kscan.rules import Rule, shared_out
from kscan.source.tree import is_below
from kscan.triage.fingerprint import named
from kscan.window.registrations import Registration

FAILURES = Exception
"""What a rule may raise on code that nobody thought of: a skip that says so, not an end."""
_NAMED = 3
"""Places that are named where one rule fails at more."""
_LONGEST = 200
"""Characters of what a failure says of itself."""


@dataclass(frozen=True, order=True)
class Failure:
    """Something that was not done, because it raised."""

    what: str
    """What the skip is named for: a rule, or the finding that has no fix."""
    task: str
    place: str
    error: str


Drivers = tuple[Registration, ...] | None
"""The registrations of one file; None for all of a case, where they are not to be found."""


@dataclass
class Checking:
    """Rules that are checked, each in every case."""

    cases: Sequence[Case]
    under: Sequence[str]
    """Directories below the root; findings elsewhere are left out."""
    shown_from: int
    """The rank of confidence from which findings are shown."""
    progress: Progress
    failed: list[Skip]
    """What rules failed at, to be added to: the next run may do better."""
    cut: list[Skip]
    """What they did not look at, to be added to: that follows from the source."""
    failures: list[Failure] = field(default_factory=list)

    def findings(self, rules: tuple[Rule, ...]) -> list[Finding]:
        """What `rules` find, as every report lists it, with fingerprints."""
        return self.in_order([found for case in self.cases for found in self.of_case(rules, case)])

    @property
    def left_out(self) -> list[Skip]:
        """What rules did not look at in this process."""
        return [skip for case in self.cases for skip in (*case.skips, *case.program.cut_short)]

    def in_order(self, findings: list[Finding], elsewhere: Iterable[Skip] = ()) -> list[Finding]:
        """`findings` as every report lists them, with fingerprints; tells what failed, too.

        Neither order may tell which process took which turn. Another one left out `elsewhere`.
        """
        self.failed += _told(self.failures)
        self.cut += sorted({*self.left_out, *elsewhere}, key=lambda s: (s.path, s.reason))
        return named(sorted(findings, key=_order))

    def of_case(self, rules: tuple[Rule, ...], case: Case) -> list[Finding]:
        """What `rules` find in `case`."""
        each, others = shared_out(rules)
        drivers = self.drivers(case) if each else []
        found = (self.of_drivers(each, case, several) for several in drivers)
        return [*self.of_window(others, case), *(one for several in found for one in several)]

    def drivers(self, case: Case) -> list[Drivers]:
        """The registrations of `case`, file by file: those of which findings may be shown."""
        try:
            shown = filter(partial(self._may_show, case), case.registrations)
            files = groupby(shown, lambda one: one.function.path)
            return [tuple(several) for _, several in files]
        except FAILURES:  # the rules that ask for them say so
            return [None]

    def _may_show(self, case: Case, registration: Registration) -> bool:
        """Some of the driver's files stand where findings are wanted."""
        return not self.under or any(
            is_below(directory, self.under) or any(is_below(top, [directory]) for top in self.under)
            for directory in case.of(registration).belongs.directories
        )

    def of_window(self, rules: tuple[Rule, ...], case: Case) -> list[Finding]:
        """What `rules` find that ask for the whole window of `case`."""
        place = f"{case.contract.register}()"
        return [found for rule in rules for found in self._checked(rule, case, place)]

    def of_drivers(
        self, rules: tuple[Rule, ...], case: Case, registrations: Drivers
    ) -> list[Finding]:
        """What `rules` find in the drivers of some `registrations`, that look at each by itself."""
        place = registrations[0].function.path if registrations else case.contract.register
        with case.looking_at(registrations):
            return [found for rule in rules for found in self._checked(rule, case, place)]

    def _checked(self, rule: Rule, case: Case, place: str) -> list[Finding]:
        self.progress(f"{rule.id}: {case.contract.register}")
        try:
            found = [self._mended(case, rule, finding) for finding in rule.check(case)]
            return [f for f in found if is_below(f.primary.path, self.under)]
        except FAILURES as error:
            self.failures.append(Failure(rule.id, "the rule failed at", place, _spelled(error)))
            return []

    def _mended(self, case: Case, rule: Rule, finding: Finding) -> Finding:
        """`finding` with a suggested fix; as it is where making one fails, or nobody sees it."""
        if finding.confidence.rank < self.shown_from:
            return finding
        try:
            return mended(case, rule, finding)
        except FAILURES as error:
            where = f"{finding.primary.path}:{finding.primary.line}"
            self.failures.append(Failure(where, "no fix for", rule.id, _spelled(error)))
            return finding


def _told(failures: Iterable[Failure]) -> Iterator[Skip]:
    """`failures` as skips: one for all that share a name, with the first few places."""
    for (what, task), several in groupby(sorted(set(failures)), lambda f: (f.what, f.task)):
        places = [f"{failure.place}: {failure.error}" for failure in several]
        beyond = len(places) - _NAMED
        rest = f"; and {beyond} more" if beyond > 0 else ""
        yield Skip(what, f"{task} {'; '.join(places[:_NAMED])}{rest}")


def _spelled(error: Exception) -> str:
    """What `error` says, as far as a line has room for it."""
    said = f"{type(error).__name__}: {error}"
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _order(finding: Finding) -> tuple[object, ...]:
    callback, registration = finding.callback, finding.registration
    return (
        finding.primary.path, finding.primary.line, finding.primary.column, finding.rule,
        finding.subject.name if finding.subject else "",
        callback.slot if callback else "", callback.function if callback else "",
        registration.path if registration else "",
        registration.line if registration else 0, registration.api if registration else "",
    )  # fmt: skip
