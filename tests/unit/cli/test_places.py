# SPDX-License-Identifier: GPL-2.0-only
"""Paths of a command line, however a shell completed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kscan.cli.trees import below, places, refuse_unknown
from kscan.model import KscanError
from kscan.source.directory import DirectoryTree


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


@pytest.mark.parametrize(
    "given", ["drivers//iommu", "drivers/iommu/", "drivers/../drivers/./iommu"]
)
def test_a_place_is_spelled_as_the_tree_spells_it(around: Path, given: str) -> None:
    assert places([given], "linux") == ("drivers/iommu",)


def test_the_top_is_everywhere(around: Path) -> None:
    (around / "other").symlink_to("linux")
    for given in (".", "./", str(around / "linux"), "other", "drivers/.."):
        assert places(["drivers/iommu", given], "linux") == ()


def test_a_slip_is_told_what_may_be_meant(around: Path) -> None:
    (around / "linux/drivers/iommu/x.c").touch()
    with pytest.raises(KscanError, match=r"nothing below it in .*; did you mean drivers/iommu\?$"):
        refuse_unknown(DirectoryTree("linux"), ("driver/iommu",))


def test_what_is_nowhere_stays_as_it_is(around: Path) -> None:
    assert places(["nope", "/nope", "a\0b"], "linux") == ("nope", "/nope", "a\0b")
