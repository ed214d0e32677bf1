# SPDX-License-Identifier: GPL-2.0-only
"""Look-ups among bound devices: whose, with which outcome, and under which gate."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from text_tree import case_of
from windows import tree

from kscan.execution.world import Happening
from kscan.hazards.bound import fatal_error, is_one_of_two, searched_driver
from kscan.window.drivers import probe_around

FOO = """
struct platform_driver {{ int (*probe)(void *pdev); struct {{ int id; }} driver; }};
static struct platform_driver foo_driver;
static struct platform_driver other_driver = {{ .probe = other_probe }};
static int legacy;
static void *get(void *fwnode)
{{
    void *dev = driver_find_device_by_fwnode(&{searched}.driver, fwnode);

    put_device(dev);
    return dev ? dev_get_drvdata(dev) : 0;
}}
static int foo_probe_device(struct device *dev)
{{
    {body}
}}
static const struct iommu_ops foo_ops = {{ .probe_device = foo_probe_device }};
static int foo_probe(void *pdev)
{{
    {before}
    return iommu_device_register(0, &foo_ops, {hwdev});
}}
static struct platform_driver foo_driver = {{ .probe = foo_probe }};
"""


@dataclass(frozen=True)
class Seen:
    """What the window says of one look-up."""

    driver: str
    what: Happening | None
    errno: str
    late: bool
    confidence: str


def seen(
    body: str = "return get(dev) ? 0 : -ENODEV;",
    searched: str = "foo_driver",
    before: str = "platform_set_drvdata(pdev, pdev);",
    hwdev: str = "pdev",
    as_is: bool = False,
) -> list[Seen]:
    code = FOO.format(body=body, searched=searched, before=before, hwdev=hwdev)
    text = tree(drivers__iommu__foo_c=code)
    if as_is:
        text = text.replace("dev->bus->dma_configure(dev);", "")
    else:
        text += "drivers/of/of.c\n    int of_iommu_configure(struct device *dev)\n"
        text += "    {\n        return iommu_fwspec_init(dev, 0);\n    }\n"
    case = case_of(text, as_is=as_is)
    return [
        Seen(
            searched_driver(case.program, found.lookup),
            found.outcome.what if found.outcome else None,
            fatal_error(case.contract, case.program, found),
            found.late is not None,
            found.callback.confidence.value,
        )
        for found in case.bound_reads
    ]


def test_a_look_up_that_the_callback_refuses_for() -> None:
    assert seen() == [Seen("foo_driver", Happening.DECLINED, "", False, "high")]


def test_the_devices_of_another_driver_are_bound_by_now() -> None:
    assert seen(searched="other_driver") == []


def test_an_error_other_than_enodev_ends_the_registration() -> None:
    (found,) = seen("if (!get(dev)) return -EPROBE_DEFER; return 0;")
    assert found.errno == "EPROBE_DEFER"
    (found,) = seen('if (!get(dev)) return dev_err_probe(dev, -EINVAL, "x"); return 0;')
    assert found.errno == "EINVAL"


def test_what_nobody_looks_at_is_found_all_the_same() -> None:
    (found,) = seen("driver_for_each_device(&foo_driver.driver, 0, dev, each); return 0;")
    assert (found.driver, found.what) == ("foo_driver", None)


def test_late_driver_data_is_a_second_cause() -> None:
    late = "int ret = iommu_device_register(0, &foo_ops, pdev); if (ret) return ret;"
    (first, _) = seen(before=late + " platform_set_drvdata(pdev, pdev); if (0)")
    assert first.late


@pytest.mark.parametrize("uncovering", [False, True])
def test_what_comes_after_a_look_up_can_be_uncovered(uncovering: bool) -> None:
    late = "int ret = iommu_device_register(0, &foo_ops, 0); if (ret) return ret;"
    code = FOO.format(
        body="return get(dev) ? 0 : -ENODEV;",
        searched="foo_driver",
        before=late + " platform_set_drvdata(pdev, pdev); if (0)",
        hwdev="0",
    )
    case = case_of(tree(drivers__iommu__foo_c=code), uncovering=uncovering)
    met = [one.late.spelled for one in case.late_reads]
    assert met == (["driver data"] if uncovering else [])


@pytest.mark.parametrize(
    ("hwdev", "expected"),
    [
        ("pdev", []),
        ("0", ["high"]),
        ("legacy ? 0 : pdev", ["medium"]),
        ("legacy ? NULL : pdev", ["medium"]),
    ],
)
def test_the_gate_opens_for_one_arm_of_an_argument(hwdev: str, expected: list[str]) -> None:
    found = seen("if (legacy) return get(dev) ? 0 : -ENODEV; return 0;", hwdev=hwdev, as_is=True)
    assert [one.confidence for one in found] == expected


def test_an_arm_that_is_open_says_what_holds_there() -> None:
    guarded = "if (!legacy) return get(dev) ? 0 : -ENODEV; return 0;"
    assert seen(guarded, hwdev="legacy ? NULL : pdev", as_is=True) == []
    assert len(seen(guarded, hwdev="legacy ? pdev : NULL", as_is=True)) == 1


def test_two_bodies_of_one_function_belong_to_two_configurations() -> None:
    code = FOO.format(
        body="return get(dev) ? 0 : -ENODEV;", searched="foo_driver", before="", hwdev="0"
    )
    stub = code.replace("static int foo_probe_device", "static void *get(void *f)\n{ return 0; }\n"
                        "static int foo_probe_device", 1)  # fmt: skip
    for text, expected in ((code, False), (stub, True)):
        case = case_of(tree(drivers__iommu__foo_c=text))
        (found,) = case.bound_reads
        assert is_one_of_two(case.program, found.lookup.function) is expected


@pytest.mark.parametrize(
    "body",
    [
        "void *d = 0; driver_for_each_device(&foo_driver.driver, 0, &d, each);"
        " return d ? 0 : -ENODEV;",
        "void *drv = &foo_driver.driver; return driver_find_device(drv, 0) ? 0 : -ENODEV;",
    ],
)
def test_a_driver_in_a_variable_and_a_result_by_its_address(body: str) -> None:
    (found,) = seen(body)
    assert found.what is Happening.DECLINED


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("return platform_driver_probe(&foo_driver, foo_probe);", 1),
        ("if (legacy) return 0; return platform_driver_probe(&foo_driver, &foo_probe);", 1),
        ("return platform_driver_probe(&other_driver, foo_probe);", 0),
        ("return platform_driver_probe(&foo_driver, other_probe);", 0),
        ("return platform_driver_register(&foo_driver);", 0),
    ],
)
def test_a_probe_that_is_handed_over_beside_its_driver(init: str, expected: int) -> None:
    code = FOO.format(
        body="return get(dev) ? 0 : -ENODEV;", searched="foo_driver", before="", hwdev="0"
    )
    code = code.replace("foo_driver = { .probe = foo_probe };", "foo_driver = { .driver.id = 1 };")
    code += f"static int foo_init(void)\n{{\n    {init}\n}}\n"
    assert len(case_of(tree(drivers__iommu__foo_c=code)).bound_reads) == expected


def test_another_driver_in_a_variable() -> None:
    assert not seen("void *d = &other_driver.driver; return driver_find_device(d, 0) ? 0 : -1;")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("static int foo_probe(void *pdev)\n{\n    return foo_add(pdev);\n}\n", "foo_probe"),
        ("static int foo_probe(void *pdev)\n{\n    return foo_new(pdev);\n}\n"
         "static int foo_new(void *pdev)\n{\n    return foo_add(pdev);\n}\n", "foo_probe"),
        # of two that register with the same function it is the one whose devices are searched
        ("static int other_probe(void *pdev)\n{\n    return foo_add(pdev);\n}\n"
         "static int foo_probe(void *pdev)\n{\n    return foo_add(pdev);\n}\n", "foo_probe"),
        ("static int foo_init(void)\n{\n    return foo_add(0);\n}\n", "foo_add"),
    ],
)  # fmt: skip
def test_the_probe_that_a_registration_stands_below(rest: str, expected: str) -> None:
    code = FOO.format(body="return 0;", searched="foo_driver", before="", hwdev="0")
    code = code.replace("foo_probe(void", "foo_add(void") + rest
    case = case_of(tree(drivers__iommu__foo_c=code))
    (found,) = case.registrations
    assert probe_around(case.callers, found, "foo_driver").name == expected


@pytest.mark.parametrize(
    ("linkage", "elsewhere", "expected"),
    [
        ("", ".probe = foo_probe", 1),
        ("", ".probe = bar_probe", 0),
        # a function of that name is another one there
        ("static ", ".probe = foo_probe", 0),
    ],
)
def test_a_driver_struct_in_another_file_than_its_probe(
    linkage: str, elsewhere: str, expected: int
) -> None:
    code = FOO.format(
        body="return get(dev) ? 0 : -ENODEV;", searched="foo_driver", before="", hwdev="0"
    )
    code = code.replace("static int foo_probe(", f"{linkage}int foo_probe(")
    code = code.replace("static struct platform_driver foo_driver", "extern struct foo foo_driver")
    code = code.partition("extern struct foo foo_driver = ")[0]
    driver = f"struct platform_driver foo_driver = {{ {elsewhere} }};\n"
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__iommu__plat_c=driver))
    assert len(case.bound_reads) == expected
