# SPDX-License-Identifier: GPL-2.0-only
"""Pointers of a device that a second dma_configure overwrites."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.flow.paths import spelled
from kscan.hazards.overwritten import Overwrite, overwrites
from kscan.model import Confidence
from kscan.rules import selected

HEAD = """
struct entry { struct list_head list; struct device *dev; };
static struct list_head all;
static int fixed[4];
static int make(int **out)
{
    int *p = kcalloc(4, 4, 1);

    if (!p)
        return -12;
    *out = p;
    return 0;
}
static int set_map(struct device *dev)
{
    int *map = kcalloc(4, 4, 1);

    dev->map = map;
    return 0;
}
int of_dma_configure_id(struct device *dev)
{
    int *map = 0;
    struct entry *e, *pos;
"""


def overwritten(body: str, *, as_is: bool = False) -> list[Overwrite]:
    """The overwrites of a tree where of_dma_configure_id() ends in `body`."""
    code = HEAD + f"    {body}\n    return of_iommu_configure(dev);\n}}\n"
    text = tree(drivers__of__device_c=code)
    if as_is:
        text = text.replace("dev->bus->dma_configure(dev);", "")
    return list(overwrites(case_of(text, as_is=as_is)))


def found(body: str, *, as_is: bool = False) -> list[tuple[str, str]]:
    """Where allocations are stored again: the function, and what is overwritten."""
    return [
        (one.owned.function.name, spelled(one.end.target)) for one in overwritten(body, as_is=as_is)
    ]


STORED = [("of_dma_configure_id", "dev->map")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("dev->map = kcalloc(4, 4, 1);", STORED),
        ("map = kcalloc(4, 4, 1); if (map) dev->map = map;", STORED),
        ("if (!make(&map)) dev->map = map;", STORED),
        ("if (!of_dma_get_range(dev, &map)) dev->map = map;", STORED),
        ("dev->map = kcalloc(4, 4, 1); if (!dev->map) return -12;", STORED),
        ("set_map(dev);", [("set_map", "dev->map")]),
        ("if (dev->other) return 0; dev->map = kcalloc(4, 4, 1);", STORED),
        ("dev->iommu->map = kcalloc(4, 4, 1);", [("of_dma_configure_id", "dev->iommu->map")]),
        # looked at, here or in the caller
        ("if (!dev->map) dev->map = kcalloc(4, 4, 1);", []),
        ("if (dev->map) goto out; dev->map = kcalloc(4, 4, 1); out:", []),
        ("if (!dev->map) set_map(dev);", []),
        ("map = dev->map; if (map) return 0; dev->map = kcalloc(4, 4, 1);", []),
        ("if (dev->other) return 0; dev->other = dev; dev->map = kcalloc(4, 4, 1);", []),
        ("if (dev->iommu->map) return 0; dev->iommu->map = kcalloc(4, 4, 1);", []),
        ("if (dev->other) return 0; dev->map = kcalloc(4, 4, 1); dev->other = dev;", []),
        ("if (dev->other) return 0; if (map) dev->other = map; else dev->other = dev;"
         " dev->map = kcalloc(4, 4, 1);", []),
        # looked at, and not always set
        ("if (dev->other) return 0; if (e) dev->other = dev; dev->map = kcalloc(4, 4, 1);", STORED),
        ("if (dev->other) return 0; if (e) dev->other = dev; set_map(dev);",
         [("set_map", "dev->map")]),
        # the old one is freed, or nobody owns it
        ("map = kcalloc(4, 4, 1); kfree(dev->map); dev->map = map;", []),
        ("dev->map = krealloc(dev->map, 16, 1);", []),
        ("dev->map = fixed;", []),
        ("dev->map = &dev->value;", []),
        ("map = kcalloc(4, 4, 1); kfree(map);", []),
        # a list of all devices
        ("e = kzalloc(8, 1); e->dev = dev; list_add(&e->list, &all);",
         [("of_dma_configure_id", "all")]),
        ("list_for_each_entry(pos, &all, list) if (pos->dev == dev) return 0;"
         " e = kzalloc(8, 1); list_add(&e->list, &all);", []),
    ],
)  # fmt: skip
def test_what_a_second_run_overwrites(body: str, expected: list[tuple[str, str]]) -> None:
    assert found(body) == expected


def test_a_path_that_the_window_does_not_reach_runs_once() -> None:
    assert found("dev->map = kcalloc(4, 4, 1);", as_is=True) == []
    assert found("dev->map = kcalloc(4, 4, 1);") == STORED


@pytest.mark.parametrize(
    ("body", "kept_out"),
    [
        ("if (dev->iommu && dev->iommu->fwspec) return 0; dev->map = kcalloc(4, 4, 1);", True),
        ("if (!dev->iommu->fwspec) set_map(dev);", True),
        ("dev->map = kcalloc(4, 4, 1); if (dev->iommu->fwspec) return 0;", False),
        ("if (!dev->iommu->fwspec) return 0; dev->map = kcalloc(4, 4, 1);", False),
        ("if (dev->other) return 0; dev->map = kcalloc(4, 4, 1);", False),
    ],
)
def test_what_the_core_may_drop_keeps_a_second_run_out(body: str, *, kept_out: bool) -> None:
    (one,) = overwritten(body)
    assert (one.kept_out is not None) is kept_out


DRIVER = """
static const struct iommu_ops drv_ops;
static struct iommu_device drv;
int drv_probe(void *dev)
{
    return iommu_device_register(&drv, &drv_ops, dev);
}
"""
KCONFIGS = """
arch/anvil/Kconfig
    config ANVIL
    \tdef_bool y
arch/chorus/Kconfig
    config CHORUS
    \tdef_bool y
drivers/iommu/Makefile
    obj-$(CONFIG_DRV) += drv.o
drivers/iommu/Kconfig
    config DRV
    \tbool "driver"
    \tdepends on {} || COMPILE_TEST
"""


@pytest.mark.parametrize(("depends", "unregistered"), [("CHORUS", "anvil"), ("ANVIL", "")])
def test_code_of_an_architecture_where_nothing_registers(depends: str, unregistered: str) -> None:
    text = tree(
        drivers__of__device_c="int of_dma_configure_id(struct device *dev) { return set_up(dev); }",
        arch__anvil__kernel__dma_c=(
            "int set_up(struct device *dev) { dev->map = kcalloc(4, 4, 1); return 0; }"
        ),
        drivers__iommu__drv_c=DRIVER,
    )
    case = case_of(text + KCONFIGS.format(depends))
    assert [one.unregistered for one in overwrites(case)] == [unregistered]
    (finding,) = selected(("repeated-dma-map",))[0].check(case)
    assert finding.confidence is (Confidence.LOW if unregistered else Confidence.HIGH)
