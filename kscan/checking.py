# SPDX-License-Identifier: GPL-2.0-only
"""The rules at work on the windows of one tree: by one process, or shared out between two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby

from kscan.facts.reader import Reader, Readings
from kscan.fixes import mended
from kscan.hazards.case import Case
from kscan.model import Finding, Skip
from kscan.progress import Progress, silent
from kscan.rules import Rule, shared_out
from kscan.source.apart import apart
from kscan.source.tree import Tree, is_below
from kscan.triage.fingerprint import named
from kscan.window.registrations import Registration
from kscan.workers import Turns, may_fork

FEWEST_FILES = 5_000
"""Files of a tree below which a second process takes longer to start than to do without."""
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


@dataclass(frozen=True)
class Part:
    """What some of the rules give in a process of their own."""

    findings: list[Finding]
    failures: list[Failure]
    left_out: list[Skip]
    readings: Readings


_Driver = tuple[Case, tuple[Registration, ...] | None]


@dataclass
class Checking:
    """Rules that are checked, each in every case."""

    reader: Reader
    cases: Sequence[Case]
    under: Sequence[str]
    """Directories below the root; findings elsewhere are left out."""
    shown_from: int
    """The rank of confidence from which findings are shown."""
    progress: Progress
    failed: list[Skip]
    """What rules failed at or left out, to be added to."""
    jobs: int | None
    """Processes that may work; by default one per processor."""
    _failures: list[Failure] = field(default_factory=list)

    def findings(self, rules: tuple[Rule, ...]) -> list[Finding]:
        """What `rules` find, as every report lists it, with fingerprints."""
        return self._in_order(self._found(rules))

    @contextmanager
    def shared(self, rules: tuple[Rule, ...]) -> Iterator[Callable[[], list[Finding]]]:
        """What it yields finds what `findings` does, with the help of another process.

        That one checks the rules that ask for a whole window, and then both take turns at the
        drivers, which cost very unlike amounts.
        """
        each, others = shared_out(rules)
        if not (each and may_share(self.reader.tree, self.jobs) and self._walks()):
            yield partial(self.findings, rules)
            return
        with (
            closing(Turns(len(self._drivers))) as turns,
            apart(self.reader.tree, partial(self._part, each, others, turns)) as part,
        ):
            yield partial(self._joined, each, others, turns, part)

    def _walks(self) -> bool:
        """Finds all callbacks, which every process needs to know."""
        try:
            for case in self.cases:
                for registration in case.registrations:
                    case.window.callbacks(registration)
        except FAILURES:  # the rules that ask for it say so
            return False
        settle(self.cases)
        return True

    @cached_property
    def _drivers(self) -> tuple[_Driver, ...]:
        """The registrations of each file, in each case."""
        return tuple((case, several) for case in self.cases for several in _files_of(case))

    def _part(self, each: tuple[Rule, ...], others: tuple[Rule, ...], turns: Turns) -> Part:
        """What another process finds, for the one that asked for it."""
        self.progress = silent
        known = frozenset(self.reader.units)
        found = [*self._of_windows(others), *self._of_drivers(each, turns)]
        return Part(found, self._failures, self._left_out, self.reader.beyond(known))

    def _joined(
        self,
        each: tuple[Rule, ...],
        others: tuple[Rule, ...],
        turns: Turns,
        part: Callable[[], Part | None],
    ) -> list[Finding]:
        mine: list[int] = []
        found = self._of_drivers(each, _noted(turns, mine))
        theirs = part()
        if theirs is None:
            left = [number for number in range(len(self._drivers)) if number not in mine]
            found += [*self._of_windows(others), *self._of_drivers(each, left)]
            return self._in_order(found)
        self.reader.take(theirs.readings)
        self._failures += theirs.failures
        return self._in_order([*found, *theirs.findings], theirs.left_out)

    @property
    def _left_out(self) -> list[Skip]:
        """What rules did not look at in this process."""
        return [
            skip
            for case in self.cases
            for skip in (*case.not_looked_at.values(), *case.program.cut_short)
        ]

    def _in_order(self, findings: list[Finding], elsewhere: Iterable[Skip] = ()) -> list[Finding]:
        """`findings` as every report lists them, with fingerprints; tells what failed, too.

        Neither order may tell which process took which turn. Another one left out `elsewhere`.
        """
        left_out = {*self._left_out, *elsewhere}
        self.failed += sorted([*_told(self._failures), *left_out], key=lambda s: (s.path, s.reason))
        return named(sorted(findings, key=_order))

    def _found(self, rules: tuple[Rule, ...]) -> list[Finding]:
        each, others = shared_out(rules)
        numbers = range(len(self._drivers)) if each else ()
        return [*self._of_windows(others), *self._of_drivers(each, numbers)]

    def _of_windows(self, rules: tuple[Rule, ...]) -> list[Finding]:
        """What `rules` find that ask for a whole window."""
        return [
            finding
            for rule in rules
            for case in self.cases
            for finding in self._checked(rule, case, f"{case.contract.register}()")
        ]

    def _of_drivers(self, rules: tuple[Rule, ...], numbers: Iterable[int]) -> list[Finding]:
        """What `rules` find in drivers, by their numbers, that look at each by itself."""
        found: list[Finding] = []
        for number in numbers:
            case, registrations = self._drivers[number]
            place = registrations[0].function.path if registrations else case.contract.register
            with case.looking_at(registrations):
                for rule in rules:
                    found += self._checked(rule, case, place)
        return found

    def _checked(self, rule: Rule, case: Case, place: str) -> list[Finding]:
        self.progress(f"{rule.id}: {case.contract.register}")
        try:
            found = [self._mended(case, rule, finding) for finding in rule.check(case)]
            return [f for f in found if is_below(f.primary.path, self.under)]
        except FAILURES as error:
            self._failures.append(Failure(rule.id, "the rule failed at", place, _spelled(error)))
            return []

    def _mended(self, case: Case, rule: Rule, finding: Finding) -> Finding:
        """`finding` with a suggested fix; as it is where making one fails, or nobody sees it."""
        if finding.confidence.rank < self.shown_from:
            return finding
        try:
            return mended(case, rule, finding)
        except FAILURES as error:
            where = f"{finding.primary.path}:{finding.primary.line}"
            self._failures.append(Failure(where, "no fix for", rule.id, _spelled(error)))
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


def _files_of(case: Case) -> list[tuple[Registration, ...] | None]:
    """The registrations of `case`, file by file; None where they are not to be found."""
    try:
        files = groupby(case.registrations, lambda one: one.function.path)
    except FAILURES:  # the rules that ask for them say so
        return [None]
    return [tuple(several) for _, several in files]


def _noted(numbers: Iterable[int], noted: list[int]) -> Iterator[int]:
    """`numbers`, each added to `noted` before anybody goes on with it."""
    for number in numbers:
        noted.append(number)
        yield number


def may_share(tree: Tree, jobs: int | None) -> bool:
    """Other processes may work beside this one, and `tree` has enough for them to do."""
    return may_fork(jobs) and len(tree.paths()) >= FEWEST_FILES


def settle(cases: Sequence[Case]) -> None:
    """Waits for searches under way: a process forks when no thread is at work."""
    for case in cases:
        case.settle()


def _order(finding: Finding) -> tuple[object, ...]:
    callback, registration = finding.callback, finding.registration
    return (
        finding.primary.path, finding.primary.line, finding.primary.column, finding.rule,
        finding.subject.name if finding.subject else "",
        callback.slot if callback else "", callback.function if callback else "",
        registration.path if registration else "",
        registration.line if registration else 0, registration.api if registration else "",
    )  # fmt: skip
