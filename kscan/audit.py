# SPDX-License-Identifier: GPL-2.0-only
"""The first use case: one tree, and the drivers at risk in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kscan.checking import FAILURES, Checking
from kscan.facts.reader import Reader
from kscan.hazards.case import Case
from kscan.hazards.told import ADVICE, Told
from kscan.hazards.unseen import assumption, unseen
from kscan.hits.findings import beforehand, with_hits
from kscan.kernel.catalogue import Catalogue, catalogue
from kscan.kernel.contracts import Contract, Scenario
from kscan.model import Confidence, Finding, Report, Skip, Stats, TreeInfo
from kscan.program.program import Program
from kscan.program.succession import Succession, take_over
from kscan.program.tables import Tables
from kscan.progress import Progress, silent
from kscan.rules import Rule, selected
from kscan.sharing import Sharing, may_share, settle
from kscan.skips import by_path
from kscan.source.open import open_tree
from kscan.source.search import functions_around
from kscan.source.tree import C_SUFFIXES, Memory, Tree, WordTree
from kscan.window.callers import Callers, calls_it
from kscan.window.window import Window


@dataclass(frozen=True)
class Options:
    """What an audit is asked for."""

    as_is: bool = False
    """Leave out the scenario's edges."""
    rules: tuple[str, ...] = ()
    """Rule ids; none means all."""
    under: tuple[str, ...] = ()
    """Directories below the root; findings elsewhere are left out."""
    min_confidence: Confidence = Confidence.MEDIUM
    catalogues: tuple[Path, ...] = ()
    """Files with contracts of the user's own."""
    hits: bool = True
    """Say of each finding which hardware is hit, and whom to ask."""
    uncovering: bool = False
    """Find what other findings hide, too."""
    spelled: tuple[tuple[str, str], ...] = ()
    """Functions of the catalogue that have a new name in this tree, and that name."""


