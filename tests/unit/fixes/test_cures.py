# SPDX-License-Identifier: GPL-2.0-only
"""Every diff a finding of the sample trees carries: git takes it, C it stays, the finding goes."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sample_trees

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.fixes import in_general
from kscan.model import Confidence, Finding, Fix
from kscan.rules import selected
from kscan.source.open import open_tree
from kscan.source.patched import PatchedTree

CURED = ("late-drvdata", "late-global", "late-state", "reread-driver", "unguarded-driver")
TREES = [sample_trees.SAMPLE_TREES / name for name in (*CURED, "repeated-xlate")]
TREES += [sample_trees.SAMPLE_TREES / "probe-path" / "1-new-probe-path"]
BY_HAND = {
    "foo_dma_configure": "reads it on its own: do so in foo_dma_configure(), and hand on",
    "corge2_probe_device": "it belongs before the driver is registered",
    "late-drvdata thud_of_xlate": "it belongs before the driver is registered",
    **dict.fromkeys(
        ("grault_pm_attach_dev", "waldo_attach_dev", "waldo_probe_finalize"),
        "it has to be disabled again where the registration fails",
    ),
    "waldo_clocked_attach_dev": "it has to be switched off again where the registration fails",
}  # fmt: skip
"""Callbacks whose fix is a sentence, and what it says stands in the way of a diff."""

by_tree = pytest.mark.parametrize("tree", TREES, ids=sample_trees.name_of)
_ROOTS: list[TemporaryDirectory[str]] = []


@cache
def whole(tree: Path) -> Path:
    _ROOTS.append(TemporaryDirectory())
    return sample_trees.materialise(tree, Path(_ROOTS[-1].name))


def findings(tree: object, rules: tuple[str, ...] = ()) -> list[Finding]:
    audit = Audit(tree, Options(min_confidence=Confidence.LOW), NullStore())  # type: ignore[arg-type]
    assert not audit.failed
    return audit.findings(selected(rules))


@cache
def found(tree: Path) -> tuple[Finding, ...]:
    return tuple(findings(open_tree(whole(tree))))


def is_curable(finding: Finding) -> bool:
    about = finding.subject.kind if finding.subject else ""
    return finding.rule in CURED or (finding.rule == "repeated-xlate" and about == "reference")


def git_applied(root: Path, patch: str, target: Path) -> dict[str, bytes]:
    paths = re.findall(r"^\+\+\+ b/(.*)$", patch, re.MULTILINE)
    for path in paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, target / path)
    command = ["git", "apply", "--whitespace=error-all", "-"]
    done = subprocess.run(
        command, cwd=target, input=patch.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return {path: (target / path).read_bytes() for path in paths}


@by_tree
def test_every_curable_finding_carries_a_diff_or_says_why_not(tree: Path) -> None:
    seen = [finding for finding in found(tree) if is_curable(finding)]
    assert seen
    for finding in seen:
        assert finding.fix is not None
        callback = finding.callback.function if finding.callback else ""
        why = BY_HAND.get(callback) or BY_HAND.get(f"{finding.rule} {callback}")
        if why:
            assert why in finding.fix.sentence
            assert not finding.fix.patch
        else:
            assert finding.fix.patch, finding.fix.sentence


@by_tree
def test_with_its_diff_a_finding_is_gone_and_none_is_new(tree: Path, tmp_path: Path) -> None:
    before = found(tree)
    rules = tuple(sorted({f.rule for f in before}))
    for number, patch in enumerate(dict.fromkeys(f.fix.patch for f in before if f.fix)):
        if not patch:
            continue
        changes = git_applied(whole(tree), patch, tmp_path / str(number))
        after = findings(PatchedTree(open_tree(whole(tree)), changes), rules)
        left = {finding.fingerprint for finding in after}
        cured = {f.fingerprint for f in before if f.fix and f.fix.patch == patch}
        assert not cured & left, patch
        assert left <= {f.fingerprint for f in before}, patch


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@by_tree
def test_with_all_diffs_of_a_file_apart_it_still_compiles(tree: Path, tmp_path: Path) -> None:
    command = ["gcc", "-std=gnu11", "-nostdinc", f"-I{whole(tree) / 'include'}", "-fsyntax-only"]
    command += ["-w", "-Werror=implicit-function-declaration", "-Werror=incompatible-pointer-types"]
    for number, patch in enumerate(dict.fromkeys(f.fix.patch for f in found(tree) if f.fix)):
        if patch:
            target = tmp_path / str(number)
            paths = git_applied(whole(tree), patch, target)
            sources = [str(target / path) for path in paths if path.endswith(".c")]
            beside = [f"-I{(whole(tree) / path).parent}" for path in paths]
            done = subprocess.run([*command, *beside, *sources], capture_output=True, check=False)
            assert done.returncode == 0, (patch, done.stderr.decode())


@pytest.mark.parametrize("tree", sample_trees.trees(), ids=sample_trees.name_of)
def test_every_finding_says_how_to_mend_it(tree: Path) -> None:
    for finding in found(tree):
        assert finding.fix is not None, finding
        assert re.fullmatch(r"[A-Z][^\n]+[.`]", finding.fix.sentence), finding.fix.sentence


def test_a_rule_without_a_cure_of_its_own_says_what_its_page_says() -> None:
    rule = next(rule for rule in selected(()) if rule.id == "late-replay")
    assert in_general(rule) == Fix(
        "Replay only where `dev->iommu` was not there before the fwspec was made."
    )
