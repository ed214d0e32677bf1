# SPDX-License-Identifier: GPL-2.0-only
"""The outcomes of several states of the source: kept from the last run, or found by an audit.

An audit takes over what the one before knows where the two trees stand on one base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from kscan.audit import Audit
from kscan.audit import Options as AuditOptions
from kscan.change.answers import AskedTree, Questions
from kscan.change.commits import differing, is_akin
from kscan.change.contents import Contents
from kscan.change.functions import MOST_FILES
from kscan.change.kept import Kept, key_of
from kscan.change.near import Near
from kscan.change.outcome import OpenWindow, Outcome, window_of
from kscan.model import Stats, TreeInfo
from kscan.program.succession import Succession, succession
from kscan.progress import Progress, silent
from kscan.rules import Rule
from kscan.skips import by_path
from kscan.source.commit import CommitTree
from kscan.source.patched import PatchedTree
from kscan.source.tree import Tree
from kscan.workers import aside, may_fork

Stands = Callable[[Questions], bool]
Errand = Callable[[], Callable[[], None]]
Foresee = Callable[[Audit], None]
Spelled = Callable[[Tree], Mapping[str, str]]


@dataclass(frozen=True)
class Begun:
    """An audit that can be asked, and what it asks its tree."""

    asked: AskedTree
    audit: Audit


@dataclass
class Outcomes:
    """The outcomes of trees under one set of options."""

    options: AuditOptions
    rules: tuple[Rule, ...]
    asked: tuple[str, ...]
    """What they depend on besides the source and kscan itself."""
    kept: Kept
    progress: Progress
    jobs: int | None = None
    spelled: Spelled = lambda _tree: {}
    """New names that functions of the catalogue have in a tree."""
    _contents: Contents = field(default_factory=Contents)
    _last: Begun | None = None

    def of(self, tree: Tree) -> Outcome:
        """The outcome for `tree`, kept where it is a commit that can be read whole."""
        known = self._kept(tree)
        return known if known is not None else self._found(tree, self._begun(tree))

    def both(
        self, base: Tree, head: Tree, stands: Stands, errand: Errand, foresee: Foresee
    ) -> tuple[Outcome, Outcome]:
        """The outcomes of the two ends of a range.

        `stands` tells whether the head answers questions as the base does: then there is one
        outcome.  What `errand` returns is done in another thread while the base is analysed.
        `foresee` is told of the head's audit before it is asked for findings, where there are
        processes beside this one.
        """
        first = self._kept(base)
        if first is not None:
            return first, first if stands(first.questions) else self.of(head)
        begun = self._begun(base)
        go = errand()
        begun.audit.settle()  # a process forks, and questions are gone through, when none is asked
        if may_fork(self.jobs) and not stands(begun.asked.questions) and self._kept(head) is None:
            return self._side_by_side(begun, head, go, foresee)
        with ThreadPoolExecutor(1) as threads:
            gone = threads.submit(go)
            first = self._found(base, begun)
            gone.result()
        return first, first if stands(first.questions) else self.of(head)

    def _side_by_side(
        self, begun: Begun, head: Tree, go: Callable[[], None], foresee: Foresee
    ) -> tuple[Outcome, Outcome]:
        """Both outcomes, the base's by a process of its own."""
        base = begun.asked.tree
        with aside(partial(_quietly, begun, self.rules)) as result:
            last = self._begun(head)
            last.audit.settle()
            foresee(last.audit)
            with ThreadPoolExecutor(1) as threads:
                gone = threads.submit(go)
                second = self._found(head, last)
                gone.result()
            first = result()
        if first is None:
            return self._found(base, self._begun(base)), second
        self._keep(base, first)
        return first, second

    def _kept(self, tree: Tree) -> Outcome | None:
        asked = self._asked(tree)
        known = self.kept.recall(key_of("outcome", [tree], *asked), Outcome)
        if known is None and isinstance(tree, CommitTree):
            known = Near(self.kept, asked).outcome(tree)
            if known is not None:
                self._keep(tree, known)
        return known

    def _keep(self, tree: Tree, outcome: Outcome) -> None:
        if not (tree.skips or outcome.failed):
            asked = self._asked(tree)
            self.kept.keep(key_of("outcome", [tree], *asked), outcome)
            if isinstance(tree, CommitTree):
                Near(self.kept, asked).note(tree)

    def _asked(self, tree: Tree) -> tuple[str, ...]:
        """What the outcome for `tree` depends on besides its source."""
        return (*self.asked, *(f"{name} {called}" for name, called in self.spelled(tree).items()))

    def _found(self, tree: Tree, begun: Begun) -> Outcome:
        outcome = outcome_of(begun.audit, self.rules, begun.asked.questions)
        self._keep(tree, outcome)
        return outcome

    def audit_of(self, tree: Tree) -> Audit:
        """An audit of `tree`: the last one, if it was that."""
        if self._last is not None and self._last.asked.tree is tree:
            return self._last.audit
        return self._begun(tree).audit

    def _begun(self, tree: Tree) -> Begun:
        asked = AskedTree(tree, self._contents)
        earlier = self._earlier(asked)
        self._last = None  # what nobody takes over is let go of first
        options = replace(self.options, spelled=tuple(self.spelled(tree).items()))
        audit = Audit(asked, options, self.kept, self.progress, self.jobs, earlier=earlier)
        self._last = Begun(asked, audit)
        return self._last

    def _earlier(self, asked: AskedTree) -> Succession | None:
        """The last program, and in what `asked` differs; None for too many files.

        What is taken over rests on questions that are questions of `asked` then.
        """
        if self._last is None or not isinstance(asked.tree, PatchedTree):
            return None
        known, audit = self._last.asked, self._last.audit
        if not is_akin(known.tree, asked.tree):
            return None
        differences = differing(known.tree, asked.tree)
        changed = {path for c in differences for path in (c.old, c.new) if path is not None}
        if len(changed) > MOST_FILES:
            return None
        asked.questions.include(known.questions)
        return succession(audit.program, known.tree, asked.tree, changed, self.kept)


