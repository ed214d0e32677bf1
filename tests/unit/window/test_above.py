# SPDX-License-Identifier: GPL-2.0-only
"""Who calls a function, level by level, and what is told of those who are not looked at."""

from __future__ import annotations

import pytest
import trees
from text_tree import case_of
from windows import tree

from kscan.window.callers import LEVELS, Callers

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = """
struct foo { struct iommu_device iommu; int lock; };
static struct foo *only;
static int foo_of_xlate(struct device *dev) { only->lock = 1; return 0; }
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int f0(struct foo *foo) { return iommu_device_register(&foo->iommu, &foo_ops, 0); }
"""


def chain(number: int) -> str:
    """A `number` of functions above ``f0``, each of which calls the one before."""
    return "".join(
        f"static int f{n}(struct foo *foo) {{ return f{n - 1}(foo); }}\n"
        for n in range(1, number + 1)
    )


def above(text: str) -> tuple[list[str], list[str]]:
    """What leads to ``f0``, and what is told."""
    made = trees.program({"a.c": "static int f0(struct foo *foo) { return 0; }\n" + text})
    found = [f.name for f in Callers(made).above(trees.function(made, "f0"))]
    return found, [skip.reason for skip in made.cut_short]


def test_callers_too_far_up_are_told() -> None:
    far = f"f0(): callers more than {LEVELS} levels above it are not looked at"
    for number, reasons in ((LEVELS, []), (LEVELS + 1, [far])):
        assert above(chain(number)) == ([f"f{n}" for n in range(LEVELS + 1)], reasons)


def test_functions_that_call_each_other_are_callers_once() -> None:
    text = chain(2) + "static int f3(struct foo *foo) { f1(foo); f3(foo); return f2(foo); }\n"
    assert above(text) == (["f0", "f1", "f2", "f3"], [])


def test_of_many_callers_the_nearest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kscan.window.callers.MOST_ABOVE", 3)
    text = chain(1) + "".join(f"static void g{n}(void) {{ f1(0); }}\n" for n in range(3))
    told = "f0(): of the functions above it only the nearest 200 are looked at"
    assert above(text) == (["f0", "f1", "g0"], [told])


@pytest.mark.parametrize(("number", "found"), [(LEVELS, 1), (LEVELS + 1, 0)])
def test_what_a_caller_far_up_writes_is_late(number: int, found: int) -> None:
    last = f"static int f{number}(struct foo *foo) {{ int ret = f{number - 1}(foo);"
    last += " if (!ret) only = foo; return ret; }\n"
    code = DRIVER + chain(number - 1) + last
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    assert len(list(case.late_reads)) == found
