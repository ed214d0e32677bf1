# SPDX-License-Identifier: GPL-2.0-only
"""Driver data of a driver for two buses, which is set in time for the devices of one alone."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

HEAD = """
struct platform_device { struct device dev; };
struct pci_dev { struct device dev; };
struct platform_driver { int (*probe)(struct platform_device *pdev); };
struct pci_driver { int (*probe)(struct pci_dev *pci); };
struct foo { struct iommu_device iommu; int number; };
static int foo_of_xlate(struct device *dev)
{
    struct READ *found = FIND(dev);
    struct foo *foo = dev_get_drvdata(&found->dev);

    return foo->number;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
"""
ONE_PROBE = """
static int foo_probe(struct device *dev, struct platform_device *pdev, struct pci_dev *pci)
{
    struct foo *foo = devm_kzalloc(dev, 8, 0);

    EARLY
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    LATE
    return 0;
}
"""
EACH_ITS_PROBE = """
static int foo_register(struct foo *foo, struct device *dev)
{
    return iommu_device_register(&foo->iommu, &foo_ops, 0);
}
static int foo_platform_probe(struct platform_device *pdev)
{
    struct foo *foo = devm_kzalloc(&pdev->dev, 8, 0);

    EARLY
    return foo_register(foo, &pdev->dev);
}
static int foo_pci_probe(struct pci_dev *pci)
{
    struct foo *foo = devm_kzalloc(&pci->dev, 8, 0);
    int ret = foo_register(foo, &pci->dev);

    LATE
    return ret;
}
static struct platform_driver foo_driver = { .probe = foo_platform_probe };
static struct pci_driver foo_pci_driver = { .probe = foo_pci_probe };
"""
PLATFORM, PCI = "platform_set_drvdata(pdev, foo);", "pci_set_drvdata(pci, foo);"


def found(code: str, early: str, late: str, read: str = "pci_dev") -> list[str]:
    """How sure it is that what callbacks find on a device of a bus is late."""
    finders = {"pci_dev": "pci_get_slot", "platform_device": "of_find_device_by_node"}
    text = HEAD.replace("READ", read).replace("FIND", finders.get(read, "bus_find_device"))
    text = text.replace("&found->dev", "found") if read == "device" else text
    text += code.replace("EARLY", early).replace("LATE", late)
    case = case_of(tree(drivers__iommu__foo_c=text))
    return [one.confidence.value for one in case.late_reads]


@pytest.mark.parametrize(
    ("code", "sure"), [(ONE_PROBE, "high"), (EACH_ITS_PROBE, "medium")], ids=["one", "two"]
)
@pytest.mark.parametrize("early", [PLATFORM, "dev_set_drvdata(&pdev->dev, foo);"])
def test_what_is_set_on_one_bus_is_late_on_the_other(code: str, sure: str, early: str) -> None:
    assert found(code, early, PCI) == [sure]
    assert found(code, early, PCI, "platform_device") == []


def test_what_is_read_of_a_device_of_any_bus_may_be_the_early_one() -> None:
    assert found(ONE_PROBE, PLATFORM, PCI, "device") == []
    assert found(ONE_PROBE, "", PCI, "device") == ["high"]


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        (PCI, []),
        ("dev_set_drvdata(dev, foo);", []),
        (f"if (pdev) {PLATFORM} else {PCI}", []),
        (f"if (pci) {PCI}", ["medium"]),
        (f"if (pdev) {PLATFORM}", ["medium"]),
    ],
)
def test_what_is_set_for_that_bus_counts(early: str, expected: list[str]) -> None:
    assert found(ONE_PROBE, early, PCI) == expected
