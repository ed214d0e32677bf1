# SPDX-License-Identifier: GPL-2.0-only
"""The audit of whole kernels: every finding has a verdict, and every verdict its finding.

The verdicts were given by reading the C. They stand beside this file, by fingerprint.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.model import Finding, Report
from kscan.source.open import open_tree

HERE = Path(__file__).parent
LABELS = list(csv.DictReader((HERE / "labels.csv").read_text().splitlines()))
LEAST_TRUE = 0.85

pytestmark = pytest.mark.kernel

RUNS = [
    (version, scenario) for version in ("6.12", "6.1") for scenario in ("new-probe-path", "as-is")
]


@pytest.fixture(scope="session")
def audited(tree_6_12: Path, tree_6_1: Path) -> Callable[[str, str], Report]:
    """The report on a kernel under a scenario, at default confidence; made once."""
    trees = {"6.12": tree_6_12, "6.1": tree_6_1}
    known: dict[tuple[str, str], Report] = {}

    def report(version: str, scenario: str) -> Report:
        if (version, scenario) not in known:
            options = Options(as_is=scenario == "as-is", hits=False)
            audit = Audit(open_tree(trees[version]), options, NullStore())
            known[version, scenario] = audit.report()
        return known[version, scenario]

    return report


def verdicts(version: str, scenario: str) -> dict[str, dict[str, str]]:
    text = (HERE / f"linux-{version}.toml").read_text()
    return {row["fingerprint"]: row for row in tomllib.loads(text)[scenario]}


def told(finding: Finding) -> str:
    return f"{finding.fingerprint} {finding.primary.path}: {finding.rule}: {finding.message}"


@pytest.mark.parametrize(("version", "scenario"), RUNS)
def test_every_finding_has_a_verdict(
    version: str, scenario: str, audited: Callable[[str, str], Report]
) -> None:
    known = verdicts(version, scenario)
    found = audited(version, scenario).findings
    assert [told(f) for f in found if f.fingerprint not in known] == []


@pytest.mark.parametrize(("version", "scenario"), RUNS)
def test_every_verdict_has_its_finding(
    version: str, scenario: str, audited: Callable[[str, str], Report]
) -> None:
    found = {f.fingerprint for f in audited(version, scenario).findings}
    lost = [row for name, row in verdicts(version, scenario).items() if name not in found]
    assert lost == []


@pytest.mark.parametrize(("version", "scenario"), RUNS)
def test_verdicts_say_why_and_most_are_true(version: str, scenario: str) -> None:
    rows = list(verdicts(version, scenario).values())
    assert all(row["verdict"] in ("true", "false alarm") and row["why"] for row in rows)
    true = sum(row["verdict"] == "true" for row in rows)
    assert not rows or true / len(rows) >= LEAST_TRUE


@pytest.mark.parametrize(
    "label", [row for row in LABELS if row["verdict"] == "BUGGY"], ids=lambda r: r["file"]
)
def test_what_is_known_to_break_is_found(
    label: dict[str, str], audited: Callable[[str, str], Report]
) -> None:
    found = [
        f
        for f in audited("6.12", "new-probe-path").findings
        if f.primary.path == label["file"]
        and f.rule == label["rule"]
        and f.subject is not None
        and f.subject.name == label["object"]
    ]
    assert found


@pytest.mark.parametrize(
    "label", [row for row in LABELS if row["verdict"] == "SAFE"], ids=lambda r: r["file"]
)
def test_what_is_known_to_be_safe_is_silent(
    label: dict[str, str], audited: Callable[[str, str], Report]
) -> None:
    late = ("late-global", "late-drvdata", "late-state", "unguarded-driver")
    found = audited("6.12", "new-probe-path").findings
    assert [told(f) for f in found if f.primary.path == label["file"] and f.rule in late] == []


def test_one_global_crashes_one_callback_and_makes_another_decline(
    audited: Callable[[str, str], Report],
) -> None:
    effects = {
        f.callback.slot: f.effect.value
        for f in audited("6.12", "new-probe-path").findings
        if f.rule == "late-global" and f.callback is not None
    }
    assert effects["iommu_ops.of_xlate"] == "crash"
    assert effects["iommu_ops.domain_alloc_paging"] == "declined"