@dataclass
class Audit:
    """One audit in progress: its tree, and the cases of its contracts."""

    tree: Tree
    options: Options
    cache: Memory
    progress: Progress = silent
    jobs: int | None = None
    """Processes that may work; by default one per processor."""
    only: str = ""
    """Only the contract of this registration function."""
    remembering: bool = True
    """Take answers to searches from the last run: worth it where there was one."""
    earlier: Succession | None = None
    """The program of a tree much like this one, to be taken over."""
    started: float = field(default_factory=time.monotonic)
    failed: list[Skip] = field(default_factory=list)
    """What rules failed at."""
    cut: list[Skip] = field(default_factory=list)
    """What they did not look at."""

    def __post_init__(self) -> None:
        known = catalogue(self.options.catalogues)
        self.catalogue: Catalogue = known.spelled(dict(self.options.spelled))
        if self.remembering and isinstance(self.tree, WordTree):
            self.tree.remember(self.cache)
        self.reader = Reader(self.tree, self.cache)
        self.program = Program(self.reader)
        if self.earlier is not None:
            take_over(self.program, self.earlier)
        self.callers = Callers(self.program)
        cases = self._all_cases(self._contracts())
        named = [case for case in cases if case.registering]
        self.cases = _walkable(named) or tuple(cases[:1])
        self.absent = tuple(c.contract.register for c in cases if c not in (*named, *self.cases))
        """Registration functions that nobody names in this tree."""
        self.undefined = tuple(c.contract for c in named if c not in self.cases)
        """Contracts whose function somebody calls and nobody defines."""

    def _contracts(self) -> tuple[Contract, ...]:
        if self.only:
            return (self.catalogue.contract(self.only),)
        return self.catalogue.contracts

    def _scenario(self, contract: Contract) -> Scenario | None:
        if self.options.as_is:
            return None
        return next((s for s in self.catalogue.scenarios if s.contract == contract.name), None)

    def _all_cases(self, contracts: tuple[Contract, ...]) -> list[Case]:
        """The cases of `contracts`: they share one search, and one for who calls what registers."""
        names = ", ".join(contract.register for contract in contracts)
        self.progress(f"searching {self.tree.name} for {names}")
        self._search_ahead(contracts)
        cases = [self._case(contract) for contract in contracts]
        files = {path for case in cases for path in case.searched}
        self.progress(f"reading {len(files):,} files for {names}")
        named = ((case.contract.register, case.registering) for case in cases)
        self.callers.search_ahead({f for name, paths in named for f in self._around(name, paths)})
        return cases

    def _case(self, contract: Contract) -> Case:
        scenario = self._scenario(contract)
        paths = tuple(self.tree.files_with(self._words(contract)))
        self.program.prefetch()
        tables = Tables(self.program, paths)
        window = Window(self.program, self.catalogue, contract, tables, scenario)
        naming = [path for path in paths if self.reader.names(path, contract.register.encode())]
        wanted = paths if window.follows else naming
        registering = tuple(path for path in naming if self._may_register(path, contract.register))
        return Case(
            self.program,
            self.catalogue,
            window,
            tuple(wanted),
            registering,
            self.callers,
            self.options.uncovering,
        )

    def _around(self, name: str, paths: tuple[str, ...]) -> set[str]:
        """Functions in `paths` that may call `name`, as far as text tells, and others may call."""
        word = name.encode()
        found = {one for path in paths for one in functions_around(self.tree.read(path), word)}
        return {one.decode("ascii", "replace") for one in found - {word}}

    def _words(self, contract: Contract) -> list[str]:
        """What a file names that has to do with `contract`."""
        scenario = self._scenario(contract)
        return sorted(contract.words | (scenario.words if scenario is not None else set()))

    def _may_register(self, path: str, name: str) -> bool:
        """`path`, which names the function, is a C file, or a header that calls it."""
        return path.endswith(".c") or calls_it(self.program, path, name)

    def _search_ahead(self, contracts: tuple[Contract, ...]) -> None:
        """One search for everything that is asked for later: the tree remembers it."""
        words = {word for contract in contracts for word in self._words(contract)}
        for contract in () if self.only else contracts:
            configured = self.catalogue.devices.configured_by(contract.name)
            words.update(configured.functions if configured is not None else ())
        if isinstance(self.tree, WordTree):
            self.tree.files_by_word(sorted(words))

    def findings(self, rules: tuple[Rule, ...]) -> list[Finding]:
        """What the rules find, in a fixed order, with fingerprints."""
        return self._checking().findings(rules)

    def _checking(self, shown_from: int = 0) -> Checking:
        """The rules at work here; what is less certain than `shown_from` gets no fix."""
        under = self.options.under
        return Checking(self.cases, under, shown_from, self.progress, self.failed, self.cut)

    def unseen(self) -> Iterator[Skip]:
        """Registrations whose callbacks, or some of them, nobody looked at."""
        yield from self._undefined()
        for case in self.cases:
            yield from unseen(case)

    def _undefined(self) -> Iterator[Skip]:
        for contract in self.undefined:
            why = f"{contract.register}() is not defined here: nothing inside it is looked at"
            yield Skip(f"contract {contract.name}", why)

    def info(self, advice: str = ADVICE) -> TreeInfo:
        """Which source this is, and what was assumed of it, with `advice`."""
        return self._info([assumption(case.window, advice) for case in self.cases])

    def _info(self, assumed: Iterable[str]) -> TreeInfo:
        note = " ".join(assumed).strip()
        scenarios = [c.window.scenario.name for c in self.cases if c.window.scenario]
        return TreeInfo(
            self.tree.name,
            self.tree.kernel_version(),
            self.tree.commit,
            scenarios[0] if scenarios else "as-is",
            note,
        )

    def not_assumed(self) -> str:
        """What scenarios of the catalogue would add to this tree, where none was asked for."""
        return " ".join(
            f"As it stands, the tree lacks {', '.join(map(str, lacking))}: "
            f"--scenario {scenario.name} assumes it."
            for window, scenario in self._assumable()
            if (lacking := window.lacking(scenario))
        )

    def not_run(self) -> tuple[str, ...]:
        """The files of what such scenarios would have a registration run."""
        found = (path for window, one in self._assumable() for path in window.newly(one))
        return tuple(sorted(frozenset(found)))

    def _assumable(self) -> Iterator[tuple[Window, Scenario]]:
        """The scenarios that nobody asked for."""
        for case in self.cases:
            for scenario in self.catalogue.scenarios:
                if case.window.scenario is None and scenario.contract == case.contract.name:
                    yield case.window, scenario

    def stats(self) -> Stats:
        """What it cost and covered."""
        functions = [f for unit in self.reader.units.values() for f in unit.functions]
        return Stats(
            files_considered=sum(path.endswith(C_SUFFIXES) for path in self.tree.paths()),
            files_parsed=len(self.reader.units) - len(self.reader.skipped),
            cache_hits=len(self.reader.stored),
            functions=len(functions),
            functions_with_errors=sum(f.broken for f in functions),
            seconds=round(time.monotonic() - self.started, 3),
        )

    def report(self) -> Report:
        """The whole answer."""
        rules = selected(self.options.rules)
        least, likely = self.options.min_confidence.rank, self._likely
        sharing = Sharing(self.reader, self._checking(least), rules).between(self.jobs)
        with beforehand(self.tree, likely, self._core if likely else ()) as hits, sharing as answer:
            findings, told = answer()
            kept = tuple(f for f in findings if f.confidence.rank >= least)
            if self.options.hits and kept:
                self.progress("looking for the hardware that is hit")
                kept = with_hits(self.tree, kept, hits(), self.jobs)
        unseen = (*self._undefined(), *(skip for one in told for skip in one.unseen))
        skipped = (*unseen, *self.tree.skips, *self.reader.skips, *self.failed, *self.cut)
        return Report(
            tree=self._info(one.assumption for one in told),
            stats=self.stats(),
            rules=tuple(rule.info() for rule in rules),
            findings=kept,
            window=tuple(entry for one in told for entry in one.window),
            skips=by_path(skipped),
            hidden=len(findings) - len(kept),
            notes=tuple(dict.fromkeys(self._notes(told))),
        )

    def _notes(self, told: Iterable[Told]) -> Iterator[str]:
        """What contracts say that this tree knows nothing of."""
        for name in self.absent:
            yield f"{name}() is not in this tree, nor who calls it"
        for one in told:
            yield from one.misfits

    def suspects(self) -> list[str]:
        """Files that findings may stand in: what registers, and what configures a device's DMA."""
        drivers = {path for case in self.cases for path in case.registering}
        configuring = {p for case in self.cases if case.configured for p in case.configured.paths}
        return sorted(drivers | configuring)

    @property
    def _core(self) -> frozenset[str]:
        """Of `suspects`, those that the registration itself runs, and others like them."""
        return frozenset(path for case in self.cases if case.configured for path in case.core)

    @property
    def _likely(self) -> list[str]:
        """`suspects`, where there may be findings and another process to ask about them."""
        if self.options.rules or not (self.options.hits and may_share(self.tree, self.jobs)):
            return []
        try:
            self.settle()
            return self.suspects() if any(case.stores_afterwards for case in self.cases) else []
        except FAILURES:  # the rules that ask for it say so
            return []

    def settle(self) -> None:
        """Waits for searches under way: a process forks when no thread is at work."""
        settle(self.cases)


def audit(
    tree: Path | str | Tree,
    *,
    as_is: bool = False,
    min_confidence: str = "medium",
    cache: bool = True,
) -> Report:
    """The report on `tree`, a directory or an opened tree; raises `KscanError` for bad input."""
    from kscan.facts.store import NullStore, Store  # noqa: PLC0415 - sqlite3 only where it is used

    opened = open_tree(tree) if isinstance(tree, Path | str) else tree
    options = Options(as_is=as_is, min_confidence=Confidence(min_confidence))
    store = Store() if cache else NullStore()
    return Audit(opened, options, store).report()


def _walkable(cases: list[Case]) -> tuple[Case, ...]:
    """Those of `cases` whose window can be walked here; the first where that holds for none."""
    if len(cases) == 1:
        return tuple(cases)
    return tuple(case for case in cases if case.window.is_walkable) or tuple(cases[:1])
