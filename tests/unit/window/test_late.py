# SPDX-License-Identifier: GPL-2.0-only
"""What a driver sets only after its registration, and what its callbacks make of that."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

HEAD = """
struct list_head { struct list_head *next, *prev; };
struct foo { struct iommu_device iommu; struct list_head *all; struct list_head node, own;
             struct foo *peers[4]; int lock, version; };
static struct list_head every;
static struct { struct foo *foo; } params;
static struct foo *several[4];
static struct foo *counted[4];
static void set(struct foo *foo) { params.foo = foo; }
static void use(struct foo *foo) { foo->lock = 1; }
"""
DRIVER = """
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev), *each;

    %s
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    counted[0] = foo;
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s
    return 0;
}
"""


def found(read: str, write: str) -> list[tuple[str, str, str]]:
    """What is late in a driver that reads so in a callback, and writes so after registering."""
    case = case_of(tree(drivers__iommu__foo_c=HEAD + DRIVER % (read, write)))
    return [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ]


LOCKED = "spin_lock(&each->lock);"


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        # a setter's object is the caller's
        ("use(params.foo);", "set(foo);", [("params.foo", "crash", "high")]),
        # elements stand for their array
        ("use(several[1]);", "several[0] = foo;", [("several", "crash", "medium")]),
        ("use(foo->peers[1]);", "foo->peers[0] = foo;", [("foo.peers", "crash", "medium")]),
        ("use(counted[1]);", "counted[1] = foo;", []),
        # a list is walked from a head that is there, and made ready
        ("list_for_each_entry(each, foo->all, node) use(each);", "foo->all = &every;",
         [("foo.all", "crash", "high")]),
        ("list_for_each_entry(each, &foo->own, node) use(each);", "INIT_LIST_HEAD(&foo->own);",
         [("foo.own", "unready", "high")]),
        ("list_for_each_entry (each, &foo->own, node) { use(each); }",
         "INIT_LIST_HEAD(&foo->own);", [("foo.own", "unready", "high")]),
        # an entry that is not on the list yet is not met there
        (f"list_for_each_entry(each, &every, node) {LOCKED}",
         "spin_lock_init(&foo->lock); list_add(&foo->node, &every);", []),
        (f"list_for_each_entry(each, foo->all, node) {LOCKED}",
         "spin_lock_init(&foo->lock); foo->all = &every;", [("foo.all", "crash", "high")]),
        # a number that is written out tells zero from others
        ("if (foo->version >= 3) use(each);", "foo->version = 4;",
         [("foo.version", "wrong-value", "medium")]),
        ("if (foo->version) use(foo);", "foo->version = 4;", []),
        # what is only made more exact was there before
        ("if (foo->version >= 3) use(each);", "foo->version = fixed(foo->version);", []),
    ],
)  # fmt: skip
def test_late_and_read(read: str, write: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(read, write) == expected
