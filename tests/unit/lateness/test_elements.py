# SPDX-License-Identifier: GPL-2.0-only
"""A late value that is stored in an element of what a member points to, or of an array."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = """
struct part { int number; };
struct foo { struct iommu_device iommu; int level; struct part *part; MEMBER };
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_get_drvdata(of_find_device_by_node(dev));

    foo->message[1] = STORED;
    return 0;
}
static int foo_probe_device(struct device *dev)
{
    struct foo *foo = dev_get_drvdata(of_find_device_by_node(dev));

    READ
    return 0;
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate, .probe_device = foo_probe_device,
};
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, dev);
    WRITE
    return 0;
}
"""
LEVEL = ("foo->level", "dev->level = foo->message[1];", "foo->level = 3;")
PART = ("foo->part", "foo->message[1]->number = 1;", "foo->part = part_of(dev);")


def effects(member: str, stored: str, read: str, write: str) -> list[tuple[str, str]]:
    code = DRIVER.replace("MEMBER", member).replace("STORED", stored)
    code = code.replace("READ", read).replace("WRITE", write)
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    return [(one.late.spelled, one.reader.effect.value) for one in case_of(made).late_reads]


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("char *message;", LEVEL),
        ("struct part **message;", PART),
    ],
)
def test_what_a_member_points_to_is_not_the_member(member: str, told: tuple[str, str, str]) -> None:
    assert effects(member, *told) == []


def test_an_element_of_an_array_is_late() -> None:
    assert effects("struct part *message[4];", *PART) == [("foo.part", "crash")]
