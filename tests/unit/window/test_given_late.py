# SPDX-License-Identifier: GPL-2.0-only
"""Tables that code completes: in time, or once the registration has called what it finds."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

DRIVER = """
struct foo { struct iommu_device iommu; struct foo *next; int number; };
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    return foo->next->number;
}
static int foo_probe_device(struct device *dev)
{
    return 0;
}
TABLE
FILL
static int probe(struct device *dev, struct foo *foo)
{
    struct iommu_ops *ops = &foo_ops;

    BEFORE
    iommu_device_register(&foo->iommu, GIVEN, dev);
    foo->next = foo;
    AFTER
    return 0;
}
"""
PARTLY = "static struct iommu_ops foo_ops = { .probe_device = foo_probe_device };"
BARE = "static struct iommu_ops foo_ops;"
WHOLE = "static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };"
NAMED = "foo_ops.of_xlate = foo_of_xlate;"
FILL = "static void fill(void) { foo_ops.of_xlate = foo_of_xlate; }"
POINTED = "ops->of_xlate = foo_of_xlate;"


def crashes(table: str, before: str, after: str, given: str = "&foo_ops") -> bool:
    code = DRIVER
    filled = FILL if "fill();" in before + after else ""
    pieces = {"TABLE": table, "FILL": filled, "BEFORE": before, "GIVEN": given, "AFTER": after}
    for name, piece in pieces.items():
        code = code.replace(name, piece)
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=opening))
    found = [(one.late.spelled, one.confidence.value) for one in case.late_reads]
    assert found in ([], [("foo.next", "high")])
    return bool(found)


@pytest.mark.parametrize("table", [BARE, PARTLY])
@pytest.mark.parametrize(
    ("fills", "given"), [(NAMED, "&foo_ops"), ("fill();", "&foo_ops"), (POINTED, "ops")]
)
def test_a_slot_that_is_filled_late_is_empty_in_the_window(
    table: str, fills: str, given: str
) -> None:
    assert crashes(table, fills, "", given)
    assert not crashes(table, "", fills, given)


def test_a_slot_that_is_filled_again_was_there_before() -> None:
    assert crashes(WHOLE, "", "")
    assert crashes(BARE, NAMED, NAMED)
