# SPDX-License-Identifier: GPL-2.0-only
"""One line for each path that was not analysed, with the reasons."""

from __future__ import annotations

from kscan.model import Skip
from kscan.skips import by_path


def test_a_path_has_all_its_reasons_each_once() -> None:
    found = by_path([Skip("b", "one"), Skip("a", "x"), Skip("b", "two"), Skip("b", "one")])
    assert found == (Skip("a", "x"), Skip("b", "one; two"))
    assert by_path([]) == ()


def test_of_many_reasons_the_first_are_told() -> None:
    (found,) = by_path(Skip("a", f"reason {number}") for number in range(9))
    assert found.reason == "reason 0; reason 1; reason 2; and 6 more"
