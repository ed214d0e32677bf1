# SPDX-License-Identifier: GPL-2.0-only
"""Whose device it is: the instance's, which the probe is about, or the callback's own client."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

KERNEL = """
    struct fwnode_handle { struct device *dev; };
    struct device_node { struct fwnode_handle fwnode; };
    struct iommu_fwspec { struct fwnode_handle *iommu_fwnode; };
    struct args { struct device_node *np; };
    struct fwnode_handle *of_fwnode_handle(struct device_node *np);
    struct fwnode_handle *dev_fwnode(struct device *dev);
    struct platform_device { struct device dev; int *resource; };
    struct device { unsigned long *dma_mask; struct device_node *of_node;
                    struct fwnode_handle *fwnode; struct iommu_fwspec *fwspec;"""
DRIVER = """
struct foo { struct iommu_device iommu; struct device *dev; int number; };
static struct foo *only;
static struct device *first, *second;
static struct args *spec;
static void use(struct foo *foo) { foo->number = 1; }
static struct device_node *node_of(struct device *dev) { return dev->of_node; }
static int foo_of_xlate(struct device *dev)
{
    struct platform_device *pdev = container_of(dev, struct platform_device, dev);
    struct foo *foo = dev_iommu_priv_get(dev);

    %s
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct platform_device *pdev, struct foo *foo)
{
    struct device *dev = &pdev->dev;

    foo->dev = dev;
    first = dev;
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s
    return 0;
}
"""


def found(read: str, write: str) -> list[tuple[str, str]]:
    """What is late in a driver that reads so in a callback, and writes so after registering."""
    text = tree(drivers__iommu__foo_c=DRIVER % (read, write))
    case = case_of(text.replace("    struct device {", KERNEL))
    return [(one.late.spelled, one.reader.effect.value) for one in case.late_reads]


MASK = "dev->dma_mask = devm_kzalloc(dev, 8, 0);"
MASKED = [("device.dma_mask", "crash")]
RESOURCE = "pdev->resource = devm_kzalloc(dev, 8, 0);"


@pytest.mark.parametrize(
    ("read", "write", "expected"),
    [
        # the client has had its own since it was made
        ("*dev->dma_mask = 34;", MASK, []),
        ("*dev->dma_mask = 34;", "pdev->dev.dma_mask = &mask;", []),
        ("*dev->dma_mask = 34;", "foo->dev->dma_mask = &mask;", []),
        ("*pdev->dev.dma_mask = 34;", MASK, []),
        ("*pdev->resource = 1;", RESOURCE, []),
        # of a device that nothing leads to, nothing is known
        ("*dev->bus->root->dma_mask = 34;", MASK, []),
        # that of the instance is found by its node, or by what holds it
        ("*foo->dev->dma_mask = 34;", MASK, MASKED),
        ("*first->dma_mask = 34;", MASK, MASKED),
        ("struct device *d = bus_find_device(dev->bus, 0, dev, match); *d->dma_mask = 1;",
         MASK, MASKED),
        ("struct platform_device *p = of_find_device_by_node(spec->np); *p->resource = 1;",
         RESOURCE, [("platform_device.resource", "crash")]),
        # a global that is late itself leads to nothing yet
        ("if (!second) return 0; use(only);", "only = foo; second = dev;", []),
        ("*second->dma_mask = 34;", f"second = dev; {MASK}", [("second", "crash")]),
        # what a driver's own struct has is no member of every device
        ("use(foo);", "only = foo;", []),
        ("use(only);", "only = foo;", [("only", "crash")]),
    ],
)  # fmt: skip
def test_members_of_a_device(read: str, write: str, expected: list[tuple[str, str]]) -> None:
    assert found(read, write) == expected


SET = "dev_set_drvdata(dev, foo);"
LATE = [("driver data", "crash")]


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        # a node leads to its own device
        ("dev->fwspec->iommu_fwnode->dev", LATE),
        ("get_dev_from_fwnode(dev->fwspec->iommu_fwnode)", LATE),
        ("spec->np->fwnode.dev", LATE),
        ("of_fwnode_handle(spec->np)->dev", LATE),
        ("foo->dev->fwnode->dev", LATE),
        # which is the client for the client's own node, however that is asked for
        ("dev->fwnode->dev", []),
        ("dev->of_node->fwnode.dev", []),
        ("dev_fwnode(dev)->dev", []),
        ("of_fwnode_handle(dev->of_node)->dev", []),
        ("of_fwnode_handle(node_of(dev))->dev", []),
        ("get_dev_from_fwnode(dev->fwnode)", []),
        ("&of_find_device_by_node(dev->of_node)->dev", []),
        # and another device's for a node that is neither's
        ('of_fwnode_handle(of_parse_phandle(dev->of_node, "x", 0))->dev', []),
        # unless it is by that property that a client names its instance
        ('of_fwnode_handle(of_parse_phandle(dev->of_node, "iommus", 0))->dev', LATE),
        ('&of_find_device_by_node(of_parse_phandle(node_of(dev), "iommus", at))->dev', LATE),
    ],
)
def test_driver_data_of_a_nodes_device(device: str, expected: list[tuple[str, str]]) -> None:
    assert found(f"use(dev_get_drvdata({device}));", SET) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("struct device *d = bus_find_device(bus, 0, spec, match); use(d->own);", "crash"),
        ("if (!bus_find_device(bus, 0, spec, match)) return -ENODEV;", "declined"),
        ("if (bus_find_device(bus, 0, spec, match)) use(foo);", ""),
        # which one is not told by a number
        ("if (!bus_find_device(dev->bus, 0, number, match)) return -ENODEV;", ""),
    ],
)
def test_nothing_is_found_on_a_bus_that_is_not_known_yet(read: str, expected: str) -> None:
    before = "static struct bus_type *bus;\nstatic int number;\n"
    text = tree(drivers__iommu__foo_c=before + DRIVER % (read, "bus = dev->bus; number = 4;"))
    case = case_of(text.replace("    struct device {", KERNEL + " void *own;"))
    assert [one.reader.effect.value for one in case.late_reads] == [expected] * bool(expected)
