# SPDX-License-Identifier: GPL-2.0-only
"""Callers that register, and callers whose constants keep a function from it."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import FOLLOWS_NEXT, tree

DRIVER = """
static int foo_setup(struct foo *foo, int first)
{{
    {setup}
}}
static int foo_start(struct foo *foo, int first)
{{
    {start}
}}
static int foo_resume(struct foo *foo, int first)
{{
    foo_start(foo, {resume});
    foo->next = foo;
    return 0;
}}
"""
ALWAYS = "return iommu_device_register(&foo->iommu, &foo_ops, 0);"
IF_FIRST = f"if (first) {ALWAYS} return 0;"
PASSED = "return foo_setup(foo, first);"


@pytest.mark.parametrize(
    ("setup", "start", "resume", "late"),
    [
        (IF_FIRST, PASSED, "1", True),
        (IF_FIRST, PASSED, "first", True),
        (IF_FIRST, PASSED, "false", False),
        (IF_FIRST, PASSED, "0", False),
        (ALWAYS, PASSED, "0", True),
        # where a function between the two decides
        (ALWAYS, f"if (!first) return 0; {PASSED}", "0", False),
        (ALWAYS, f"if (first) return 0; {PASSED}", "1", False),
        (ALWAYS, f"if (foo->flags || first) foo->flags = 1; {PASSED}", "0", True),
        # where what it hands on is not what it was given
        (IF_FIRST, "return foo_setup(foo, foo->flags);", "0", True),
        (IF_FIRST, f"first = foo->flags; {PASSED}", "0", True),
        (IF_FIRST, "return foo_setup(foo, 1);", "0", True),
    ],
)
def test_a_caller_counts_where_what_it_hands_over_lets_it_register(
    setup: str, start: str, resume: str, *, late: bool
) -> None:
    code = FOLLOWS_NEXT + DRIVER.format(setup=setup, start=start, resume=resume)
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert [one.late.spelled for one in case.late_reads] == ["foo.next"] * late
