# SPDX-License-Identifier: GPL-2.0-only
"""State that one function reads and then sets, whoever calls it first: the tail of a queue."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
DRIVER = """
struct request { struct request *next; };
static int running, opened;
static struct request *last, *only;
static void queue(struct request *request)
{
    QUEUE
}
static int foo_of_xlate(struct device *dev)
{
    struct request request;

    queue(&request);
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev)
{
    struct request request;

    iommu_device_register(0, &foo_ops, dev);
    queue(&request);
    WRITE
    return 0;
}
"""
TAIL = "if (running) { last->next = request; last = request; } else { last = request; }"
COUNT = "if (running) return; if (!WARN_ON(opened < 1)) opened--;"
LATER = "if (request->next) last = request; else last->next = request;"


def confidences(queue: str, write: str = "") -> list[tuple[str, str]]:
    code = DRIVER.replace("QUEUE", queue).replace("WRITE", write)
    made = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    return [(one.late.spelled, one.confidence.value) for one in case_of(made).late_reads]


@pytest.mark.parametrize(("queue", "name"), [(TAIL, "last"), (COUNT, "opened")])
def test_what_sets_it_would_have_met_it_first(queue: str, name: str) -> None:
    assert confidences(queue) == [(name, "low")]


@pytest.mark.parametrize(
    ("queue", "write"),
    [
        (TAIL, "last = &request;"),  # the probe itself sets it, too
        (LATER, ""),  # it has been set by then, or not at all
    ],
)
def test_what_else_may_set_it_counts(queue: str, write: str) -> None:
    assert confidences(queue, write) == [("last", "medium")]
