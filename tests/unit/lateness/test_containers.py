# SPDX-License-Identifier: GPL-2.0-only
"""Instances that a driver puts into a container, or on a list, only after it has registered."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import WRITES_LATE, tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = (
    """
struct list_head { struct list_head *next, *prev; };
struct xarray { int flags; };
struct idr { int next; };
struct maple_tree { int flags; };
struct rhashtable { int size; };
struct rb_node { struct rb_node *rb_left, *rb_right; };
struct rb_root { struct rb_node *rb_node; };
struct foo { struct iommu_device iommu; struct list_head node; struct rb_node leaf; int number; };
HELD
static int foo_of_xlate(struct device *dev)
{
    unsigned long index = 0;
    struct rb_node *at;
    struct foo *each;
    int nr;

    READ
    return 0;
}
"""
    + WRITES_LATE
)
CHOSEN = "%s if (each->number == 3) return 0; return -ENODEV;"
FOUND = "each = %s; if (!each) return -ENODEV;"


def effects(held: str, read: str, write: str) -> list[tuple[str, str]]:
    """What is late in a driver with the object `held`, and what comes of it."""
    code = DRIVER.replace("HELD", held).replace("READ", read).replace("WRITE", write)
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    return [(one.late.spelled, one.reader.effect.value) for one in case_of(made).late_reads]


@pytest.mark.parametrize(
    ("held", "read", "write"),
    [
        ("static DEFINE_XARRAY(all);", CHOSEN % "xa_for_each(&all, index, each)",
         "xa_store(&all, 3, foo, 0);"),
        ("static DEFINE_XARRAY(all);", FOUND % "xa_find(&all, &index, 3, 0)",
         "xa_insert(&all, 3, foo, 0);"),
        ("static DEFINE_IDR(all);", CHOSEN % "idr_for_each_entry(&all, each, nr)",
         "idr_alloc(&all, foo, 0, 0, 0);"),
        ("static DEFINE_HASHTABLE(all, 4);", CHOSEN % "hash_for_each(all, nr, each, node)",
         "hash_add(all, &foo->node, 3);"),
        ("static struct maple_tree all;", FOUND % "mtree_load(&all, 3)",
         "mtree_store(&all, 3, foo, 0);"),
        ("static struct rhashtable all;", FOUND % "rhashtable_lookup_fast(&all, &nr, keys)",
         "rhashtable_insert_fast(&all, &foo->node, keys);"),
    ],
)  # fmt: skip
def test_an_instance_that_is_looked_up_in_a_container(held: str, read: str, write: str) -> None:
    assert effects(held, read, write) == [("all", "declined")]


ROOT = "static struct rb_root all = RB_ROOT;"
DOWN = """
    for (at = all.rb_node; at; at = at->rb_left) {
        each = rb_entry(at, struct foo, leaf);
        if (each->number == 3) return 0;
    }
    return -ENODEV;
"""
INSERTED = """
    struct rb_node **link = &all.rb_node, *parent = 0;

    while (*link) {
        parent = *link;
        link = &parent->rb_left;
    }
    rb_link_node(&foo->leaf, parent, link);
    rb_insert_color(&foo->leaf, &all);
"""


@pytest.mark.parametrize(
    ("read", "write", "effect"),
    [
        (DOWN, INSERTED, "declined"),
        (DOWN, "rb_add(&foo->leaf, &all, less);", "declined"),
        ("at = rb_find(&nr, &all, cmp); if (!at) return -ENODEV;", INSERTED, "declined"),
        ("if (RB_EMPTY_ROOT(&all)) return -ENODEV;", INSERTED, "declined"),
        ("each = rb_entry(rb_first(&all), struct foo, leaf); return each->number;",
         INSERTED, "crash"),
        ("return all.rb_node->rb_left ? 0 : -ENODEV;", INSERTED, "crash"),
    ],
)  # fmt: skip
def test_an_instance_in_a_tree(read: str, write: str, effect: str) -> None:
    assert effects(ROOT, read, write) == [("all", effect)]


@pytest.mark.parametrize("before", ["rb_add(&foo->leaf, &all, less);", INSERTED])
def test_an_instance_that_is_in_the_tree_before(before: str) -> None:
    driver = DRIVER.replace("    iommu_device_register", f"{before}    iommu_device_register")
    code = driver.replace("HELD", ROOT).replace("READ", DOWN).replace("WRITE", INSERTED)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING))
    assert not list(case.late_reads)
