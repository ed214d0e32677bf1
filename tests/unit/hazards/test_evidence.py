# SPDX-License-Identifier: GPL-2.0-only
"""What a finding says of the one that suffers: as much as its trace shows, and no other thing."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.hazards.evidence import late_finding
from kscan.model import Effect, Severity, StepKind

DRIVER = """
struct foo { int number; struct iommu_device iommu; };
static int foo_of_xlate(struct device *dev)
{
    dev->iommu = dev_get_drvdata(of_find_device_by_node(dev));
    return 0;
}
static struct iommu_device *foo_probe_device(struct device *dev)
{
    struct foo *foo = dev->iommu;

    %s
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate, .probe_device = foo_probe_device
};
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    dev_set_drvdata(dev, foo);
    return 0;
}
"""


@pytest.mark.parametrize(
    ("victim", "headline", "last"),
    [
        ("return &foo->iommu;", "returns a pointer made of NULL", "returns a pointer made of NULL"),
        ("foo->number = 1; return 0;", "dereferences it", "dereferences it"),
        ("BUG_ON(!foo); return 0;", "stops at BUG_ON()", "stops at BUG_ON()"),
        ("if (!foo) return ERR_PTR(-ENODEV); return 0;", "then refuses the device", "refuses"),
    ],
)
def test_headline_and_trace_agree_on_what_the_next_callback_does(
    victim: str, headline: str, last: str
) -> None:
    case = case_of(tree(drivers__iommu__foo_c=DRIVER % victim))
    (read,) = case.late_reads
    found = late_finding(case, read, "late-drvdata", "driver data is set")
    assert found.message.endswith(f"passes it on to foo_probe_device(); that one {headline}")
    assert found.trace[-2].note == last


@pytest.mark.parametrize("unless", ["shift < 0", "!foo_dev"])
def test_what_is_only_tested_is_not_said_to_be_null(unless: str) -> None:
    code = f"""
    static int shift = -1;
    static struct device *foo_dev;
    static struct iommu_device *foo_probe_device(struct device *dev)
    {{
        BUG_ON({unless});
        return 0;
    }}
    static const struct iommu_ops foo_ops = {{ .probe_device = foo_probe_device }};
    static int probe(struct device *dev, struct foo *foo)
    {{
        iommu_device_register(&foo->iommu, &foo_ops, 0);
        shift = 4;
        foo_dev = dev;
        return 0;
    }}
    """
    case = case_of(tree(drivers__iommu__foo_c=code))
    (read,) = case.late_reads
    found = late_finding(case, read, "late-global", "`it` is set")
    assert [step.note for step in found.trace if step.kind is StepKind.READ] == [
        f"reads {read.late.spelled}: not set yet",
        "stops at BUG_ON()",
    ]


@pytest.mark.parametrize(
    ("kind", "made", "used", "severity"),
    [
        ("list_head", "INIT_LIST_HEAD", "list_add(&one->node, &foo->held);", Severity.ERROR),
        ("list_head", "INIT_LIST_HEAD",
         "list_for_each_entry(one, &foo->held, node) one->number = 1;", Severity.ERROR),
        ("completion", "init_completion", "wait_for_completion(&foo->held);", Severity.ERROR),
        ("wait_queue_head", "init_waitqueue_head", "wake_up(&foo->held);", Severity.ERROR),
        ("mutex", "mutex_init", "mutex_lock(&foo->held);", Severity.WARNING),
        ("ida", "ida_init", "ida_alloc(&foo->held, 0);", Severity.WARNING),
    ],
)  # fmt: skip
def test_what_follows_null_in_a_zeroed_object_is_as_bad_as_a_crash(
    kind: str, made: str, used: str, severity: Severity
) -> None:
    code = f"""
    struct list_head {{ struct list_head *next, *prev; }};
    struct foo {{ struct {kind} held; struct list_head node; struct iommu_device iommu;
                 int number; }};
    static int foo_of_xlate(struct device *dev)
    {{
        struct foo *foo = dev_iommu_priv_get(dev), *one = foo;

        {used}
        return 0;
    }}
    static const struct iommu_ops foo_ops = {{ .of_xlate = foo_of_xlate }};
    static int probe(struct device *dev, struct foo *foo)
    {{
        iommu_device_register(&foo->iommu, &foo_ops, 0);
        {made}(&foo->held);
        return 0;
    }}
    """
    case = case_of(tree(drivers__iommu__foo_c=code))
    (read,) = case.late_reads
    found = late_finding(case, read, "late-state", "it is initialised")
    assert (found.effect, found.severity) == (Effect.UNREADY, severity)
