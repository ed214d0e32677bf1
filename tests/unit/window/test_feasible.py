# SPDX-License-Identifier: GPL-2.0-only
"""The way that is shown: the shortest whose conditions can hold together."""

from __future__ import annotations

from textwrap import indent

import pytest
from text_tree import case_of
from windows import CORE

from kscan.hazards.case import Case

OF = """
#include <linux/iommu.h>
#define on_pci(d) ((d)->bus == &pci_bus_type)
int xlate(struct device *dev) { return iommu_fwspec_init(dev, 0); }
int with_id(struct device *dev, int *id) { return xlate(dev); }
int on_its_own(struct device *dev) { return deeper(dev); }
int deeper(struct device *dev) { return xlate(dev); }
int of_iommu_configure(struct device *dev, int *id)
{
    %s
}
int of_dma_configure(struct device *dev, int *id) { return of_iommu_configure(dev, id); }
int of_dma_configure_id(struct device *dev) { return of_dma_configure(dev, %s); }
"""


def made(code: str, given: str) -> Case:
    """A tree in which of_iommu_configure(), of this `code`, is handed the id `given`."""
    files = CORE.partition("drivers/of/device.c")[0]
    return case_of(f"{files}drivers/of/device.c\n{indent(OF % (code, given), '    ')}")


def shown(code: str, given: str = "NULL") -> list[str]:
    """The functions below the bus on the way that is shown to xlate()."""
    case = made(code, given)
    xlate = case.window.reach.named("xlate")
    assert xlate is not None
    names = [edge.callee.name for edge in case.window.reach.way(xlate)]
    return names[names.index("of_iommu_configure") + 1 :]


SHORT, LONG = ["with_id", "xlate"], ["on_its_own", "deeper", "xlate"]


@pytest.mark.parametrize(
    ("code", "given", "way"),
    [
        ("return id ? with_id(dev, id) : on_its_own(dev);", "NULL", LONG),
        ("return id ? with_id(dev, id) : on_its_own(dev);", "0", LONG),
        ("return id ? with_id(dev, id) : on_its_own(dev);", "&input", SHORT),
        ("return !id ? with_id(dev, id) : on_its_own(dev);", "&input", LONG),
        ("return id ? with_id(dev, id) : on_its_own(dev);", "unknown", SHORT),
        ("if (id) return with_id(dev, id); return on_its_own(dev);", "NULL", LONG),
        ("if (!id) return on_its_own(dev); return with_id(dev, id);", "NULL", LONG),
        ("if (on_pci(dev)) return with_id(dev, id); return on_its_own(dev);", "&input", LONG),
        ("if (!on_pci(dev)) return with_id(dev, id); return on_its_own(dev);", "&input", SHORT),
        ("if (dev->bus != &platform_bus_type) return with_id(dev, id); return on_its_own(dev);",
         "&input", LONG),
        ("return id ? with_id(dev, id) : 0;", "NULL", SHORT),
    ],
)  # fmt: skip
def test_the_shortest_way_that_does_not_contradict_itself(
    code: str, given: str, way: list[str]
) -> None:
    given = given if given != "&input" else "&dev_id"
    assert shown(code, given) == way


@pytest.mark.parametrize(
    ("code", "given", "runs"),
    [
        ("return id ? with_id(dev, id) : 0;", "NULL", False),
        ("return id ? with_id(dev, id) : 0;", "&dev_id", True),
        ("return id ? with_id(dev, id) : 0;", "unknown", True),
        ("if (!id) id = &other; return id ? with_id(dev, id) : 0;", "NULL", True),
        ("get(&id); return id ? with_id(dev, id) : 0;", "NULL", True),
        ("if (id) ops->odd(dev); return 0;", "NULL", False),
        ("if (id) ops->odd(dev); return on_its_own(dev);", "NULL", False),
        ("if (id) ops->odd(dev); return ops->odd(dev);", "NULL", True),
    ],
)
def test_what_an_argument_that_is_null_keeps_from_running_is_not_in_the_window(
    code: str, given: str, runs: bool
) -> None:
    case = made(f"const struct iommu_ops *ops; {code}", given)
    if "odd" in code:
        assert case.window.reaches("iommu_ops.odd") is runs
    else:
        assert (case.window.key is not None) is runs


BUS = """
#include <linux/iommu.h>
#define to_foo_driver(d) ((d) ? container_of(d, struct foo_driver, driver) : NULL)
static int use(struct device *dev) { const struct iommu_ops *ops; return ops->odd(dev); }
static int hands(struct device *dev) { if (!dev->driver) return 0; return use(dev); }
static int takes(struct device_driver *drv, struct device *dev) { return drv ? use(dev) : 0; }
static int sets(struct device *dev) { dev->driver = found(); return dev->driver ? use(dev) : 0; }
static int platform_dma_configure(struct device *dev)
{
    struct device_driver *drv;
    %s
}
struct bus_type platform_bus_type = { .dma_configure = platform_dma_configure };
"""


@pytest.mark.parametrize(
    ("code", "runs"),
    [
        ("if (dev->driver && !managed(dev)) return use(dev); return 0;", False),
        ("if (!dev->driver || managed(dev)) return 0; return use(dev);", False),
        ("drv = dev->driver; if (drv) return use(dev); return 0;", False),
        ("drv = READ_ONCE(dev->driver); if (!busy() && drv) return use(dev); return 0;", False),
        ("struct foo_driver *foo = to_foo_driver(dev->driver); return foo ? use(dev) : 0;", False),
        ("return hands(dev);", False),
        ("return takes(dev->driver, dev);", False),
        ("if (!dev->driver) return use(dev); return 0;", True),
        ("if (dev->driver) return 0; return use(dev);", True),
        ("if (dev->parent->driver) return use(dev); return 0;", True),
        ("struct foo_driver *foo = to_other(dev->driver); return foo ? use(dev) : 0;", True),
        ("drv = dev->driver; drv = found(); if (drv) return use(dev); return 0;", True),
        ("drv = dev->driver; find(&drv); if (drv) return use(dev); return 0;", True),
        ("dev = other_of(dev); if (dev->driver) return use(dev); return 0;", True),
        ("return hands(other_of(dev));", True),
        ("return takes(drv, dev);", True),
        ("return sets(dev);", True),
    ],
)
def test_a_device_without_a_driver_does_not_get_to_what_asks_for_one(code: str, runs: bool) -> None:
    core, _, rest = CORE.partition("drivers/base/platform.c")
    of = "drivers/of/device.c" + rest.partition("drivers/of/device.c")[2]
    bus = "drivers/base/platform.c\n" + indent(BUS % code, "    ")
    assert case_of(core + bus + of).window.reaches("iommu_ops.odd") is runs


def test_the_core_may_meet_devices_that_have_one() -> None:
    own = "if (dev->driver) ops->odd(dev); dev->bus->dma_configure(dev);"
    tree = CORE.replace("dev->bus->dma_configure(dev);", own)
    assert case_of(tree).window.reaches("iommu_ops.odd")
