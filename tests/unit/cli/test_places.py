# SPDX-License-Identifier: GPL-2.0-only
"""Paths of a command line, however a shell completed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kscan.cli.options import below, places


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "linux/drivers/iommu").mkdir(parents=True)
    (tmp_path / "linux/linux/drivers").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("given", ["drivers/iommu", "./drivers/iommu", "linux/drivers/iommu"])
def test_a_path_is_one_below_the_top(around: Path, given: str) -> None:
    assert below(given, "linux") == "drivers/iommu"
    assert below(str(around / "linux/drivers/iommu"), "linux") == "drivers/iommu"


def test_what_the_tree_has_is_meant_before_what_stands_here(around: Path) -> None:
    assert below("linux/drivers", "linux") == "linux/drivers"


def test_what_is_nowhere_stays_as_it_is(around: Path) -> None:
    assert places(["nope", "/nope", "a\0b"], "linux") == ("nope", "/nope", "a\0b")
