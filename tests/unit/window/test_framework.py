# SPDX-License-Identifier: GPL-2.0-only
"""Drivers that hand their table to a framework of their directory, which registers it for them."""

from __future__ import annotations

from text_tree import case_of
from windows import tree

from kscan.fixes import mended
from kscan.hazards.case import Case
from kscan.rules import selected

HEADER = """
struct chip_ops { int (*start)(void); };
struct hub_device { struct iommu_device iommu; const struct chip_ops *ops; };
struct hub_args { const struct iommu_ops *iommu_ops; const struct chip_ops *chip_ops; };
"""
HUB = """
#include "hub.h"
int hub_init(struct hub_device *hub, struct hub_args *args)
{
    hub->iommu.ops = args->iommu_ops;
    hub->ops = args->chip_ops;
    return 0;
}
int hub_register(struct hub_device *hub)
{
    return iommu_device_register(&hub->iommu, hub->iommu.ops, 0);
}
"""
DRIVER = """
#include "hub.h"
struct NAME { struct hub_device hub; int lock; };
static struct NAME *NAME_only;
static const struct chip_ops NAME_chip_ops = { .start = NAME_start };
static int NAME_of_xlate(struct device *dev) { return NAME_only->lock; }
static const struct iommu_ops NAME_ops = { .of_xlate = NAME_of_xlate };
INIT
static int NAME_probe(struct platform_device *pdev, struct NAME *it)
{
    NAME_init(it, &NAME_ops, &NAME_chip_ops);
    hub_register(&it->hub);
    NAME_only = it;
    return 0;
}
"""
HANDED = """
static int NAME_init(struct NAME *it, const struct iommu_ops *ops, const struct chip_ops *chip)
{
    struct hub_args args = { 0 };

    args.iommu_ops = ops;
    args.chip_ops = chip;
    return hub_init(&it->hub, &args);
}
"""
SPELLED = """
static int NAME_init(struct NAME *it, const void *ops, const void *chip)
{
    struct hub_args args = { 0 };

    args.iommu_ops = &NAME_ops;
    args.chip_ops = &NAME_chip_ops;
    return hub_init(&it->hub, &args);
}
"""
STRANGER = """
struct other_args { const struct iommu_ops *iommu_ops; };
static const struct iommu_ops other_ops = { .of_xlate = other_of_xlate };
static void other_keep(struct other_args *args, const struct iommu_ops *ops)
{
    args->iommu_ops = ops;
}
static void other_init(struct other_args *args) { other_keep(args, &other_ops); }
"""


def registered(**drivers: str) -> Case:
    """The case of drivers that hand their tables on in one way or the other."""
    files = {
        f"drivers__iommu__hub__{name}_c": DRIVER.replace("INIT", init).replace("NAME", name)
        for name, init in drivers.items()
    }
    hub = {"drivers__iommu__hub__hub_h": HEADER, "drivers__iommu__hub__core_c": HUB}
    return case_of(tree(**hub, **files, drivers__iommu__hub__other_c=STRANGER))


def test_a_table_that_each_driver_hands_over_in_its_own_way() -> None:
    (registration,) = registered(foo=HANDED, bar=SPELLED).registrations
    assert sorted(registration.published) == ["bar_ops", "foo_ops"]


def test_a_table_that_no_driver_spells_where_it_is_stored() -> None:
    """Nor is one of them that another struct has in a member of the same name."""
    (registration,) = registered(foo=HANDED).registrations
    assert registration.published == ("foo_ops",)


def test_what_two_drivers_set_too_late_is_mended_apart() -> None:
    case = registered(foo=HANDED, bar=SPELLED)
    (rule,) = selected(("late-global",))
    fixes = [mended(case, rule, finding).fix for finding in rule.check(case)]
    assert sorted(fix.sentence.partition(".")[0] for fix in fixes if fix is not None) == [
        f"Set `{name}_only` before iommu_device_register() is called" for name in ("bar", "foo")
    ]
