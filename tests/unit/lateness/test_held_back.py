# SPDX-License-Identifier: GPL-2.0-only
"""What callbacks themselves set only where a late place is there keeps them from what needs it."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

DRIVER = """
struct queue { int lock; };
struct foo { struct iommu_device iommu; struct queue *queue; };
struct client { struct foo *foo; int queued, counted; };
static int queue_up(struct client *client)
{
    if (!client->foo->queue)
        return -EINVAL;
    client->queued = 1;
    return 0;
}
static int foo_of_xlate(struct device *dev)
{
    struct client *client = dev_iommu_priv_get(dev);

    client->counted = 1;
    if (queue_up(client))
        return 0;
    return 0;
}
static int foo_probe_device(struct device *dev)
{
    struct client *client = dev_iommu_priv_get(dev);

    if (TEST)
        client->foo->queue->lock = 1;
    return 0;
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate, .probe_device = foo_probe_device,
};
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, dev);
    foo->queue = kzalloc(sizeof(*foo->queue), GFP_KERNEL);
    return 0;
}
"""
OPENING = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"


@pytest.mark.parametrize(
    ("test", "expected"),
    [("client->queued", "low"), ("client->counted", "high"), ("dev->bus", "high")],
)
def test_what_is_not_set_without_it_holds_back(test: str, expected: str) -> None:
    code = DRIVER.replace("TEST", test)
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__of__open_c=OPENING))
    (found,) = [
        one for one in case.late_reads if one.reader.callback.function.name == "foo_probe_device"
    ]
    assert found.confidence.value == expected
    told = "what leads there is not set before either" in found.doubts
    assert told == (expected == "low")
