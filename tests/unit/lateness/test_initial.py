# SPDX-License-Identifier: GPL-2.0-only
"""Globals whose initial value amounts to none: setting them after registration is late."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import WRITES_LATE, tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = (
    """
struct list_head { struct list_head *next, *prev; };
struct foo { struct iommu_device iommu; struct list_head node; int number; };
HELD
static int foo_of_xlate(struct device *dev)
{
    struct foo *each;

    READ
    return 0;
}
"""
    + WRITES_LATE
)


def effects(held: str, read: str, write: str) -> list[tuple[str, str]]:
    """What is late in a driver with the object `held`, and what comes of it."""
    code = DRIVER.replace("HELD", held).replace("READ", read).replace("WRITE", write)
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    return [(one.late.spelled, one.reader.effect.value) for one in case_of(made).late_reads]


LISTED = """
    list_for_each_entry(each, &all, node)
        if (each->number == 3) return 0;
    return -ENODEV;
"""


@pytest.mark.parametrize("held", ["LIST_HEAD_INIT(all)", "LIST_HEAD_INIT( all )"])
def test_a_list_that_is_initialised_has_nothing_in_it(held: str) -> None:
    joined = "list_add(&foo->node, &all);"
    head = f"static struct list_head all = {held};"
    assert effects(head, LISTED, joined) == [("all", "declined")]


@pytest.mark.parametrize(
    ("initial", "late"), [("ATOMIC_INIT(0)", True), ("ATOMIC_INIT(1)", False), ("{ 0, }", True)]
)
def test_a_counter_that_is_initialised_to_nothing(initial: str, *, late: bool) -> None:
    ready = "if (!atomic_read(&ready)) return -ENODEV;"
    found = effects(f"static atomic_t ready = {initial};", ready, "atomic_set(&ready, 1);")
    assert found == [("ready", "declined")] * late
