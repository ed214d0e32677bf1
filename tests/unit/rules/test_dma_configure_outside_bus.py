# SPDX-License-Identifier: GPL-2.0-only
"""What comes of a device that is configured when its driver is bound."""

from __future__ import annotations

import pytest
from text_tree import case_of

from kscan.model import Effect, Finding, Severity
from kscan.rules.dma_configure_outside_bus import dma_configure_outside_bus

TREE = """
include/linux/iommu.h
    struct device_node;
    struct iommu_ops { int (*probe_device)(struct device *dev); };
    struct bus_type { int (*dma_configure)(struct device *dev); };
    struct device_driver { struct bus_type *bus; };
    struct device {
        struct device *parent; struct device_node *of_node;
        struct bus_type *bus; struct dev_iommu *iommu;
    };
    struct iommu_device { const struct iommu_ops *ops; };
    struct platform_device { struct device dev; };
    struct platform_driver { int (*probe)(struct platform_device *); struct device_driver driver; };
    struct spi_device { struct device dev; };
    struct spi_driver { int (*probe)(struct spi_device *); struct device_driver driver; };
    int iommu_fwspec_init(struct device *dev, void *fwnode);
    int iommu_probe_device(struct device *dev);
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    int iommu_fwspec_init(struct device *dev, void *fwnode)
    {
        return 0;
    }
    static int iommu_init_device(struct device *dev, const struct iommu_ops *ops)
    {
        BUS
        return ops->probe_device(dev);
    }
    int iommu_probe_device(struct device *dev)
    {
        return iommu_init_device(dev, 0);
    }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        return iommu_init_device(0, ops);
    }
drivers/base/platform.c
    #include <linux/iommu.h>
    static int platform_dma_configure(struct device *dev)
    {
        if (dev->of_node)
            return of_dma_configure_id(dev, dev->of_node, 1, 0);
        return acpi_dma_configure_id(dev, 1, 0);
    }
    struct bus_type platform_bus_type = { .dma_configure = platform_dma_configure };
    int __platform_driver_register(struct platform_driver *drv)
    {
        drv->driver.bus = &platform_bus_type;
        return 0;
    }
drivers/of/device.c
    #include <linux/iommu.h>
    int of_dma_configure_id(struct device *dev, struct device_node *np, bool force, const u32 *id)
    {
        int had = dev->iommu, err = iommu_fwspec_init(dev, np);
        if (!err && !had)
            err = iommu_probe_device(dev);
        return err;
    }
drivers/acpi/scan.c
    #include <linux/iommu.h>
    static int acpi_iommu_configure_id(struct device *dev)
    {
        return iommu_fwspec_init(dev, 0);
    }
    int acpi_dma_configure_id(struct device *dev, int attr, const u32 *id)
    {
        return acpi_iommu_configure_id(dev);
    }
drivers/a.c
    #include <linux/iommu.h>
    static int probe(struct KIND_device *pdev)
    {
        struct device *dev = &pdev->dev;
        return CALL;
    }
    static struct KIND_driver driver = { .probe = probe };
"""

LATE = "which has a driver and is on a bus without a dma_configure: where its node has an IOMMU"


def found(
    call: str, kind: str = "platform", *, new: bool = True, as_is: bool = False
) -> list[Finding]:
    """The findings for one call in a probe of a driver of the bus `kind`."""
    asks = "dev->bus->dma_configure(dev);" if new else ";"
    text = TREE.replace("BUS", asks).replace("KIND", kind).replace("CALL", call)
    return list(dma_configure_outside_bus.check(case_of(text, as_is=as_is)))


@pytest.mark.parametrize(
    ("call", "kind", "effect", "ends"),
    [
        ("of_dma_configure_id(dev, dev->of_node, 1, 0)", "platform", Effect.REDUNDANT,
         "once more: its bus has done so before the driver was bound"),
        ("of_dma_configure_id(dev, dev->parent->of_node, 1, 0)", "platform", Effect.WARN,
         "where that node has an IOMMU, the core warns of a late probe"),
        ("of_dma_configure_id(dev, dev->of_node, 1, 0)", "spi", Effect.WARN,
         f"{LATE}, the core warns of a late probe"),
        ("acpi_dma_configure_id(dev, 1, 0)", "spi", Effect.DECLINED,
         f"{LATE}, nobody replays the probe, and the device has no translation"),
        ("acpi_dma_configure_id(dev, 1, &pdev->id)", "platform", Effect.DECLINED,
         "where that id leads to an IOMMU, nobody replays the probe, and the device has no "
         "translation"),
    ],
)  # fmt: skip
def test_what_comes_of_it(call: str, kind: str, effect: Effect, ends: str) -> None:
    (finding,) = found(call, kind)
    assert finding.effect is effect
    assert finding.message.endswith(ends)


@pytest.mark.parametrize("kind", ["platform", "spi"])
def test_without_a_node_there_is_no_iommu_to_find(kind: str) -> None:
    assert not found("of_dma_configure_id(dev, NULL, 1, 0)", kind)


@pytest.mark.parametrize(("as_is", "severity"), [(False, Severity.WARNING), (True, Severity.NOTE)])
def test_a_tree_without_the_new_probe_path_does_not_warn_yet(
    as_is: bool, severity: Severity
) -> None:
    (finding,) = found(
        "of_dma_configure_id(dev, dev->of_node, 1, 0)", "spi", new=False, as_is=as_is
    )
    assert finding.message.endswith(
        f"{LATE}, the core would warn of a late probe once the new probe path is in"
    )
    assert finding.severity is severity
