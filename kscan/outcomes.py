# SPDX-License-Identifier: GPL-2.0-only
"""The outcomes of several states of the source: kept from the last run, or found by an audit.

An audit takes over what the one before knows where the two trees stand on one base.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kscan.audit import Audit
from kscan.audit import Options as AuditOptions
from kscan.change.answers import AskedTree, Questions
from kscan.change.commits import differing, is_akin
from kscan.change.contents import Contents
from kscan.change.functions import MOST_FILES
from kscan.change.kept import Kept, key_of
from kscan.change.outcome import Outcome, window_of
from kscan.model import Skip, TreeInfo
from kscan.program.program import Program
from kscan.rules import Rule
from kscan.source.patched import PatchedTree
from kscan.source.tree import Tree


@dataclass
class Outcomes:
    """The outcomes of trees under one set of options."""

    options: AuditOptions
    rules: tuple[Rule, ...]
    asked: tuple[str, ...]
    """What they depend on besides the source and kscan itself."""
    kept: Kept
    progress: Callable[[str], None]
    jobs: int | None = None
    _contents: Contents = field(default_factory=Contents)
    _last: tuple[AskedTree, Audit] | None = None

    def of(self, tree: Tree, beside: Callable[[], Callable[[], None]] | None = None) -> Outcome:
        """The outcome for `tree`, kept where it is a commit that can be read whole.

        If it has to be found, what `beside` returns is done in another thread meanwhile.
        """
        key = key_of("outcome", [tree], *self.asked)
        known = self.kept.recall(key, Outcome)
        if known is not None:
            return known
        asked, audit = self._begun(tree)
        errand = beside() if beside is not None else lambda: None
        with ThreadPoolExecutor(1) as threads:
            errands = threads.submit(errand)
            outcome = outcome_of(audit, self.rules, asked.questions)
            errands.result()
        if not tree.skips:
            self.kept.keep(key, outcome)
        return outcome

    def audit_of(self, tree: Tree) -> Audit:
        """An audit of `tree`: the last one, if it was that."""
        if self._last is not None and self._last[0].tree is tree:
            return self._last[1]
        return self._begun(tree)[1]

    def _begun(self, tree: Tree) -> tuple[AskedTree, Audit]:
        asked = AskedTree(tree, self._contents)
        earlier = self._earlier(asked)
        self._last = None  # what nobody takes over is let go of first
        audit = Audit(asked, self.options, self.kept, self.progress, self.jobs, earlier=earlier)
        self._last = (asked, audit)
        return self._last

    def _earlier(self, asked: AskedTree) -> tuple[Program, frozenset[str]] | None:
        """The last program, and the files in which `asked` differs; None for too many.

        What is taken over rests on questions that are questions of `asked` then.
        """
        if self._last is None or not isinstance(asked.tree, PatchedTree):
            return None
        known, audit = self._last
        if not is_akin(known.tree, asked.tree):
            return None
        differences = differing(known.tree, asked.tree)
        changed = {path for c in differences for path in (c.old, c.new) if path is not None}
        if len(changed) > MOST_FILES:
            return None
        asked.questions.include(known.questions)
        return audit.program, frozenset(changed)


def outcome_of(audit: Audit, rules: tuple[Rule, ...], questions: Questions) -> Outcome:
    """What `audit` finds, as values that outlive it."""
    windows = tuple(window_of(case) for case in audit.cases)
    is_kernel = any(not window.note for window in windows)
    findings = audit.findings(rules) if is_kernel else []
    info = audit.info() if is_kernel else TreeInfo("", "")
    return Outcome(
        findings=tuple(findings),
        windows=windows,
        scenario=info.scenario,
        scenario_note=info.scenario_note,
        skips=by_path((*audit.tree.skips, *audit.reader.skips, *audit.failed)),
        stats=audit.stats(),
        questions=questions,
    )


def by_path(skips: Sequence[Skip]) -> tuple[Skip, ...]:
    """`skips`, one for each path, sorted."""
    return tuple(sorted({skip.path: skip for skip in skips}.values(), key=lambda s: s.path))
