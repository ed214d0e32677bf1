# SPDX-License-Identifier: GPL-2.0-only
"""Which commit does what, and which commits are passed over unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from made_findings import BAR, finding
from small_trees import Made, changed

from kscan.change.answers import Questions
from kscan.change.commits import Attribution, Stage, attribution, differing
from kscan.change.functions import Bodies
from kscan.change.outcome import Outcome
from kscan.change.renames import Renames
from kscan.change.settle import Settled, settled
from kscan.change.uncovered import uncovered
from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.model import Confidence, Finding, Stats
from kscan.source.compare import ChangedPath
from kscan.source.directory import DirectoryTree
from kscan.source.repository import CommitRef
from kscan.source.tree import Tree

A = finding()
B = finding(BAR, "bar_probe", callback="bar_of_xlate")
LONG = "".join(f"int bar_{n}(void)\n{{\n\treturn {n};\n}}\n" for n in range(9))


def outcome(*findings: Finding) -> Outcome:
    """What an analysis that read only ``core.c`` gives."""
    return Outcome(findings, (), "as-is", "", (), Stats(), Questions(read={"core.c"}))


@dataclass
class Walk:
    """A range whose trees and findings are given."""

    base: DirectoryTree
    states: list[dict[str, str | None]]
    findings: dict[str, tuple[Finding, ...]]
    """By the text of ``core.c``."""
    analysed: list[str] = field(default_factory=list)
    hidden: tuple[Finding, ...] = ()
    """In every state, where they are not shown."""

    def told(self) -> Attribution:
        steps = [
            (CommitRef(f"{number:040}", f"change {number}", ""), changed(self.base, files))
            for number, files in enumerate(self.states, 1)
        ]
        start = Stage(self.base, outcome(*self.findings["0"]))
        return attribution(start, steps, self._analysed, self._compared)

    def _analysed(self, tree: Tree) -> Outcome:
        text = tree.read("core.c").decode()
        self.analysed.append(text)
        return outcome(*self.findings[text])

    def _compared(self, old: Stage, new: Stage, changes: Sequence[ChangedPath]) -> Settled:
        before, after = (Bodies(Reader(stage.tree, NullStore())) for stage in (old, new))
        renames = Renames(before, after, changes)
        found = settled(old.outcome.findings, new.outcome.findings, renames, Confidence.MEDIUM)
        return uncovered(found, lambda: self.hidden, renames)


@pytest.fixture
def base(made: Made) -> DirectoryTree:
    return made({"core.c": "0", "bar.c": LONG})


def names(told: Attribution) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(share.introduced, share.fixed) for share in told.shares]


def test_each_commit_has_what_it_does(base: DirectoryTree) -> None:
    walk = Walk(
        base,
        [{"core.c": "1"}, {"core.c": "1", "bar.c": "int x;"}, {"core.c": "2", "bar.c": "int x;"}],
        {"0": (A,), "1": (A, B), "2": (B,)},
    )
    told = walk.told()
    assert names(told) == [((B.fingerprint,), ()), ((), ()), ((), (A.fingerprint,))]
    assert told.passing == ()
    assert [share.subject for share in told.shares] == ["change 1", "change 2", "change 3"]


def test_a_commit_that_touches_nothing_asked_about_is_not_analysed(base: DirectoryTree) -> None:
    walk = Walk(
        base,
        [{"bar.c": "int x;"}, {"bar.c": "int y;"}, {"bar.c": "int y;", "core.c": "1"}],
        {"0": (A,), "1": ()},
    )
    assert names(walk.told())[2] == ((), (A.fingerprint,))
    assert walk.analysed == ["1"]


def test_what_comes_and_goes_within_the_range_is_told_apart(base: DirectoryTree) -> None:
    walk = Walk(base, [{"core.c": "1"}, {"core.c": "2"}], {"0": (), "1": (A,), "2": ()})
    told = walk.told()
    assert names(told) == [((A.fingerprint,), ()), ((), (A.fingerprint,))]
    (passing,) = told.passing
    assert passing.finding == A
    assert passing.introduced_by.endswith("change 1") and passing.fixed_by.endswith("change 2")


def test_what_was_hidden_at_the_base_does_not_pass(base: DirectoryTree) -> None:
    mended = finding(rule="bound-only-lookup")
    walk = Walk(base, [{"core.c": "1"}, {"core.c": "2"}], {"0": (mended,), "1": (A,), "2": ()})
    walk.hidden = (A,)
    told = walk.told()
    assert names(told) == [((), (mended.fingerprint,)), ((), (A.fingerprint,))]
    assert told.passing == ()


def test_a_finding_renamed_on_the_way_keeps_one_name(base: DirectoryTree) -> None:
    path = "drivers/iommu/foo/foo.c"
    moved = finding(path)
    tree = base.root / A.primary.path
    tree.parent.mkdir(parents=True)
    tree.write_text(LONG)
    base = DirectoryTree(base.root)
    walk = Walk(
        base,
        [{"core.c": "1"}, {"core.c": "2", A.primary.path: None, path: LONG}],
        {"0": (), "1": (A,), "2": (moved,)},
    )
    told = walk.told()
    assert names(told) == [((moved.fingerprint,), ()), ((), ())]
    assert told.passing == ()


def test_files_that_differ_between_two_steps(base: DirectoryTree) -> None:
    first = changed(base, {"core.c": "1", "bar.c": None, "baz.c": LONG + "int y;\n", "new.h": "x"})
    second = changed(base, {"core.c": "1", "bar.c": LONG, "new.h": "y"})
    assert differing(base, first) == (
        ChangedPath("core.c", "core.c"),
        ChangedPath(None, "new.h"),
        ChangedPath("bar.c", "baz.c"),
    )
    assert differing(first, second) == (
        ChangedPath("new.h", "new.h"),
        ChangedPath("baz.c", "bar.c"),
    )
    assert differing(first, first) == ()
