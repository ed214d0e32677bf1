# SPDX-License-Identifier: GPL-2.0-only
"""Whose bus configures a device before a driver is bound."""

from __future__ import annotations

import pytest
from text_tree import function_of, program_of

from kscan.program.calls import Slot
from kscan.program.tables import Tables
from kscan.window.buses import Buses

TREE = """
include/linux/device.h
    struct device;
    struct bus_type { int (*probe)(struct device *); int (*dma_configure)(struct device *); };
    struct device_driver { const struct bus_type *bus; };
    struct foo_driver { int (*probe)(struct device *); struct device_driver driver; };
    struct foo_sub_driver { int (*probe)(struct device *); struct foo_driver foo; };
    struct bar_core { struct device_driver drv; };
    struct bar_driver { int (*probe)(struct device *); struct bar_core core; };
    struct tracer_driver { int (*probe)(struct device *); struct foo_driver *by; };
drivers/base/foo.c
    #include <linux/device.h>
    static int configure(struct device *dev)
    {
        return 0;
    }
    static int foo_probe(struct device *dev)
    {
        return 0;
    }
    const struct bus_type foo_bus = { .probe = foo_probe, .dma_configure = configure };
    int foo_driver_register(struct foo_driver *drv)
    {
        drv->driver.bus = &foo_bus;
        return driver_register(&drv->driver);
    }
drivers/base/bar.c
    #include <linux/device.h>
    static int probe(struct device *dev)
    {
        return 0;
    }
    const struct bus_type bar_bus = { .probe = probe };
    int bar_driver_register(struct bar_driver *drv)
    {
        drv->core.drv.bus = &bar_bus;
        return driver_register(&drv->core.drv);
    }
"""


@pytest.mark.parametrize(
    ("function", "driver", "wanted"),
    [
        ("probe", "foo_driver", True),
        ("probe", "foo_sub_driver", True),  # registers as the driver that lies in it
        ("probe", "bar_driver", False),
        ("probe", "tracer_driver", None),  # belongs to no bus
        ("probe", "device_driver", None),
        ("probe", "unheard_of", None),
        ("probe", "", None),
        ("probe", "bus_type", False),
        ("foo_probe", "bus_type", True),
    ],
)
def test_the_bus_of_a_driver_struct(function: str, driver: str, wanted: bool | None) -> None:
    program = program_of(TREE)
    tables = Tables(program, ("drivers/base/foo.c", "drivers/base/bar.c"))
    buses = Buses(tables, Slot.named("bus_type.dma_configure"))
    assert buses.configure(function_of(program, function), driver) is wanted
