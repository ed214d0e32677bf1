# SPDX-License-Identifier: GPL-2.0-only
"""Which of several crashes is shown: not one on the way out with an error, if there is another."""

from __future__ import annotations

import pytest
from text_tree import case_of, line_of
from windows import WRITES_LATE, tree

HEAD = """
struct foo { struct iommu_device iommu; struct foo *next; int number; };
static int setup(struct device *dev) { return readl(dev); }
static void undo(struct foo *foo) { foo->next->number = 0; }
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);
    int ret = setup(dev);

    READ
}
"""
PLAIN = "foo->next->number = 1;"


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        (f"if (ret) {{\n undo(foo);\n return ret;\n }}\n {PLAIN}\n return 0;", PLAIN),
        (f"if (ret < 0) {{\n undo(foo);\n return ret;\n }}\n {PLAIN}\n return 0;", PLAIN),
        (f"if (!dev) {{\n undo(foo);\n return -EINVAL;\n }}\n {PLAIN}\n return 0;", PLAIN),
        # where all goes well, too
        (f"if (ret) {{\n undo(foo);\n }}\n {PLAIN}\n return 0;", "foo->next->number = 0;"),
        ("if (ret)\n undo(foo);\n return ret;", "foo->next->number = 0;"),
    ],
)
def test_the_plainest_crash_is_shown(read: str, shown: str) -> None:
    code = (HEAD + WRITES_LATE).replace("READ", read).replace("WRITE", "foo->next = foo;")
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=opening))
    (one,) = case.late_reads
    event = one.reader.event
    assert shown in line_of(case.program, event.function.path, event.at)
