# SPDX-License-Identifier: GPL-2.0-only
"""The rules at work on the windows of one tree: by one process, or shared out between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from kscan.facts.reader import Reader, Readings
from kscan.fixes import mended
from kscan.model import Finding, Skip
from kscan.progress import Progress, silent
from kscan.rules import Rule, shared_out
from kscan.source.apart import apart
from kscan.source.tree import Tree, is_below
from kscan.triage.fingerprint import named
from kscan.window.case import Case
from kscan.workers import may_fork

FEWEST_FILES = 5_000
"""Files of a tree below which a second process takes longer to start than to do without."""
FAILURES = Exception
"""What a rule may raise on code that nobody thought of: a skip that says so, not an end."""


@dataclass(frozen=True)
class Part:
    """What some of the rules give in a process of their own."""

    findings: list[Finding]
    failed: list[Skip]
    readings: Readings


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
    """What rules failed at, to be added to."""
    jobs: int | None
    """Processes that may work; by default one per processor."""

    def findings(self, rules: tuple[Rule, ...]) -> list[Finding]:
        """What `rules` find, as every report lists it, with fingerprints."""
        return _in_order(self._found(rules))

    @contextmanager
    def shared(self, rules: tuple[Rule, ...]) -> Iterator[Callable[[], list[Finding]]]:
        """What it yields finds what `findings` does, with the help of another process."""
        mine, others = shared_out(rules)
        if not (mine and others and may_share(self.reader.tree, self.jobs) and self._walks()):
            yield partial(self.findings, rules)
            return
        with apart(self.reader.tree, partial(self._part, others)) as part:
            yield partial(self._joined, mine, others, part)

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

    def _part(self, rules: tuple[Rule, ...]) -> Part:
        """What `rules` find, for the process that asked for it."""
        self.progress = silent
        known = frozenset(self.reader.units)
        return Part(self._found(rules), self.failed, self.reader.beyond(known))

    def _joined(
        self, mine: tuple[Rule, ...], others: tuple[Rule, ...], part: Callable[[], Part | None]
    ) -> list[Finding]:
        found = self._found(mine)
        theirs = part()
        if theirs is None:
            return _in_order([*found, *self._found(others)])
        self.reader.take(theirs.readings)
        self.failed += theirs.failed
        return _in_order([*found, *theirs.findings])

    def _found(self, rules: tuple[Rule, ...]) -> list[Finding]:
        found: list[Finding] = []
        for rule in rules:
            for case in self.cases:
                self.progress(f"{rule.id}: {case.contract.register}")
                found += self._checked(rule, case)
        return [f for f in found if is_below(f.primary.path, self.under)]

    def _checked(self, rule: Rule, case: Case) -> list[Finding]:
        try:
            return [self._mended(case, rule, finding) for finding in rule.check(case)]
        except FAILURES as error:
            self.failed.append(Skip(rule.id, f"the rule failed: {type(error).__name__}: {error}"))
            return []

    def _mended(self, case: Case, rule: Rule, finding: Finding) -> Finding:
        """`finding` with a suggested fix; as it is where making one fails, or nobody sees it."""
        if finding.confidence.rank < self.shown_from:
            return finding
        try:
            return mended(case, rule, finding)
        except FAILURES as error:
            where = f"{finding.primary.path}:{finding.primary.line}"
            why = f"no fix for {rule.id}: {type(error).__name__}: {error}"
            self.failed.append(Skip(where, why))
            return finding


def may_share(tree: Tree, jobs: int | None) -> bool:
    """Other processes may work beside this one, and `tree` has enough for them to do."""
    return may_fork(jobs) and len(tree.paths()) >= FEWEST_FILES


def settle(cases: Sequence[Case]) -> None:
    """Waits for searches under way: a process forks when no thread is at work."""
    for case in cases:
        case.settle()


def _in_order(findings: list[Finding]) -> list[Finding]:
    """`findings` as every report lists them, with fingerprints."""
    return named(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[object, ...]:
    callback = finding.callback
    return (
        finding.primary.path, finding.primary.line, finding.primary.column, finding.rule,
        finding.subject.name if finding.subject else "",
        callback.slot if callback else "", callback.function if callback else "",
    )  # fmt: skip
