# SPDX-License-Identifier: GPL-2.0-only
"""The new probe path in trees of every age: its edges begin and end where each tree has it."""

from __future__ import annotations

from text_tree import case_of

WALKS = """
    static int iommu_bus_init(struct bus_type *bus, const struct iommu_ops *ops)
    {
        return bus_for_each_dev(bus, 0, 0, add_iommu_group);
    }
    int bus_set_iommu(struct bus_type *bus, const struct iommu_ops *ops)
    {
        return iommu_bus_init(bus, ops);
    }
"""
HEADER = """
include/linux/iommu.h
    struct device;
    struct iommu_group;
    struct iommu_ops {
        int (*add_device)(struct device *dev);
        int (*probe_device)(struct device *dev);
        int (*of_xlate)(struct device *dev);
        struct iommu_group *(*device_group)(struct device *dev);
    };
    struct bus_type {
        const struct iommu_ops *iommu_ops;
        int (*dma_configure)(struct device *dev);
    };
    struct device { struct device_driver *driver; struct bus_type *bus; };
    struct iommu_device { const struct iommu_ops *ops; };
    int iommu_probe_device(struct device *dev);
"""
GROUPS = """
    int iommu_device_register(struct iommu_device *iommu)
    {
        return 0;
    }
    struct iommu_group *iommu_group_get_for_dev(struct device *dev)
    {
        return dev->bus->iommu_ops->device_group(dev);
    }
"""
PARSES = """
drivers/of/iommu.c
    #include <linux/iommu.h>
    int of_iommu_configure(struct device *dev)
    {
        return dev->bus->iommu_ops->of_xlate(dev);
    }
"""
# As 4.15: drivers/base/dma-mapping.c configures every device, and no bus does.
V4_15 = f"""{HEADER}
drivers/iommu/iommu.c
    #include <linux/iommu.h>{GROUPS}
    static int add_iommu_group(struct device *dev, void *data)
    {{
        return dev->bus->iommu_ops->add_device(dev);
    }}{WALKS}
drivers/base/dma-mapping.c
    #include <linux/iommu.h>
    int dma_configure(struct device *dev)
    {{
        return of_iommu_configure(dev);
    }}
{PARSES}"""
# As 5.4: buses do, and the core does what a driver's add_device() leaves to it.
V5_4 = f"""{HEADER}
drivers/iommu/iommu.c
    #include <linux/iommu.h>{GROUPS}
    int iommu_probe_device(struct device *dev)
    {{
        return dev->bus->iommu_ops->add_device(dev);
    }}
    static int add_iommu_group(struct device *dev, void *data)
    {{
        return iommu_probe_device(dev);
    }}{WALKS}
drivers/base/platform.c
    #include <linux/iommu.h>
    static int platform_dma_configure(struct device *dev)
    {{
        return of_iommu_configure(dev);
    }}
    struct bus_type platform_bus_type = {{ .dma_configure = platform_dma_configure }};
{PARSES}"""
# As 6.1: the walk has a name of its own, and asks for groups.
V6_1 = V5_4.replace("->add_device(dev)", "->probe_device(dev)").replace(
    "int bus_set_iommu", "int bus_iommu_probe"
).replace("return iommu_probe_device(dev)", "iommu_group_get_for_dev(dev);\n"
          "        return iommu_probe_device(dev)")  # fmt: skip


def edges_and_slots(text: str, *, as_is: bool = False) -> tuple[list[str], list[str]]:
    """The edges that are assumed in a tree, and the slots then called in the window."""
    window = case_of(text, as_is=as_is).window
    return [str(edge) for edge in window.assumed], [str(slot) for slot in window.slots]


def test_before_buses_configured_their_devices() -> None:
    assert edges_and_slots(V4_15) == (
        [
            "iommu_device_register -> iommu_bus_init",
            "add_iommu_group -> iommu_group_get_for_dev",
            "add_iommu_group -> dma_configure",
        ],
        ["iommu_ops.add_device", "iommu_ops.device_group", "iommu_ops.of_xlate"],
    )


def test_while_drivers_asked_for_groups() -> None:
    assert edges_and_slots(V5_4) == (
        [
            "iommu_device_register -> iommu_bus_init",
            "iommu_probe_device -> iommu_group_get_for_dev",
            "iommu_probe_device -> bus_type.dma_configure",
        ],
        [
            "bus_type.dma_configure", "iommu_ops.add_device", "iommu_ops.device_group",
            "iommu_ops.of_xlate",
        ],
    )  # fmt: skip


def test_once_the_core_walks_the_buses() -> None:
    edges, slots = edges_and_slots(V6_1)
    assert edges == [
        "iommu_device_register -> bus_iommu_probe",
        "iommu_probe_device -> bus_type.dma_configure",
    ]
    assert "iommu_ops.device_group" in slots


def test_nothing_is_assumed_of_a_tree_as_it_stands() -> None:
    assert edges_and_slots(V5_4, as_is=True) == ([], [])
