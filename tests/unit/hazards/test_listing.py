# SPDX-License-Identifier: GPL-2.0-only
"""A window as text: how its rows are broken to the width of a terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sample_trees

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.hazards.listing import listed, rendered
from kscan.source.open import open_tree

BEFORE = sample_trees.SAMPLE_TREES / "probe-path" / "0-before"
API = "iommu_device_register"


@pytest.fixture(scope="module")
def listing() -> dict[str, Any]:
    audit = Audit(open_tree(BEFORE), Options(), NullStore(), only=API)
    return listed(audit.cases[0], audit.info())


def one_word_apart(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [76, 80, 100, 160])
def test_rows_keep_to_the_width(listing: dict[str, Any], width: int) -> None:
    named = listing | {"tree": listing["tree"] | {"name": "linux"}}
    text = rendered(named, width)
    assert max(map(len, text.splitlines())) <= width
    assert one_word_apart(text) == one_word_apart(rendered(named, 10_000))


def test_a_way_breaks_at_its_arrows(listing: dict[str, Any]) -> None:
    rows = rendered(listing, 60).splitlines()
    start = next(n for n, row in enumerate(rows) if row.startswith(f"      {API} ->"))
    end = next(n for n, row in enumerate(rows) if n > start and not row.startswith(" " * 10))
    assert end > start + 1
    for above, below in zip(rows[start:end], rows[start + 1 : end], strict=False):
        assert above.endswith("->") or below.strip().startswith("-")


def test_the_label_of_an_arrow_is_whole(listing: dict[str, Any]) -> None:
    for width in range(40, 120):
        assert "-[bus_type.dma_configure, assumed]->" in rendered(listing, width)


def test_a_callback_is_broken_below_its_name(listing: dict[str, Any]) -> None:
    rows = rendered(listing, 78).splitlines()
    under = next(n for n, row in enumerate(rows) if row.strip().startswith("(drivers/iommu/"))
    assert rows[under].index("(") == re.search(r"\w {3,}(?=\w)", rows[under - 1]).end()  # type: ignore[union-attr]


def test_what_is_narrow_is_not_cut(listing: dict[str, Any]) -> None:
    assert one_word_apart(rendered(listing, 1)) == one_word_apart(rendered(listing, 10_000))


def test_a_name_cannot_steer_the_terminal(listing: dict[str, Any]) -> None:
    named = listing | {"tree": listing["tree"] | {"note": "\x1b[2J\u202e"}}
    assert rendered(named).startswith("?[2J?\n")
