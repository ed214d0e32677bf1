# SPDX-License-Identifier: GPL-2.0-only
"""What a comparison with a late zero yields: unsigned, everything is at least that."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import WRITES_LATE, tree

HEAD = """
struct foo {{ struct iommu_device iommu; {late} ports; {other} wanted; }};
static int foo_of_xlate(struct device *dev)
{{
    struct foo *foo = dev_iommu_priv_get(dev);

    if ({test})
        return -EINVAL;
    return 0;
}}
"""
OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"


@pytest.mark.parametrize(
    ("late", "other", "effect"),
    [
        ("u32", "int", "declined"),
        ("unsigned int", "int", "declined"),
        ("int", "u32", "declined"),
        ("int", "uint32_t", "declined"),
        ("int", "unsigned long", "declined"),
        ("int", "int", "wrong-value"),
        ("int", "u8", "wrong-value"),  # which becomes an int itself
        ("long", "u32", "wrong-value"),  # a long is wider where it is of 64 bits
    ],
)
@pytest.mark.parametrize("test", ["foo->wanted >= foo->ports", "foo->ports <= foo->wanted"])
def test_nothing_unsigned_is_below_zero(late: str, other: str, effect: str, test: str) -> None:
    code = HEAD.format(late=late, other=other, test=test) + WRITES_LATE
    code = code.replace("WRITE", "foo->ports = readl(foo);")
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    assert [one.reader.effect.value for one in case.late_reads] == [effect]
