# SPDX-License-Identifier: GPL-2.0-only
"""What a function writes that is called with a constant: ``foo_power(foo, false)``."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import FOLLOWS_NEXT, tree

DRIVER = """
static int foo_link(struct foo *foo, int on)
{{
    {link}
    return 0;
}}
static int foo_switch(struct foo *foo, int on)
{{
    return foo_link(foo, {passed});
}}
#define foo_start(x) foo_switch(x, true)
#define foo_stop(x) foo_switch(x, false)
static int foo_probe(struct foo *foo)
{{
    int err;

    {early}
    err = iommu_device_register(&foo->iommu, &foo_ops, 0);
    {late}
    return err;
}}
"""
IF_ON = "if (on) foo->next = foo;"
LEAVES = "if (!on) return 0; foo->next = foo;"
CHOSEN = "on ? foo->next = foo : 0;"


@pytest.mark.parametrize(
    ("link", "passed", "early", "late", "is_late"),
    [
        ("foo->next = foo;", "on", "", "foo_stop(foo);", True),
        (IF_ON, "on", "", "foo_start(foo);", True),
        (IF_ON, "on", "", "foo_stop(foo);", False),
        (LEAVES, "on", "", "foo_start(foo);", True),
        (LEAVES, "on", "", "foo_stop(foo);", False),
        (CHOSEN, "on", "", "foo_stop(foo);", False),
        ("if (!on) foo->next = foo;", "on", "", "foo_stop(foo);", True),
        # the callee hands on something else, or changes what it was given
        (IF_ON, "!on", "", "foo_stop(foo);", True),
        (IF_ON, "1", "", "foo_stop(foo);", True),
        (f"on = foo->flags; {IF_ON}", "on", "", "foo_stop(foo);", True),
        (IF_ON, "on", "", "foo_switch(foo, foo->flags);", True),
        (IF_ON, "on", "", "if (err) foo_stop(foo);", False),
        # it is not early either where it is not made
        (IF_ON, "on", "foo_stop(foo);", "foo_start(foo);", True),
        (IF_ON, "on", "foo_start(foo);", "foo_start(foo);", False),
    ],
)
def test_only_what_the_constant_lets_it_write(
    link: str, passed: str, early: str, late: str, *, is_late: bool
) -> None:
    code = FOLLOWS_NEXT + DRIVER.format(link=link, passed=passed, early=early, late=late)
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert [one.late.spelled for one in case.late_reads] == ["foo.next"] * is_late
