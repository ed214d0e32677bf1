# SPDX-License-Identifier: GPL-2.0-only
"""The rules at work on the windows of one tree, shared out between processes.

This one walks the case with most to do, whose drivers are shared out one by one afterwards.
Every other case is for one process, from the search for its registrations to what a report
says of it, and others begin with them meanwhile.  All take turns, because what there is to do
costs very unlike amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from kscan.checking import FAILURES, Checking, Failure
from kscan.facts.reader import Reader, Readings
from kscan.hazards.case import Case
from kscan.hazards.told import Told, told
from kscan.model import Finding, Skip
from kscan.progress import silent
from kscan.rules import Rule, shared_out
from kscan.source.apart import apart
from kscan.source.tree import Tree
from kscan.workers import Turns, may_fork, processes

FEWEST_FILES = 5_000
"""Files of a tree below which a second process takes longer to start than to do without."""
MOST_PROCESSES = 4
"""More than these would hardly be faster: each has the core of the kernel to read by itself."""

Answer = tuple[list[Finding], list[Told]]
"""Findings in the order of every report, and what is told of each case."""


Task = Callable[[], list[Finding]]
"""Work for whichever process comes for it first."""


@dataclass(frozen=True)
class Part:
    """What one process has done for another."""

    done: list[int]
    findings: list[Finding]
    failures: list[Failure]
    left_out: list[Skip]
    told: dict[int, Told]
    readings: Readings


@dataclass
class Sharing:
    """Processes that check `rules` together."""

    reader: Reader
    checking: Checking
    rules: tuple[Rule, ...]
    _tasks: list[Task] = field(default_factory=list)
    _done: list[int] = field(default_factory=list)
    """Numbers of tasks that somebody has taken on, as far as this process knows."""
    _told: dict[int, Told] = field(default_factory=dict)
    """What was told of cases, by their numbers."""

    @contextmanager
    def between(self, jobs: int | None) -> Iterator[Callable[[], Answer]]:
        """Begins with as many processes as `jobs` allows; what it yields waits for the answer."""
        with ExitStack() as stack:
            yield self._begun(stack, jobs) if may_share(self.reader.tree, jobs) else self._alone

    def _begun(self, stack: ExitStack, jobs: int | None) -> Callable[[], Answer]:
        """Walks one case beside those who begin with the others, who have all that is left then."""
        try:
            first, further = self._parted()
        except FAILURES:  # the rules that ask for it say why
            return self._alone
        beside = min(processes(jobs), MOST_PROCESSES) - 1
        turns, meanwhile = self._beside(stack, beside, further)
        left = self._walked(first, turns)
        turns, afterwards = self._beside(stack, min(beside, len(left) - 1), left)
        return partial(self._joined, turns, [*meanwhile, *afterwards])

    def _parted(self) -> tuple[Case, list[int]]:
        """The case with most to do, and all others, the longest first, as tasks."""
        cases = self.checking.cases
        first, *others = sorted(range(len(cases)), key=lambda number: -_weight(cases[number]))
        if others:
            settle(cases)
        return cases[first], [self._task(partial(self._whole, number)) for number in others]

    def _task(self, task: Task) -> int:
        """The number of `task`, which is to be done from now on."""
        self._tasks.append(task)
        return len(self._tasks) - 1

    def _beside(
        self, stack: ExitStack, most: int, numbers: Sequence[int]
    ) -> tuple[Turns, list[Callable[[], Part | None]]]:
        """The tasks `numbers` as turns, and at most `most` processes that take some of them.

        For each of those what waits for its part.
        """
        turns = stack.enter_context(closing(Turns(numbers)))
        work, tree = partial(self._part, turns), self.reader.tree
        return turns, [stack.enter_context(apart(tree, work)) for _ in numbers[:most]]

    def _walked(self, case: Case, meanwhile: Turns) -> list[int]:
        """Walks `case`: what is to be done then, of which some is left of `meanwhile`."""
        each, others = shared_out(self.rules)
        with suppress(FAILURES):  # the rules that ask for it say why
            _walk(case)
            settle([case])
        window = self._task(partial(self.checking.of_window, others, case))
        drivers = self.checking.drivers(case) if each else []
        last = [self._task(partial(self.checking.of_drivers, each, case, few)) for few in drivers]
        return [window, *meanwhile, *last]

    def _alone(self) -> Answer:
        return self.checking.findings(self.rules), self._all_told()

    def _all_told(self) -> list[Told]:
        """What is told of each case, by whom that was asked for first."""
        cases = enumerate(self.checking.cases)
        return [self._told.get(number) or told(case) for number, case in cases]

    def _do(self, numbers: Iterable[int]) -> list[Finding]:
        """Does the tasks `numbers`, each noted before anybody goes on with it."""
        found: list[Finding] = []
        for number in numbers:
            self._done.append(number)
            found += self._tasks[number]()
        return found

    def _whole(self, number: int) -> list[Finding]:
        """All that there is to do for the case `number`."""
        case = self.checking.cases[number]
        found = self.checking.of_case(self.rules, case)
        self._told[number] = told(case)
        return found

    def _part(self, turns: Turns) -> Part:
        """What another process does, for the one that asked for it."""
        checking = self.checking
        checking.progress = silent
        known = frozenset(self.reader.units)
        found = self._do(turns)
        return Part(
            self._done, found, checking.failures, checking.left_out, self._told,
            self.reader.beyond(known),
        )  # fmt: skip

    def _joined(self, turns: Turns, others: Sequence[Callable[[], Part | None]]) -> Answer:
        """All together; does what a process that was ended had taken on."""
        found, left_out = self._do(turns), list[Skip]()
        for part in filter(None, [other() for other in others]):
            found += part.findings
            left_out += part.left_out
            self._done += part.done
            self._told.update(part.told)
            self.reader.take(part.readings)
            self.checking.failures += part.failures
        found += self._do(sorted(set(range(len(self._tasks))).difference(self._done)))
        return self.checking.in_order(found, left_out), self._all_told()


def _walk(case: Case) -> None:
    """Finds all callbacks of `case`, which every process needs to know."""
    for registration in case.registrations:
        case.window.callbacks(registration)


def _weight(case: Case) -> int:
    """How much there may be to do for `case`: callbacks of all its registrations, by and large."""
    path = case.registering[0] if case.registering else ""
    records = (case.program.record(tag, path) for tag in case.contract.tables)
    members = sum(len(record.fields) for record in records if record is not None)
    walked = 2 if case.contract.window == "call" else 1
    return len(case.registering) * (members or 1) * walked


def may_share(tree: Tree, jobs: int | None) -> bool:
    """Other processes may work beside this one, and `tree` has enough for them to do."""
    return may_fork(jobs) and len(tree.paths()) >= FEWEST_FILES


def settle(cases: Sequence[Case]) -> None:
    """Waits for searches under way: a process forks when no thread is at work."""
    for case in cases:
        case.settle()
