# SPDX-License-Identifier: GPL-2.0-only
"""Names as the catalogue spells them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kscan.kernel.names import Names, matches, position

ENTRIES = ("get_one", "dev_*", "*_put", "find_*_bit*", "*_bus_*", "copy:2", "move_*:1", "move_on:3")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("get_one", True),
        ("get_one_more", False),
        ("dev_", True),
        ("dev_name", True),
        ("dev.name", False),
        ("pdev_name", False),
        ("node_put", True),
        ("node_puts", False),
        ("ops.node_put", False),
        ("find_first_bit", True),
        ("find_first_bitmap", True),
        ("find_first", False),
        ("a_bus_b", True),
        ("_bus_", True),
        ("copy", True),
        ("copy:2", False),
        ("move_up", True),
        ("", False),
    ],
)
def test_what_matches(name: str, is_one: bool) -> None:
    assert matches(ENTRIES, name) is is_one
    assert (name in Names(ENTRIES)) is is_one


@pytest.mark.parametrize(
    ("name", "at"),
    [("copy", 2), ("move_up", 1), ("move_on", 1), ("get_one", 7), ("dev_name", 7), ("other", 7)],
)
def test_position_is_that_of_the_first_entry_that_gives_one(name: str, at: int) -> None:
    assert position(ENTRIES, name, 7) == at
    assert Names(ENTRIES).position(name, 7) == at


def test_no_entry_matches_nothing() -> None:
    assert not matches((), "")
    assert not matches((), "any")


@given(
    st.lists(st.text("ab_*.", min_size=1, max_size=4), max_size=4),
    st.text("ab_.", max_size=6),
)
def test_a_star_is_any_run_of_word_characters(entries: list[str], name: str) -> None:
    spelled = [re.escape(entry).replace(r"\*", r"\w*") for entry in entries]
    expected = any(re.fullmatch(one, name) for one in spelled)
    assert matches(tuple(entries), name) is expected
