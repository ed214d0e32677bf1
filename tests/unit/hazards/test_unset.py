# SPDX-License-Identifier: GPL-2.0-only
"""What a bus does with a driver that is not there."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.hazards.unset import unset_reads, unset_ties
from kscan.model import Confidence

BUS = """
struct foo_driver { struct device_driver driver; int managed; };
static int foo_dma_configure(struct device *dev)
{
    struct foo_driver *drv = LOOK(dev->driver);

    return drv->managed;
}
struct bus_type foo_bus_type = { .dma_configure = foo_dma_configure };
"""
CONVERTS = "#define to_foo_driver(d) container_of(d, struct foo_driver, driver)\n"


@pytest.mark.parametrize(
    ("before", "look", "confidence"),
    [
        (CONVERTS, "to_foo_driver", Confidence.HIGH),
        ("", "to_foo_driver", Confidence.LOW),
        ("", "foo_driver_of", Confidence.MEDIUM),
    ],
)
def test_a_conversion_that_nobody_defines_is_hardly_a_dereference(
    before: str, look: str, confidence: Confidence
) -> None:
    code = before + BUS.replace("LOOK", look)
    (found,) = unset_reads(case_of(tree(drivers__bus__foo_c=code)))
    assert found.confidence is confidence


ASKS = "if (!dev->driver) return 0;"


@pytest.mark.parametrize(
    ("asks", "count"),
    [
        ("", 1),
        (ASKS, 0),
        ("struct device_driver *drv = READ_ONCE(dev->driver); if (drv == 0) return 0;", 0),
        ("if (dev->driver)", 0),
        # it asks for the opposite, or for something else
        ("if (dev->driver) return 0;", 1),
        ("if (!dev->bus) return 0;", 1),
        ("if (!dev->driver) warn(dev);", 1),
    ],
)
def test_the_core_may_ask_for_a_driver_itself(asks: str, count: int) -> None:
    code = CONVERTS + BUS.replace("LOOK", "to_foo_driver")
    call = "        dev->bus->dma_configure(dev);"
    made = tree(drivers__bus__foo_c=code).replace(call, f"        {asks}\n{call}")
    assert len(list(unset_reads(case_of(made)))) == count


def test_what_only_one_caller_of_the_core_asks_others_do_not() -> None:
    code = CONVERTS + BUS.replace("LOOK", "to_foo_driver")
    call = "        return iommu_init_device(dev, 0);"
    made = tree(drivers__bus__foo_c=code).replace(call, f"        {ASKS}\n{call}")
    assert len(list(unset_reads(case_of(made)))) == 1


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ("struct device_driver driver; int managed;", 0),
        ("int managed; struct device_driver driver;", 1),
    ],
)
def test_a_driver_made_of_null_is_null_where_that_member_comes_first(
    members: str, count: int
) -> None:
    code = BUS.replace("struct device_driver driver; int managed;", members)
    code = code.replace("return drv->managed;", "return drv ? drv->managed : 0;")
    code = CONVERTS + code.replace("LOOK", "to_foo_driver")
    assert len(list(unset_reads(case_of(tree(drivers__bus__foo_c=code))))) == count


@pytest.mark.parametrize(
    ("body", "confidence"),
    [
        ("devm_kzalloc(dev, 4, 0);", Confidence.HIGH),
        ("hold(dev);", Confidence.HIGH),
        ("void *p = devm_kzalloc(dev, 4, 0); devm_kfree(dev, p);", Confidence.LOW),
        ("devm_kzalloc(dev->parent, 4, 0);", None),
        ("if (dev->driver) devm_kzalloc(dev, 4, 0);", None),
    ],
)
def test_what_a_bus_puts_on_a_device_without_a_driver(
    body: str, confidence: Confidence | None
) -> None:
    code = f"""
static void hold(struct device *dev) {{ devm_kzalloc(dev, 4, 0); }}
static int foo_dma_configure(struct device *dev) {{ {body} return 0; }}
struct bus_type foo_bus_type = {{ .dma_configure = foo_dma_configure }};
"""
    found = [one.confidence for one in unset_ties(case_of(tree(drivers__bus__foo_c=code)))]
    assert found == ([confidence] if confidence else [])
