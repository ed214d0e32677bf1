# SPDX-License-Identifier: GPL-2.0-only
"""A report is recalled where all it rests on is as it was, its skips included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sample_trees

from kscan.audit import Audit, Options
from kscan.facts.store import Store
from kscan.model import Report, Skip
from kscan.progress import silent
from kscan.reported import report_of
from kscan.source import directory, searched
from kscan.source.directory import DirectoryTree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that is old enough to be trusted, and one of whose headers is too large."""
    root = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-global", tmp_path / "linux")
    for module in (directory, searched):
        monkeypatch.setattr(module, "LARGEST", 1 << 20)
    monkeypatch.setattr(directory, "_SURELY_PAST", -(10**12))
    (root / "huge.h").write_bytes(b"iommu_ops\n" + b"x\n" * (1 << 20))
    return root


def reported(tree: Path, store: Store) -> Report:
    return report_of(DirectoryTree(tree), Options(), store, silent, 1)


def test_a_report_with_skips_is_recalled(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "cache")
    first = reported(tree, store)
    assert [skip.path for skip in first.skips] == ["huge.h"]
    reported(tree, store)
    monkeypatch.setattr(Audit, "report", lambda _: pytest.fail("audited again"))
    (tree / "kscan-baseline.jsonl").write_text("what is kept beside the source does not matter")
    again = reported(tree, store)
    assert (again.findings, again.skips) == (first.findings, first.skips)


def test_a_report_with_a_bound_that_was_met_is_recalled(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.hazards.instance.MOST_LATE", 0)
    store = Store(tmp_path / "cache")
    cut = [skip for skip in reported(tree, store).skips if "are looked at" in skip.reason]
    reported(tree, store)
    monkeypatch.setattr(Audit, "report", lambda _: pytest.fail("audited again"))
    assert cut and set(cut) <= set(reported(tree, store).skips)


def test_what_is_passed_over_is_part_of_the_state(tree: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    for _ in range(2):
        reported(tree, store)
    (tree / "drivers/stray").symlink_to("/")
    strayed = reported(tree, store).skips
    assert Skip("drivers/stray", "a symbolic link out of the tree, not followed") in strayed
    (tree / "drivers/stray").unlink()
    assert [skip.path for skip in reported(tree, store).skips] == ["huge.h"]
    os.truncate(tree / "huge.h", 10)
    assert reported(tree, store).skips == ()


def test_a_report_in_which_a_rule_failed_is_made_again(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr("kscan.checking.mended", lambda *_: 1 // 0)
        for _ in range(2):
            assert any("no fix" in skip.reason for skip in reported(tree, store).skips)
    assert [skip.path for skip in reported(tree, store).skips] == ["huge.h"]
