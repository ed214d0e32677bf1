# SPDX-License-Identifier: GPL-2.0-only
"""A core and a bus, small enough to read: what every window of these tests begins with."""

from __future__ import annotations

from textwrap import indent

CORE = """
include/linux/iommu.h
    struct device;
    struct iommu_ops {
        int (*probe_device)(struct device *dev);
        int (*of_xlate)(struct device *dev);
        void (*probe_finalize)(struct device *dev);
    };
    struct bus_type { void *own; int (*dma_configure)(struct device *dev); };
    struct device { struct device_driver *driver; struct bus_type *bus; struct dev_iommu *iommu; };
    struct iommu_device { const struct iommu_ops *ops; };
    int iommu_fwspec_init(struct device *dev, void *fwnode);
    int iommu_probe_device(struct device *dev);
    static inline int helps(struct device *dev)
    {
        return inlined(dev);
    }
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    int iommu_fwspec_init(struct device *dev, void *fwnode)
    {
        return 0;
    }
    int iommu_probe_device(struct device *dev)
    {
        return iommu_init_device(dev, 0);
    }
    static int iommu_init_device(struct device *dev, const struct iommu_ops *ops)
    {
        dev->bus->dma_configure(dev);
        ops->of_xlate(dev);
        return ops->probe_device(dev);
    }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        return iommu_init_device(0, ops);
    }
drivers/base/platform.c
    #include <linux/iommu.h>
    static int platform_dma_configure(struct device *dev)
    {
        return of_dma_configure_id(dev);
    }
    struct bus_type platform_bus_type = { .dma_configure = platform_dma_configure };
drivers/of/device.c
    #include <linux/iommu.h>
    int of_dma_configure_id(struct device *dev)
    {
        return of_iommu_configure(dev);
    }
"""


FOLLOWS_NEXT = """
struct foo { struct iommu_device iommu; struct foo *next; int flags; };
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    return foo->next->flags;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
"""
"""A driver whose callback follows ``foo.next``, which its probe is to set."""

WRITES_LATE = """
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct device *dev, struct foo *foo)
{
    iommu_device_register(&foo->iommu, &foo_ops, dev);
    WRITE
    return 0;
}
"""
"""A probe that registers, and does ``WRITE`` then."""


def chip_contract(table: int, *tags: str, member: str = "") -> str:
    """A contract for ``chip_add()``, from which on callbacks of the chip may run."""
    tables = ", ".join(f'"{tag}"' for tag in tags)
    return f"""
[[contract]]
name = "chip"
register = "chip_add"
object = 0
table = {table}
{f'table_field = "{member}"' if member else ""}
tables = [{tables}]
window = "open"
source = "drivers/chip/core.c"
why = "whoever finds the chip may call it from then on"
"""


def tree(**files: str) -> str:
    """`CORE` with more files: the name's double underscores are slashes, the last one a dot."""
    text = CORE
    for name, code in files.items():
        path = name.replace("__", "/").rpartition("_")
        text += f"{path[0]}.{path[2]}\n" + indent("#include <linux/iommu.h>\n" + code, "    ")
        text += "\n"
    return text
