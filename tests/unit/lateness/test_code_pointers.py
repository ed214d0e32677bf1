# SPDX-License-Identifier: GPL-2.0-only
"""Pointers to functions that a driver sets only after it has registered, and calls before."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = """
typedef int (*foo_hook_t)(struct device *dev);
typedef int foo_fn_t(struct device *dev);
struct foo { struct iommu_device iommu; };
static int (*plain)(struct device *dev);
static foo_hook_t hook;
static foo_fn_t real;
static int real(struct device *dev) { return hook ? 0 : -ENODEV; }
static int foo_of_xlate(struct device *dev)
{
    CALL
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, dev);
    SET = real;
    return 0;
}
"""


@pytest.mark.parametrize(
    ("late", "call", "found"),
    [
        ("plain", "return plain(dev);", [("plain", "crash")]),
        ("plain", "return (*plain)(dev);", [("plain", "crash")]),
        ("hook", "return hook(dev);", [("hook", "crash")]),
        ("hook", "return hook ? hook(dev) : 0;", []),
        # what a typedef declares is a function like another, and is entered
        ("hook", "return real(dev);", [("hook", "declined")]),
        ("plain", "return real(dev);", []),
    ],
)
def test_a_call_through_a_pointer_that_is_set_late(
    late: str, call: str, found: list[tuple[str, str]]
) -> None:
    code = DRIVER.replace("CALL", call).replace("SET", late)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING))
    assert [(one.late.spelled, one.reader.effect.value) for one in case.late_reads] == found
