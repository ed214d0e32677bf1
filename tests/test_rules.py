# SPDX-License-Identifier: GPL-2.0-only
"""The rules on the sample trees: what fires is expected there, and what is expected fires."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sample_trees
from sample_trees import Verdict

from kscan.audit import audit
from kscan.model import (
    CallbackRef,
    Confidence,
    Effect,
    Finding,
    Location,
    Report,
    Severity,
    Subject,
)
from kscan.report import render
from kscan.syntax import dialect, parser

TREES = sample_trees.trees()
CORE = sample_trees.SAMPLE_TREES / "core"
STORY = sample_trees.SAMPLE_TREES / "probe-path"
FILES = [
    (tree, path)
    for tree in TREES
    for path in sample_trees.sources(tree)
    if not path.startswith("include/")
]
RULE_TREES = [tree for tree in TREES if (tree / sample_trees.OVERLAY_OF).exists()]

by_tree = pytest.mark.parametrize("tree", TREES, ids=sample_trees.name_of)
by_rule_tree = pytest.mark.parametrize("tree", RULE_TREES, ids=sample_trees.name_of)
by_file = pytest.mark.parametrize(
    ("tree", "path"), FILES, ids=[f"{sample_trees.name_of(t)}/{p}" for t, p in FILES]
)


# What the rules find


def findings_of(tree_dir: Path, *, as_is: bool = False) -> Report:
    """The report on a whole tree, with findings of any confidence."""
    return audit(tree_dir, as_is=as_is, min_confidence="low", cache=False)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Report]:
    """The report on a sample tree, made once."""
    reports: dict[Path, Report] = {}

    def report_on(tree: Path) -> Report:
        if tree not in reports:
            whole = sample_trees.materialise(tree, tmp_path_factory.mktemp(tree.name))
            reports[tree] = findings_of(whole)
        return reports[tree]

    return report_on


@by_file
def test_findings_are_those_expected(
    tree: Path, path: str, audited: Callable[[Path], Report]
) -> None:
    report = audited(tree)
    rules = {rule.id for rule in report.rules}
    wanted = [v for v in sample_trees.verdicts(tree, path) if v.kind != "miss" and v.rule in rules]
    found = [f for f in report.findings if f.primary.path == path]
    agree(wanted, found)


@by_tree
def test_nothing_is_found_elsewhere(tree: Path, audited: Callable[[Path], Report]) -> None:
    read = {path for owner, path in FILES if owner == tree}
    agree([], [f for f in audited(tree).findings if f.primary.path not in read])


@by_rule_tree
def test_the_report_is_the_golden_one(
    tree: Path, audited: Callable[[Path], Report], golden: Callable[[str, str], None]
) -> None:
    report = audited(tree)
    findings = tuple(f for f in report.findings if f.rule == tree.name)
    rules = tuple(rule for rule in report.rules if rule.id == tree.name)
    info = replace(report.tree, name=tree.name)
    stats = replace(report.stats, files_parsed=0, functions=0)
    shown = replace(report, tree=info, stats=stats, findings=findings, rules=rules)
    golden(f"rules/{tree.name}.txt", render("text", shown, min_confidence=Confidence.LOW))


def test_the_old_path_as_it_stands_has_no_findings() -> None:
    agree([], list(findings_of(STORY / "0-before", as_is=True).findings))


def agree(wanted: list[Verdict], found: list[Finding]) -> None:
    """Fails with the differences, and no more than them."""
    if text := differences(wanted, found):
        pytest.fail(text, pytrace=False)


def differences(wanted: list[Verdict], found: list[Finding]) -> str:
    """What is missing and what nobody asked for, a line each; empty when all is as expected."""
    left = list(found)
    missing = []
    for verdict in sorted(wanted, key=vagueness):
        match = next((f for f in left if fits(verdict, f)), None)
        if match is None:
            missing.append(f"missing     {verdict}")
        else:
            left.remove(match)
    return "\n".join([*missing, *(f"unexpected  {described(f)}" for f in left)])


def vagueness(verdict: Verdict) -> int:
    return [verdict.subject, verdict.callback, verdict.effect].count(None)


def fits(verdict: Verdict, finding: Finding) -> bool:
    subject = finding.subject.name if finding.subject else None
    callback = finding.callback.function if finding.callback else None
    return (
        (finding.rule, finding.primary.line) == (verdict.rule, verdict.line)
        and verdict.subject in (None, subject)
        and verdict.callback in (None, callback)
        and verdict.effect in (None, finding.effect.value)
    )


def described(finding: Finding) -> str:
    return (
        f"{finding.primary.path}:{finding.primary.line}: {finding.rule} "
        f"{finding.subject.name if finding.subject else '-'} "
        f"{finding.callback.function if finding.callback else '-'} {finding.effect}: "
        f"{finding.message}"
    )


def test_differences_are_told_both_ways() -> None:
    wanted = Verdict("a.c", 3, "expect", "late-global", "dma_dev", "foo_of_xlate", "crash")
    found = Finding(
        rule="late-global",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        effect=Effect.CRASH,
        message="m",
        primary=Location("a.c", 3),
        driver="a",
        subject=Subject("global", "dma_dev"),
        callback=CallbackRef("iommu_ops.of_xlate", "foo_of_xlate", "a.c", 1),
    )
    assert differences([wanted], [found]) == ""
    assert differences([wanted], []) == f"missing     {wanted}"
    assert differences([], [found]).startswith("unexpected  a.c:3: late-global dma_dev")
    vague = Verdict("a.c", 3, "expect", "late-global")
    assert differences([vague, wanted], [found, found]) == ""
    assert differences([wanted], [replace(found, effect=Effect.DECLINED)]) != ""


# What the trees are


@by_file
def test_verdicts_stand_in_the_functions_that_bear_them(tree: Path, path: str) -> None:
    text = (tree / path).read_text()
    endings = {"expect": "_bad", "miss": "_bad", "false": "_ok"}
    for verdict in sample_trees.verdicts(tree, path):
        assert verdict.effect in (None, *Effect)
        if tree.parent != STORY:
            function = sample_trees.function_at(text, verdict.line)
            assert function.endswith(endings[verdict.kind]), f"{verdict} in {function}()"


@by_rule_tree
def test_a_rule_is_silent_at_least_as_often_as_it_fires(tree: Path) -> None:
    names = [
        name
        for path in sample_trees.sources(tree)
        for _, name in sample_trees.functions((tree / path).read_text())
    ]
    bad = [name for name in names if name.endswith("_bad")]
    ok = [name for name in names if name.endswith("_ok")]
    assert len(ok) >= len(bad) > 0
    rules = {v.rule for p in sample_trees.sources(tree) for v in sample_trees.verdicts(tree, p)}
    assert tree.name in rules


@by_file
def test_c_is_parsed_without_an_error(tree: Path, path: str) -> None:
    text = dialect.respell((tree / path).read_bytes()).text
    errors = parser.errors_in(parser.parse(text).root_node)
    assert [f"{path}:{node.start_point.row + 1}" for node in errors] == []


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@by_tree
def test_c_compiles(tree: Path, tmp_path: Path) -> None:
    whole = sample_trees.materialise(tree, tmp_path)
    command = ["gcc", "-std=gnu11", "-nostdinc", "-Iinclude", "-fsyntax-only", "-w"]
    command.append("-Werror=implicit-function-declaration")
    files = sample_trees.sources(tree, "*.c")
    done = subprocess.run(
        [*command, *files], cwd=whole, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@by_tree
def test_every_c_file_is_built(tree: Path, tmp_path: Path) -> None:
    whole = sample_trees.materialise(tree, tmp_path)
    for path in sample_trees.sources(tree, "*.c"):
        built = (whole / path).parent.joinpath("Makefile").read_text().split()
        assert Path(path).with_suffix(".o").name in built, path


@pytest.mark.parametrize("story", sorted(STORY.iterdir()), ids=lambda p: p.name)
def test_story_trees_are_whole_and_share_their_headers(story: Path) -> None:
    core = {path: (CORE / path).read_text() for path in sample_trees.sources(CORE, "*.h")}
    assert {path: (story / path).read_text() for path in core} == core


def test_the_last_story_tree_is_the_core_with_drivers() -> None:
    last = STORY / "2-fixed"
    for path in sample_trees.sources(CORE, "*.c"):
        assert (last / path).read_text() == (CORE / path).read_text(), path
