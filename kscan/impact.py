# SPDX-License-Identifier: GPL-2.0-only
"""The second use case: a range, and what it does to drivers it does not touch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from kscan.audit import Audit
from kscan.audit import Options as AuditOptions
from kscan.change.answers import Questions, answers_stand
from kscan.change.commits import Attribution, Stage, attribution, blamed
from kscan.change.drivers import Share
from kscan.change.ends import Ends
from kscan.change.functions import MOST_FILES, Bodies
from kscan.change.kept import Kept, key_of
from kscan.change.others import Others, names_above, search_ahead
from kscan.change.outcome import Outcome, stands_beside
from kscan.change.reach import already, called, delta, shifts, still
from kscan.change.renames import Renames
from kscan.change.settle import Settled, settled, siblings, standing
from kscan.change.sight import drivers_lost, out_of_sight
from kscan.change.spelling import Spelling
from kscan.change.uncovered import uncovered
from kscan.facts.reader import Reader
from kscan.hits.findings import Known, beforehand, with_hits
from kscan.kernel.catalogue import catalogue
from kscan.model import Confidence, Finding, Impact, KscanError, Skip, Stats, TreeInfo
from kscan.outcomes import Outcomes
from kscan.program.program import Program
from kscan.progress import Progress, silent
from kscan.reachability import Reach, Shift
from kscan.rules import Rule, selected
from kscan.skips import by_path
from kscan.source.compare import ChangedPath
from kscan.source.patched import PatchedTree
from kscan.source.ranges import Range
from kscan.source.tree import C_SUFFIXES, Memory, Tree, WordTree, is_below


@dataclass(frozen=True)
class Options:
    """What a diff is asked for."""

    scenario: str = ""
    """Assume the edges of this scenario in both trees; none: as they stand."""
    rules: tuple[str, ...] = ()
    """Rule ids; none means all."""
    under: tuple[str, ...] = ()
    """Directories below the root; findings elsewhere are left out."""
    min_confidence: Confidence = Confidence.MEDIUM
    catalogues: tuple[Path, ...] = ()
    """Files with contracts of the user's own."""
    per_commit: bool = False
    """Tell which commit of the range introduces and fixes what."""
    hits: bool = True
    """Say of each introduced finding which hardware is hit, and whom to ask."""


