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
