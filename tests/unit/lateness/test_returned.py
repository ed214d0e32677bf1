# SPDX-License-Identifier: GPL-2.0-only
"""A pointer made of NULL that a callback hands to the core."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

DRIVER = """
struct foo { int number; struct iommu_device iommu; };
static struct foo *only;
static struct iommu_device *foo_probe_device(struct device *dev) { return &only->iommu; }
static const struct iommu_ops foo_ops = { .probe_device = foo_probe_device };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    only = foo;
    return 0;
}
"""
LINK = "int link(struct iommu_device *i) { return i->ops != 0; }"


@pytest.mark.parametrize(
    ("core", "confidence", "note"),
    [
        ("return ops->probe_device(dev);", "medium", "returns a pointer made of NULL"),
        ("struct iommu_device *i = ops->probe_device(dev); if (IS_ERR(i)) return 1; link(i);",
         "high", "returns a pointer made of NULL, which link() dereferences"),
        ("struct iommu_device *i = ops->probe_device(dev); return i->ops != 0;",
         "high", "returns a pointer made of NULL, which iommu_init_device() dereferences"),
        ("struct iommu_device *i = ops->probe_device(dev); unknown(i); return 0;",
         "medium", "returns a pointer made of NULL"),
    ],
)  # fmt: skip
def test_what_the_core_does_with_it(core: str, confidence: str, note: str) -> None:
    text = tree(drivers__iommu__foo_c=DRIVER, drivers__iommu__link_c=LINK)
    text = text.replace("int (*probe_device)", "struct iommu_device *(*probe_device)")
    case = case_of(text.replace("return ops->probe_device(dev);", core))
    found = [(one.confidence.value, one.reader.event.note) for one in case.late_reads]
    assert found == [(confidence, note)]