@dataclass
class Diff:
    """One diff in progress: a range, and the outcomes of its two ends."""

    range: Range
    options: Options
    cache: Memory
    progress: Progress = silent
    jobs: int | None = None
    started: float = field(default_factory=time.monotonic)
    _beside: ExitStack = field(default_factory=ExitStack)
    """Processes that work for this diff."""
    _foreseen: Callable[[], Known] = dict

    def __post_init__(self) -> None:
        self.rules: tuple[Rule, ...] = selected(self.options.rules)
        self.catalogue = catalogue(self.options.catalogues)
        self._refuse_unknown_scenario()
        self.kept = Kept(self.cache)
        self.base_tree, self.head_tree = self.range.base, self.range.head
        self.ends = Ends(
            self.base_tree, self.head_tree, self.range.changed, self.catalogue.names, self.kept,
            lambda: self.head.questions.read,
        )  # fmt: skip
        for tree in (self.base_tree, self.head_tree):
            if isinstance(tree, WordTree):
                tree.remember(self.kept)
        audit = AuditOptions(
            as_is=not self.options.scenario,
            catalogues=self.options.catalogues,
            min_confidence=Confidence.LOW,
            hits=False,
        )
        self.outcomes = self._outcomes(audit, self._asked)

    def _outcomes(self, audit: AuditOptions, asked: tuple[str, ...]) -> Outcomes:
        given = self.kept, self.progress, self.jobs
        return Outcomes(audit, self.rules, asked, *given, self.ends.spelled)

    def impact(self) -> Impact:
        """The whole answer."""
        with self._beside:
            return self._impact()

    def _impact(self) -> Impact:
        found, share, attributed = self.findings, self.share, self.attribution
        return Impact(
            base=self._info(self.range.base, self.base),
            head=self._info(self.range.head, self.head),
            stats=self._stats,
            rules=tuple(rule.info() for rule in self.rules),
            added=self._added,
            removed=self._removed,
            shifted=self._shifted,
            introduced=blamed(self._with_hits(found.introduced), attributed.shares),
            hidden=found.hidden,
            fixed=found.fixed,
            unchanged=found.unchanged,
            uncovered=found.uncovered,
            standing=standing(found.unchanged, share.altered, self._spelling.is_all),
            siblings=siblings(found.fixed, (*found.unchanged, *found.uncovered, *found.introduced)),
            changed_functions=share.altered,
            drivers=share.drivers,
            drivers_not_listed=share.not_listed,
            commits=attributed.shares,
            passing=attributed.passing,
            skips=by_path((*self.base.skips, *self.head.skips, *self._skips_of_range)),
            skips_added=self._skips_added,
            skips_touched=tuple(skip for skip in self.head.skips if skip.path in self._touched),
            notes=self._notes,
        )

    @cached_property
    def _spelling(self) -> Spelling:
        """What the range only calls by other names."""
        return Spelling(self.ends.alterations, self.ends.renames)

    @property
    def _added(self) -> tuple[Reach, ...]:
        """What is newly run."""
        before = called(self.base.windows, self.ends.spelled(self.head_tree))
        altered, renames = self.ends.alterations.is_altered, self.ends.renames
        return delta(self.head.windows, before, altered, already(renames))

    @property
    def _removed(self) -> tuple[Reach, ...]:
        """What is no longer run; nothing where the head lacks what would tell."""
        if self._lost:
            return ()
        after = called(self.head.windows, self.ends.earlier(self.head_tree))
        altered, renames = self.ends.alterations.was_altered, self.ends.renames
        return delta(self.base.windows, after, altered, still(renames))

    @property
    def _shifted(self) -> tuple[Shift, ...]:
        """What runs later than before, or is waited for again."""
        before = called(self.base.windows, self.ends.spelled(self.head_tree))
        return shifts(self.head.windows, before)

    @property
    def base(self) -> Outcome:
        """What the base gives."""
        return self._both[0]

    @property
    def head(self) -> Outcome:
        """What the head gives: what the base gives, where nothing it was asked is changed."""
        return self._both[1]

    @cached_property
    def _both(self) -> tuple[Outcome, Outcome]:
        trees = self.base_tree, self.head_tree
        return self.outcomes.both(*trees, self._stands, self._ahead, self._foresee)

    def _stands(self, questions: Questions) -> bool:
        """The head answers all `questions` as the base does."""
        if not isinstance(self.head_tree, PatchedTree):
            return False
        return answers_stand(questions, self.base_tree, self.head_tree, self.range.changed)

    def _ahead(self) -> Callable[[], None]:
        """A search for the callers of what the range alters, to run beside an analysis.

        It is git that searches; the names to look for are found here and now. Of a large
        range they are not known before its head is analysed.
        """
        if not isinstance(self.head_tree, PatchedTree) or self.ends.is_large:
            return lambda: None
        program = Program(Reader(self.head_tree, self.kept))
        words = names_above(program, self.catalogue, self.ends.alterations.all)
        return lambda: search_ahead(self.head_tree, words)

    def _foresee(self, audit: Audit) -> None:
        """Has another process look up who is hit, where the range changes what a window runs."""
        changed = {change.new for change in self.range.changed}
        with suppress(KscanError):  # what is wrong with a window, its outcome tells
            if self.options.hits and any(changed & case.core for case in audit.cases):
                near = {path for case in audit.cases for path in (*case.registering, *case.core)}
                sources = sorted(path for path in near if path.endswith(".c"))
                alone = frozenset(path for case in audit.cases for path in case.core)
                ahead = beforehand(self.head_tree, sources, alone, nice=15)
                self._foreseen = self._beside.enter_context(ahead)

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        """What the answers depend on besides the source."""
        extra = (path.read_text("utf-8", "replace") for path in self.options.catalogues)
        return (self.options.scenario, *(rule.id for rule in self.rules), *extra)

    @cached_property
    def findings(self) -> Settled:
        """The findings of both ends, compared."""
        ends = Stage(self.base_tree, self.base), Stage(self.head_tree, self.head)
        found = self._settled(*ends, self.ends.renames)
        if not self._lost:
            return found
        introduced = (*found.introduced, *found.uncovered)  # by what is fixed, and nothing is
        return replace(found, introduced=introduced, fixed=(), uncovered=())

    def _settled(self, old: Stage, new: Stage, renames: Renames) -> Settled:
        base, head = (self._below(stage.outcome.findings) for stage in (old, new))
        found = settled(base, head, renames, self.options.min_confidence)
        earlier = self.ends.earlier(new.tree)
        windows = {window.api: window for window in called(new.outcome.windows, earlier)}
        faded = out_of_sight(found.fixed, windows, renames)
        fixed = tuple(finding for finding in found.fixed if finding not in faded)
        found = replace(found, fixed=fixed, faded=faded)
        return uncovered(found, lambda: self._laid_open(old.tree), renames)

    def _laid_open(self, tree: Tree) -> tuple[Finding, ...]:
        """The findings of `tree`, with those that others hide; its program is let go of."""
        options = replace(self.outcomes.options, uncovering=True)
        asked = (*self._asked, "uncovering")
        return self._outcomes(options, asked).of(tree).findings

    @cached_property
    def _lost(self) -> tuple[Skip, ...]:
        """Functions that the catalogue rests on and the head lacks: findings fade with them."""
        places = dict(self.ends.removed)
        places |= {name: places.get(name, name) for name in self._unregistered}
        told = "and the catalogue rests on it: nothing counts as fixed, or as no longer run"
        return tuple(
            Skip(path, f"{name}() is removed by the range, {told}")
            for name, path in sorted(places.items())
        )

    @cached_property
    def _unregistered(self) -> frozenset[str]:
        """Registration functions of the base that are none in the head."""
        known = {window.api for window in self.base.windows if not window.note}
        return frozenset(w.api for w in self.head.windows if w.note and w.api in known)

    def _below(self, findings: Sequence[Finding]) -> list[Finding]:
        return [f for f in findings if is_below(f.primary.path, self.options.under)]

    @cached_property
    def attribution(self) -> Attribution:
        """What each commit does; nothing where it was not asked for."""
        if not self.options.per_commit:
            return Attribution((), ())
        first = Stage(self.base_tree, self.base)
        return attribution(first, self.range.steps(), self.outcomes.of, self._compared)

    def _compared(self, old: Stage, new: Stage, changed: Sequence[ChangedPath]) -> Settled:
        before, after = (Bodies(Reader(stage.tree, self.kept)) for stage in (old, new))
        return self._settled(old, new, Renames(before, after, changed))

    @cached_property
    def share(self) -> Share:
        """The altered functions, and the other drivers they concern."""
        key = key_of("share", [self.base_tree, self.head_tree], *self._asked)
        known = self.kept.recall(key, Share)
        if known is None:
            self.progress("looking for the drivers that the range concerns")
            known = self._others.share(self.ends.alterations.all)
            self.kept.keep(key, known)
        return known

    @property
    def _others(self) -> Others:
        audit = self.outcomes.audit_of(self.head_tree)
        cases = tuple(c for c in audit.cases if c.contract.register not in self._unregistered)
        return Others(audit.program, audit.catalogue, cases, self._touched)

    @cached_property
    def _touched(self) -> frozenset[str]:
        """The files that the range adds or edits."""
        return frozenset(c.new for c in self.range.changed if c.new is not None)

    def _info(self, tree: Tree, outcome: Outcome) -> TreeInfo:
        return TreeInfo(
            tree.name,
            tree.kernel_version(),
            tree.commit,
            outcome.scenario,
            outcome.scenario_note if self._concerns_scenarios(outcome) else "",
        )

    def _concerns_scenarios(self, outcome: Outcome) -> bool:
        """A scenario is assumed, or the range edits files beside those one could run.

        Or what one would run that does not run so far.
        """
        if self.options.scenario or not frozenset(outcome.assumable).isdisjoint(self._edited):
            return True
        named = {scenario.contract for scenario in self.catalogue.scenarios}
        apis = {c.register for c in self.catalogue.contracts if c.name in named}
        windows = called(outcome.windows, self.ends.earlier(self.head_tree))
        return stands_beside(windows, apis, self._edited)

    @property
    def _edited(self) -> Iterator[str]:
        """The files that the range adds, edits or removes."""
        return (path for c in self.range.changed for path in (c.old, c.new) if path is not None)

    def _with_hits(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if not (findings and self.options.hits):
            return findings
        named = (f"{finding.fingerprint} {finding.before}" for finding in findings)
        key = key_of("hits", [self.head_tree], *named, *self._asked)
        known = self.kept.recall(key, tuple[Finding, ...])
        if known is None:
            self.progress("looking for the hardware that is hit")
            known = with_hits(self.head_tree, findings, self._foreseen(), self.jobs)
            if not self.head.failed:  # such findings may lack a fix
                self.kept.keep(key, known)
        return known

    @property
    def _stats(self) -> Stats:
        considered = sum(path.endswith(C_SUFFIXES) for path in self.head_tree.paths())
        seconds = round(time.monotonic() - self.started, 3)
        return replace(self.head.stats, files_considered=considered, seconds=seconds)

    @property
    def _skips_added(self) -> tuple[Skip, ...]:
        before = {skip.path for skip in self.base.skips}
        added = (skip for skip in self.head.skips if skip.path not in before)
        return by_path((*added, *self._skips_of_range))

    @property
    def _skips_of_range(self) -> tuple[Skip, ...]:
        """Parts of the range that were not applied, and what it takes from under the findings."""
        faded = drivers_lost(self.findings.faded, self.ends.renames)
        return (*self.range.skips, *self._lost, *faded)

    @property
    def _notes(self) -> tuple[str, ...]:
        left_out = self.ends.alterations.not_compared
        told = [
            f"{left_out} of {left_out + MOST_FILES} changed C files were not compared function "
            "by function"
        ]
        silent = [
            f"{end}: {window.note}"
            for end, outcome in (("base", self.base), ("head", self.head))
            for window in outcome.windows
            if window.note and window.api not in self._unregistered
        ]
        anew = self.ends.told if self.names_anew else ()
        same = [] if self.range.changed else ["base and head are the same: nothing is changed"]
        return (*same, *self.range.notes, *silent, *anew, *(told if left_out else []))

    @property
    def names_anew(self) -> bool:
        """The range gives new names to what the catalogue knows."""
        return bool(self.ends.spelled(self.head_tree))

    def _refuse_unknown_scenario(self) -> None:
        known = [scenario.name for scenario in self.catalogue.scenarios]
        if self.options.scenario and self.options.scenario not in known:
            raise KscanError(f"no scenario {self.options.scenario!r}: known are {', '.join(known)}")
