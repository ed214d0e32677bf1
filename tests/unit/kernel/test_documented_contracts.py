# SPDX-License-Identifier: GPL-2.0-only
"""The contracts that docs/contracts.md shows: they fit, and find what they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from text_tree import TextTree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.model import Report

PAGE = Path(__file__).parents[3] / "docs" / "contracts.md"

TREE = """
include/linux/thermal.h
    struct thermal_zone_device_ops { int (*get_temp)(struct thermal_zone_device *tz, int *temp); };
    struct thermal_zone_device { const struct thermal_zone_device_ops *ops; void *devdata; };
include/linux/watchdog.h
    struct watchdog_ops { int (*ping)(struct watchdog_device *wdd); };
    struct watchdog_device { const struct watchdog_ops *ops; };
drivers/thermal/thermal_of.c
    #include <linux/thermal.h>
    int devm_thermal_of_zone_register(struct device *dev, int id, void *data,
                                      const struct thermal_zone_device_ops *ops)
    {
        struct thermal_zone_device *tz = thermal_make(ops, data);
        int temp;

        thermal_debug_add(tz);
        return tz->ops->get_temp(tz, &temp);
    }
drivers/thermal/hot.c
    #include <linux/thermal.h>
    struct hot { int *regs; };
    static struct hot *the_hot;
    static int hot_get_temp(struct thermal_zone_device *tz, int *temp)
    {
        *temp = the_hot->regs[0];
        return 0;
    }
    static const struct thermal_zone_device_ops hot_ops = { .get_temp = hot_get_temp };
    static int hot_probe(struct device *dev)
    {
        struct hot *hot = devm_kzalloc(dev, sizeof(*hot), GFP_KERNEL);

        devm_thermal_of_zone_register(dev, 0, hot, &hot_ops);
        the_hot = hot;
        return 0;
    }
drivers/watchdog/watchdog_core.c
    #include <linux/watchdog.h>
    int devm_watchdog_register_device(struct device *dev, struct watchdog_device *wdd)
    {
        return 0;
    }
drivers/watchdog/late_wdt.c
    #include <linux/watchdog.h>
    struct late { struct watchdog_device wdd; struct delayed_work work; };
    static int late_ping(struct watchdog_device *wdd)
    {
        struct late *late = container_of(wdd, struct late, wdd);

        mod_delayed_work(system_wq, &late->work, 1);
        return 0;
    }
    static const struct watchdog_ops late_ops = { .ping = late_ping };
    static int late_probe(struct device *dev)
    {
        struct late *late = devm_kzalloc(dev, sizeof(*late), GFP_KERNEL);

        late->wdd.ops = &late_ops;
        devm_watchdog_register_device(dev, &late->wdd);
        return devm_delayed_work_autocancel(dev, &late->work, late_run);
    }
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The TOML on the page that has contracts."""
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    (own,) = (block for block in blocks if "[[contract]]" in block)
    path = tmp_path / "own.toml"
    path.write_text(own)
    return path


def report(catalog: Path) -> Report:
    asked = Options(catalogues=(catalog,), hits=False)
    return Audit(TextTree(TREE), asked, NullStore()).report()


def test_the_contracts_of_the_page_find_what_comes_too_late(catalog: Path) -> None:
    found = report(catalog)
    assert found.notes == ("iommu_device_register() is not in this tree, nor who calls it",)
    assert not found.skips
    rows = {
        (f.rule, f.driver, f.subject and f.subject.name, f.effect.value) for f in found.findings
    }
    assert rows == {
        ("late-global", "drivers/thermal/hot", "the_hot", "crash"),
        ("late-state", "drivers/watchdog/late_wdt", "late.work", "unready"),
    }
