# SPDX-License-Identifier: GPL-2.0-only
"""Driver data that a second driver sets, which is registered before the first or after it."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.report.causes import causes
from kscan.rules import late_drvdata
from kscan.triage.fingerprint import fingerprint

DRIVER = """
struct platform_device { struct device dev; };
struct platform_driver { int (*probe)(struct platform_device *pdev); };
struct foo { struct iommu_device iommu; int number; };
struct bank { int number; };
static struct foo *foo_of(struct device *dev) { return dev_get_drvdata(dev); }
static struct bank *bank_of(struct platform_device *pdev) { return platform_get_drvdata(pdev); }
static int foo_of_xlate(struct device *dev)
{
    struct platform_device *pdev = of_find_device_by_node(dev);
    struct foo *foo = dev_get_drvdata(&pdev->dev);
    struct bank *bank;

    {read}
    return foo->number;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int foo_probe(struct platform_device *pdev)
{
    struct foo *foo = devm_kzalloc(pdev, 8, 0);

    platform_set_drvdata(pdev, foo);
    return iommu_device_register(&foo->iommu, &foo_ops, 0);
}
static int bank_probe(struct platform_device *pdev)
{
    struct bank *bank = devm_kzalloc(pdev, 8, 0);
    struct foo *foo = devm_kzalloc(pdev, 8, 0);

    {bank}
    return 0;
}
static struct platform_driver foo_driver = { .probe = foo_probe };
static struct platform_driver bank_driver = { .probe = bank_probe };
static int init(void)
{
    int ret;

    {init}
    return ret;
}
"""
READ = "bank = platform_get_drvdata(pdev); bank->number = 1;"
SET = "platform_set_drvdata(pdev, bank);"
AFTER = (
    "ret = platform_driver_register(&foo_driver); if (ret) return ret;"
    " ret = platform_driver_register(&bank_driver);"
)
BEFORE = (
    "ret = platform_driver_register(&bank_driver); if (ret) return ret;"
    " ret = platform_driver_register(&foo_driver);"
)
PORT = "port = platform_get_drvdata(pdev); port->number = 1;"
FINALIZE = """
static int foo_probe_device(struct device *dev)
{
    struct platform_device *pdev = of_find_device_by_node(dev);
    struct bank *bank; struct port *port;

    %s
    return 0;
}
"""
PORT_DRIVER = """
static int port_probe(struct platform_device *pdev)
{
    struct port *port = devm_kzalloc(pdev, 8, 0);

    platform_set_drvdata(pdev, port);
    return 0;
}
static struct platform_driver port_driver = { .probe = port_probe };
"""


def found(read: str = READ, bank: str = SET, init: str = AFTER, more: str = "") -> list[str]:
    code = DRIVER.replace("{read}", read).replace("{bank}", bank).replace("{init}", init) + more
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert all(one.late.spelled == "driver data of bank" for one in case.late_reads)
    assert all(one.confidence.value == "medium" for one in case.late_reads)
    return [one.reader.effect.value for one in case.late_reads]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (READ, ["crash"]),
        ("bank = bank_of(pdev); bank->number = 1;", ["crash"]),
        ("bank = platform_get_drvdata(pdev); if (!bank) return -ENODEV;", ["declined"]),
        ("bank = platform_get_drvdata(pdev); if (bank) bank->number = 1;", []),
        # the instance's own has been set, and what the client has is not theirs
        ("foo = platform_get_drvdata(pdev); foo->number = 1;", []),
        ("foo = foo_of(&pdev->dev); foo->number = 1;", []),
        ("bank = dev_get_drvdata(dev); bank->number = 1;", []),
        ("use(platform_get_drvdata(pdev));", []),
    ],
)
def test_what_callbacks_find(read: str, expected: list[str]) -> None:
    assert found(read) == expected
    assert found(read, init=BEFORE) == []


@pytest.mark.parametrize("reads", [(READ, PORT), (f"{READ} {PORT}", ""), ("", f"{READ} {PORT}")])
def test_the_data_of_each_driver_is_late_by_itself(reads: tuple[str, str]) -> None:
    init = AFTER + " ret = platform_driver_register(&port_driver);"
    code = DRIVER.replace("{read}", reads[0]).replace("{bank}", SET).replace("{init}", init)
    code = code.replace("struct bank {", "struct port { int number; };\nstruct bank {")
    code = code.replace("    struct bank *bank;\n", "    struct bank *bank; struct port *port;\n")
    for old, new in (
        ("static const struct iommu_ops", FINALIZE % reads[1] + "static const struct iommu_ops"),
        (".of_xlate", ".probe_device = foo_probe_device, .of_xlate"),
        ("static int init(", PORT_DRIVER + "static int init("),
    ):
        code = code.replace(old, new, 1)
    case = case_of(tree(drivers__iommu__foo_c=code))
    late = {one.late.spelled for one in case.late_reads}
    assert late == {"driver data of bank", "driver data of port"}
    findings = list(late_drvdata.late_drvdata.check(case))
    assert len({fingerprint(one) for one in findings}) == len(causes(findings)) == 2


@pytest.mark.parametrize(
    "init",
    [
        BEFORE,
        "ret = platform_driver_register(&foo_driver);",
        # one or the other
        "if (old()) ret = platform_driver_register(&foo_driver);"
        " else ret = platform_driver_register(&bank_driver);",
        # earlier as well
        f"if (old()) ret = platform_driver_register(&bank_driver); {AFTER}",
    ],
)
def test_drivers_that_do_not_follow(init: str) -> None:
    assert found(init=init) == []


@pytest.mark.parametrize(
    ("bank", "more"),
    [
        # another chip's driver has an instance, or data, of the same kind
        ("platform_set_drvdata(pdev, foo);", ""),
        (f"{SET} return iommu_device_register(&foo->iommu, &foo_ops, 0);", ""),
        # its devices may have been probed by then
        (SET, "module_platform_driver(bank_driver);\n"),
        (SET, "int setup(void)\n{\n    return platform_driver_register(&bank_driver);\n}\n"),
        # not its own device's
        ("dev_set_drvdata(of_find_device_by_node(0), bank);", ""),
        ("", ""),
    ],
)
def test_a_second_driver_that_is_none_of_a_bank(bank: str, more: str) -> None:
    assert found(bank=bank, more=more) == []