def _quietly(begun: Begun, rules: tuple[Rule, ...]) -> Outcome:
    """`outcome_of` in a process that nobody watches."""
    begun.audit.progress = silent
    return outcome_of(begun.audit, rules, begun.asked.questions)


def outcome_of(audit: Audit, rules: tuple[Rule, ...], questions: Questions) -> Outcome:
    """What `audit` finds, as values that outlive it."""
    windows = tuple(window_of(case) for case in audit.cases)
    is_kernel = any(not window.note for window in windows)
    findings = audit.findings(rules) if is_kernel else []
    unseen = audit.unseen() if is_kernel else ()
    info = audit.info(advice="") if is_kernel else TreeInfo("", "")
    return Outcome(
        findings=tuple(findings),
        windows=windows,
        scenario=info.scenario,
        scenario_note=info.scenario_note or (audit.not_assumed() if is_kernel else ""),
        skips=by_path((*unseen, *audit.tree.skips, *audit.reader.skips, *audit.failed, *audit.cut)),
        stats=_stats(audit, windows),
        questions=questions.as_asked(),
        failed=bool(audit.failed),
        assumable=audit.not_run() if is_kernel else (),
    )


def _stats(audit: Audit, windows: Iterable[OpenWindow]) -> Stats:
    """How well the files that matter could be parsed: the same whatever was known before.

    Those are the files that name what a contract is about, and those that a window reaches.
    """
    searched = {path for case in audit.cases for path in case.window.tables.paths}
    reached = {place.path for window in windows for slot in window.slots for place in slot.way}
    paths = searched | reached
    functions = [f for path in paths for f in audit.reader.unit(path).functions]
    return Stats(
        files_parsed=len(paths),
        functions=len(functions),
        functions_with_errors=sum(function.broken for function in functions),
    )
