# SPDX-License-Identifier: GPL-2.0-only
"""What a repair lays open, told apart from what it introduces."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_findings import BAR, FOO, finding
from small_trees import Made, reader

from kscan.change.functions import Bodies
from kscan.change.renames import Renames
from kscan.change.settle import Settled, settled
from kscan.change.uncovered import uncovered
from kscan.model import Finding, Severity

MENDED = finding(rule="bound-only-lookup")
LATE = finding()


@pytest.fixture
def names(made: Made) -> Renames:
    bodies = Bodies(reader(made({FOO: "int x;"})))
    return Renames(bodies, bodies, [])


def told(
    names: Renames, base: list[Finding], head: list[Finding], hidden: list[Finding]
) -> Settled:
    return uncovered(settled(base, head, names), lambda: hidden, names)


def test_what_stood_behind_a_repaired_finding_is_not_introduced(names: Renames) -> None:
    found = told(names, [MENDED], [LATE], [MENDED, LATE])
    assert (found.introduced, found.uncovered) == ((), (LATE,))


def test_what_is_worse_than_what_hid_it_is_introduced_and_says_what_was(names: Renames) -> None:
    mild = replace(MENDED, severity=Severity.WARNING)
    found = told(names, [mild], [LATE], [LATE])
    (worse,) = found.introduced
    assert worse.before is not None and worse.before.message == mild.message
    assert found.uncovered == ()


def test_what_the_base_had_nowhere_is_introduced(names: Renames) -> None:
    assert told(names, [MENDED], [LATE], [MENDED]).introduced == (LATE,)


def test_nobody_looks_behind_what_another_driver_repairs(names: Renames) -> None:
    def never() -> list[Finding]:
        raise AssertionError

    base = [finding(BAR, "bar_probe", callback="bar_of_xlate")]
    assert uncovered(settled(base, [LATE], names), never, names).introduced == (LATE,)
