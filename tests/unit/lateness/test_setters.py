# SPDX-License-Identifier: GPL-2.0-only
"""What a driver has a setter of another file keep, and how sure it is that this comes too late."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = """
struct foo { struct iommu_device iommu; };
void foo_tables_set(struct device *dev);
int foo_tables_bits(void);
static int foo_of_xlate(struct device *dev) { return foo_tables_bits(); }
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    foo_tables_set(dev);
    return 0;
}
"""
SETTER = """
struct device { int bits; };
void foo_tables_set(struct device *dev) { tables.dev = dev; }
int foo_tables_bits(void) { return tables.dev->bits; }
"""


@pytest.mark.parametrize(
    ("tables", "sure"),
    [
        ("static struct { struct device *dev; int used; } tables;", "high"),
        ("struct foo_tables { struct device *dev; int used; } tables;", "high"),
        ("static struct foo_tables { struct device *dev; } tables;", "high"),
        # of a struct that all drivers know, other code may set the member
        ("#include <linux/tables.h>\nstatic struct tables tables;", "medium"),
    ],
)
def test_what_a_setter_keeps_in_one_struct_of_its_own_file(tables: str, sure: str) -> None:
    made = tree(
        drivers__iommu__foo_c=DRIVER,
        drivers__iommu__foo_tables_c=tables + SETTER,
        include__linux__tables_h="struct tables { struct device *dev; };",
        drivers__of__iommu_c=OPENING,
    )
    (read,) = case_of(made).late_reads
    assert (read.late.spelled, read.confidence.value) == ("tables.dev", sure)
