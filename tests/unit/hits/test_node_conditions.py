# SPDX-License-Identifier: GPL-2.0-only
"""cpp conditions, evaluated as text."""

from __future__ import annotations

import pytest

from kscan.hits.conditions import holds

DEFINED = {
    "ONE": "1",
    "ZERO": "0",
    "EMPTY": "",
    "HEX": "0x10",
    "ALIAS": "(ONE)",
    "A": "B",
    "B": "A",
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("defined ONE", True),
        ("defined(ONE)", True),
        ("!defined NONE", True),
        ("defined EMPTY", True),
        ("ONE", True),
        ("ZERO", False),
        ("NONE", False),
        ("EMPTY", False),
        ("(ALIAS)", True),
        ("!ALIAS", False),
        ("ONE && ZERO", False),
        ("ONE || ZERO", True),
        ("ZERO || ONE && ZERO", False),
        ("HEX == 16", True),
        ("HEX != 0x10u", False),
        ("ONE < 2 && ONE >= 1", True),
        ("(ONE && (ZERO || ONE))", True),
    ],
)
def test_conditions(condition, expected):
    assert holds(condition, DEFINED) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "ZERO + 1",
        "A",
        "ZERO ZERO",
        "(ZERO",
        "defined(",
        "F(1)",
        "ZERO &&",
        "x" * 500,
        "0 == 08x",
    ],
)
def test_what_is_not_understood_holds(condition):
    assert holds(condition, DEFINED) is True


def test_a_hostile_condition_ends():
    assert holds("(" * 5000 + "ZERO" + ")" * 5000, DEFINED) is True
    assert holds("!" * 399 + "0", DEFINED) is True


@pytest.mark.parametrize("number", ["08", "1" * 5000, "0" + "9" * 5000])
def test_what_is_no_integer_of_c_is_not_understood(number):
    assert holds("X == 1", {"X": number})
