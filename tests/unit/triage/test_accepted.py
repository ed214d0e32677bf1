# SPDX-License-Identifier: GPL-2.0-only
"""Findings that somebody accepted: suppressions mark them, a baseline hides them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from made_findings import BAR, FOO, finding
from report import samples

from kscan.config import Suppress
from kscan.model import (
    Before,
    CommitShare,
    Confidence,
    Effect,
    Finding,
    KscanError,
    Passing,
    Severity,
    Suppression,
)
from kscan.triage.accept import accepted_impact
from kscan.triage.baseline import View, read_baseline, written
from kscan.triage.suppress import Suppressions

TODAY = date(2026, 5, 1)
RULES = ("late-global", "late-drvdata")


def reasons(entries: list[Suppress], *findings: Finding) -> list[str | None]:
    marked = Suppressions(entries, TODAY).marked(findings)
    return [f.suppressed.reason if f.suppressed else None for f in marked]


@pytest.mark.parametrize(
    ("entry", "fits_it"),
    [
        (Suppress("r", rule="late-global"), True),
        (Suppress("r", rule="late-drvdata"), False),
        (Suppress("r", path=FOO), True),
        (Suppress("r", path="drivers/*"), True),
        (Suppress("r", path="iommu/foo-iommu.c"), False),
        (Suppress("r", path="drivers/iommu/foo-iommu.c.orig"), False),
        (Suppress("r", function="foo_probe"), True),
        (Suppress("r", function="foo_of_*"), True),
        (Suppress("r", function="foo"), False),
        (Suppress("r", path=FOO, function="bar_probe"), False),
    ],
)
def test_what_an_entry_accepts(entry: Suppress, fits_it: bool) -> None:
    assert reasons([entry], finding()) == (["r"] if fits_it else [None])


def test_the_first_entry_that_fits_gives_the_reason() -> None:
    entries = [Suppress("bar's", path=BAR), Suppress("all", rule="late-global")]
    assert reasons(entries, finding(), finding(BAR)) == ["all", "bar's"]


def test_an_accepted_finding_says_where_it_was_accepted() -> None:
    (marked,) = Suppressions([Suppress("r", path=FOO)], TODAY).marked([finding()])
    assert marked.suppressed == Suppression("kscan.toml", "r")
    given = Suppressions([Suppress("r", path=FOO), Suppress("r", path=BAR)], TODAY, "ours.toml")
    (marked,) = given.marked([finding()])
    assert marked.suppressed == Suppression("ours.toml", "r")
    assert given.notes(RULES, View()) == (f"ours.toml: suppress[1] ({BAR}) matched nothing",)


def test_an_entry_holds_on_its_last_day_and_no_longer() -> None:
    assert reasons([Suppress("r", path=FOO, expires=TODAY)], finding()) == ["r"]
    gone = Suppressions([Suppress("r", path=FOO, expires=date(2026, 4, 30))], TODAY)
    assert gone.marked([finding()]) == (finding(),)
    assert gone.notes(RULES, View()) == (f"kscan.toml: suppress[0] ({FOO}) expired on 2026-04-30",)


def test_an_entry_that_matched_nothing_is_told_unless_its_rule_was_not_applied() -> None:
    entries = [
        Suppress("r", rule="late-global"),
        Suppress("r", rule="late-drvdata", function="foo_probe"),
        Suppress("r", rule="unguarded-driver"),
    ]
    suppressions = Suppressions(entries, TODAY)
    suppressions.marked([finding()])
    assert suppressions.notes(RULES, View()) == (
        "kscan.toml: suppress[1] (late-drvdata, foo_probe()) matched nothing",
    )


def test_a_baseline_hides_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "baseline.jsonl"
    file.write_text(written([finding(), finding(BAR)], View()))
    baseline = read_baseline(file)
    kept, hidden = baseline.split([finding(line=90), finding(rule="late-state")])
    assert kept == (finding(rule="late-state"),)
    assert hidden == 1
    assert baseline.unmatched([finding()], View()) == 1


def test_a_baseline_tells_what_is_worse_now(tmp_path: Path) -> None:
    file = tmp_path / "baseline.jsonl"
    mild = replace(finding(), severity=Severity.WARNING, effect=Effect.DECLINED)
    file.write_text(written([mild], View()))
    kept, hidden = read_baseline(file).split([replace(mild, effect=Effect.CRASH)])
    assert hidden == 0
    assert kept[0].before == Before(Severity.WARNING, Effect.DECLINED, f"accepted in {file}")
    for as_bad in (Effect.DECLINED, Effect.WRONG_VALUE, Effect.WARN):
        assert read_baseline(file).split([replace(mild, effect=as_bad)]) == ((), 1)


def test_what_is_accepted_is_not_told_of_what_is_broken_in_between(tmp_path: Path) -> None:
    file = tmp_path / "accepted.jsonl"
    file.write_text(written([finding(BAR)], View()))
    passing = tuple(Passing(one, "breaks", "repairs") for one in (finding(), finding(BAR)))
    impact = replace(samples.quiet_change(), passing=passing)
    none = Suppressions([], TODAY)
    known = read_baseline(file)
    assert accepted_impact(impact, none, None, View()).passing == passing
    assert accepted_impact(impact, none, known, View()).passing == passing[:1]
    suppressing = Suppressions([Suppress("r", path=FOO)], TODAY)
    accepted = accepted_impact(impact, suppressing, known, View())
    assert accepted.passing == ()
    assert accepted.notes == (*impact.notes, "2 findings broken in between are accepted")


def test_commits_introduce_no_more_than_is_told(tmp_path: Path) -> None:
    file = tmp_path / "accepted.jsonl"
    known, new, brief = (finding(line) for line in (BAR, FOO, "drivers/iommu/brief.c"))
    file.write_text(written([known, brief], View()))
    names = tuple(f.fingerprint for f in (known, new, brief))
    commits = (CommitShare("1", "breaks", names), CommitShare("2", "repairs", (), names[2:]))
    impact = replace(
        samples.quiet_change(),
        introduced=(known, new),
        passing=(Passing(brief, "1 breaks", "2 repairs"),),
        commits=commits,
    )
    none = Suppressions([], TODAY)
    assert accepted_impact(impact, none, None, View()).commits == commits
    told = accepted_impact(impact, none, read_baseline(file), View())
    assert [commit.introduced for commit in told.commits] == [names[1:2], ()]
    assert [commit.fixed for commit in told.commits] == [(), ()]
    assert told.notes == (
        *impact.notes,
        f"1 introduced finding is accepted in {file}",
        "1 finding broken in between is accepted",
    )


def test_what_is_accepted_is_not_told_of_what_was_hidden() -> None:
    impact = replace(samples.quiet_change(), uncovered=(finding(), finding(BAR)))
    suppressing = Suppressions([Suppress("known", path=FOO)], TODAY)
    found = accepted_impact(impact, suppressing, None, View())
    assert (found.uncovered, found.notes) == ((finding(BAR),), impact.notes)


def test_a_baseline_that_does_not_say_how_bad_accepts_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "baseline.jsonl"
    text = written([finding()], View())
    file.write_text(re.sub(r',"severity":"\w+","effect":"\w+"', "", text))
    assert "severity" not in file.read_text()
    assert read_baseline(file).split([finding()]) == ((), 1)


@pytest.mark.parametrize(
    ("view", "is_told"),
    [
        (View(), True),
        (View(min_confidence=Confidence.LOW), True),
        (View(min_confidence=Confidence.HIGH), False),
        (View(rules=("late-global",)), False),
        (View(under=("drivers/iommu",)), False),
        (View(as_is=True), False),
    ],
)
def test_what_is_not_shown_is_not_told_to_be_gone(
    tmp_path: Path, view: View, is_told: bool
) -> None:
    file = tmp_path / "baseline.jsonl"
    file.write_text(written([finding()], View()))
    assert read_baseline(file).unmatched([], view) == int(is_told)
    suppressions = Suppressions([Suppress("r", path=BAR)], TODAY)
    is_about_rules = bool(view.rules)
    assert bool(suppressions.notes(RULES, view)) == (is_told or is_about_rules)


def test_a_baseline_remembers_how_the_tree_was_audited(tmp_path: Path) -> None:
    file = tmp_path / "baseline.jsonl"
    seen = View(as_is=True, min_confidence=Confidence.LOW)
    file.write_text(written([finding()], seen))
    assert file.read_text().startswith(
        '{"schema":"kscan/baseline/1","as_is":true,"min_confidence":"low"}\n'
    )
    baseline = read_baseline(file)
    assert [baseline.unmatched([], view) for view in (seen, View(as_is=True), View())] == [1, 0, 0]


def test_a_baseline_is_a_line_a_finding_in_order_of_place() -> None:
    text = written([finding(line=5), finding(BAR), finding(rule="late-state")], View())
    assert text == written([finding(rule="late-state"), finding(BAR), finding(line=70)], View())
    lines = text.splitlines()
    assert lines[0] == '{"schema":"kscan/baseline/1"}'
    assert [line.split('"')[3] for line in lines[1:]] == [BAR, FOO, FOO]
    assert '"rule":"late-global","object":"dma_dev","fingerprint":"v1-' in lines[1]


def test_adding_a_finding_adds_one_line() -> None:
    before = written([finding(), finding(BAR)], View()).splitlines()
    after = written([finding(), finding(BAR), finding(BAR, "bar_init")], View()).splitlines()
    assert [line for line in after if line not in before] == [
        line for line in after if "bar_init" in line
    ]
    assert len(after) == len(before) + 1


def test_names_that_are_not_text_can_be_accepted(tmp_path: Path) -> None:
    odd = finding("drivers/\udcff.c", 'f"\n')
    file = tmp_path / "baseline.jsonl"
    file.write_text(written([odd], View()))
    assert read_baseline(file).split([odd]) == ((), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: not a baseline of schema"),
        ('{"schema":"kscan/baseline/9"}\n', ":1: not a baseline of schema"),
        ('{"schema":"kscan/baseline/1"}\n<<<<<<< HEAD\n', ":2: "),
        ('{"schema":"kscan/baseline/1"}\n\n{"fingerprnt":"x"}\n', ":3: "),
        ("\0\n", ":1: "),
    ],
)
def test_a_damaged_baseline_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "baseline.jsonl"
    file.write_text(text)
    with pytest.raises(KscanError) as caught:
        read_baseline(file)
    assert f"{file}{said}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_accepted_is_not_told_of_what_a_change_leaves_where_it_stands(
    tmp_path: Path,
) -> None:
    file = tmp_path / "accepted.jsonl"
    file.write_text(written([finding(BAR)], View()))
    both = (finding(), finding(BAR))
    impact = replace(samples.quiet_change(), unchanged=both, standing=both)
    told = accepted_impact(impact, Suppressions([], TODAY), read_baseline(file), View())
    assert told.standing == both[:1]
    assert told.unchanged == both
    suppressing = Suppressions([Suppress("r", path=FOO)], TODAY)
    (one, other) = accepted_impact(impact, suppressing, None, View()).standing
    assert one.suppressed is not None and other.suppressed is None
