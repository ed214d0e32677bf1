# SPDX-License-Identifier: GPL-2.0-only
"""Whom a change concerns: the callers of what others use, and what is near a driver's own."""

from __future__ import annotations

import pytest
import trees
from text_tree import case_of

from kscan.change.others import Others
from kscan.kernel.catalogue import catalogue
from kscan.reachability import Implementation

FILES = {
    "include/linux/thing.h": """
        struct thing_ops { int (*start)(int x); int (*stop)(int x); };
        struct thing { const struct thing_ops *ops; };
        int thing_start(struct thing *t);
        """,
    "drivers/thing/core.c": """
        #include <linux/thing.h>
        static int started(struct thing *t) { return t->ops->start(1); }
        int thing_start(struct thing *t) { return started(t); }
        """,
    "drivers/a/a.c": """
        #include <linux/thing.h>
        static int a_start(int x) { return x; }
        static const struct thing_ops a_ops = { .start = a_start };
        """,
    "drivers/b/b.c": """
        #include <linux/thing.h>
        struct driver { int (*probe)(struct thing *t); };
        static int prepare(struct thing *t) { return thing_start(t); }
        static int b_probe(struct thing *t) { return prepare(t); }
        static const struct driver b_driver = { .probe = b_probe };
        static int near(struct thing *t) { return t->ops->start(2); }
        static const struct driver c_driver = { .probe = near };
        """,
}


@pytest.mark.parametrize(
    ("path", "name", "drivers", "further"),
    [
        # what others call concerns who calls it, and whom it calls
        ("drivers/thing/core.c", "started", ["drivers/a/a", "drivers/b/b"], 0),
        # whom a driver's own function reaches further down than it looks itself is counted
        ("drivers/b/b.c", "b_probe", [], 1),
        ("drivers/b/b.c", "near", ["drivers/a/a"], 0),
    ],
)
def test_the_drivers_beside_a_change(
    path: str, name: str, drivers: list[str], further: int
) -> None:
    others = Others(trees.program(FILES), catalogue(), (), frozenset({path}))
    found = others.share([Implementation(name, path)])
    assert [driver.driver for driver in found.drivers] == drivers
    assert found.not_listed == further


REGISTERING = """
include/linux/iommu.h
    struct device { int id; };
    struct iommu_ops { int (*of_xlate)(struct device *dev); };
    struct iommu_device { const struct iommu_ops *ops; };
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw);
    int iommu_fwspec_add_ids(struct device *dev);
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    int iommu_fwspec_init(void) { return 0; }
    int iommu_fwspec_add_ids(struct device *dev) { return 1; }
    static int walk(struct iommu_device *i) { iommu_fwspec_init(); return i->ops->of_xlate(0); }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        i->ops = ops;
        return walk(i);
    }
drivers/iommu/foo.c
    #include <linux/iommu.h>
    struct driver { int (*probe)(struct iommu_device *i); };
    static int foo_of_xlate(struct device *dev) { return iommu_fwspec_add_ids(dev); }
    static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
    static int foo_probe(struct iommu_device *i) { return iommu_device_register(i, &foo_ops, i); }
    static const struct driver foo_driver = { .probe = foo_probe };
drivers/iommu/late.c
    #include <linux/iommu.h>
    struct late_ops { int (*start)(struct device *dev); };
    static int late_start(struct device *dev) { return iommu_fwspec_add_ids(dev); }
    static const struct late_ops late_ops = { .start = late_start };
drivers/iommu/never.c
    #include <linux/iommu.h>
    static int never_of_xlate(struct device *dev) { return 0; }
    static const struct iommu_ops never_ops = { .of_xlate = never_of_xlate };
"""


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        # a registration leads to the change, which calls the callbacks of what registers
        ("walk", ["drivers/iommu/foo"], ["drivers/iommu/never"]),
        # a callback of what registers comes to the change, a driver's other function does
        ("iommu_fwspec_add_ids", ["drivers/iommu/foo"], ["drivers/iommu/late"]),
    ],
)
def test_drivers_that_meet_the_change_inside_a_registration_come_first(
    name: str, inside: list[str], outside: list[str]
) -> None:
    case, path = case_of(REGISTERING, as_is=True), "drivers/iommu/iommu.c"
    others = Others(case.program, catalogue(), (case,), frozenset({path}))
    found = others.share([Implementation(name, path)]).drivers
    assert [one.driver for one in found] == inside + outside
    assert [one.driver for one in found if one.is_inside] == inside
