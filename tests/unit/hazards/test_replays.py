# SPDX-License-Identifier: GPL-2.0-only
"""Firmware code that makes a fwspec in the window, and who offers the device again."""

from __future__ import annotations

import pytest
from text_tree import case_of, line_of
from windows import tree

from kscan.hazards.case import Case
from kscan.hazards.replays import FirmwareCode, Guard, Replays
from kscan.model import Effect, Finding, Severity
from kscan.rules import late_replay

PARSE = """
static int parse(struct device *dev)
{
    return iommu_fwspec_init(dev, 0);
}
"""


def codes(case: Case) -> tuple[FirmwareCode, ...]:
    configuration = case.catalogue.devices.configured_by("iommu")
    assert configuration is not None
    tables = case.contract.tables
    return Replays(case.program, case.inside, case.origins, configuration, tables).all


def guard_of(body: str) -> Guard:
    code = f"{PARSE}int of_iommu_configure(struct device *dev)\n{{\n{body}\n}}\n"
    (found,) = codes(case_of(tree(drivers__iommu__of_iommu_c=code)))
    assert found.function.name == "of_iommu_configure"
    (replay,) = found.replays
    return replay.guard


@pytest.mark.parametrize(
    ("body", "guard"),
    [
        ("int err = parse(dev); if (!err && dev->bus) err = iommu_probe_device(dev); return err;",
         Guard.NONE),
        ("int had = dev->iommu, err = parse(dev);"
         "if (!err && !had) err = iommu_probe_device(dev); return err;", Guard.OUTSIDE),
        ("int had = dev->iommu != NULL, err = parse(dev);"
         "if (err || had) return err; return iommu_probe_device(dev);", Guard.OUTSIDE),
        ("int had = dev->iommu, err = parse(dev);"
         "if (!err && had) err = iommu_probe_device(dev); return err;", Guard.NONE),
        ("int err = parse(dev); if (dev->driver) err = iommu_probe_device(dev); return err;",
         Guard.BOUND),
        ("int err = parse(dev); if (!dev->driver) err = iommu_probe_device(dev); return err;",
         Guard.DRIVERLESS),
        ("int err = parse(dev); return err ?: iommu_probe_device(dev);", Guard.NONE),
    ],
)  # fmt: skip
def test_the_guard_of_a_replay(body: str, guard: Guard) -> None:
    assert guard_of(body) is guard


def test_a_replay_is_followed_into_a_callee_and_guarded_by_its_caller() -> None:
    code = (
        PARSE
        + """
static int again(struct device *dev)
{
    return iommu_probe_device(dev);
}
int of_iommu_configure(struct device *dev)
{
    int had = dev->iommu;
    int err = parse(dev);

    return err || had ? err : again(dev);
}
"""
    )
    (found,) = codes(case_of(tree(drivers__iommu__of_iommu_c=code)))
    (replay,) = found.replays
    assert [frame.callee.name for frame in replay.frames] == ["again"]
    assert replay.function.name == "again"
    assert [frame.callee.name for frame in found.frames] == ["parse"]


def test_a_guard_may_be_handed_down() -> None:
    code = (
        PARSE
        + """
static int again(struct device *dev, int had)
{
    return had ? 0 : iommu_probe_device(dev);
}
int of_iommu_configure(struct device *dev)
{
    int had = !!dev->iommu;
    int err = parse(dev);

    return err ?: again(dev, WHAT);
}
"""
    )
    for what, guard in (("had", Guard.OUTSIDE), ("!had", Guard.NONE), ("0", Guard.NONE)):
        text = code.replace("WHAT", what)
        (found,) = codes(case_of(tree(drivers__iommu__of_iommu_c=text)))
        assert [replay.guard for replay in found.replays] == [guard], what


def test_code_that_nobody_replays_for() -> None:
    code = PARSE + "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"
    case = case_of(tree(drivers__iommu__of_iommu_c=code))
    (found,) = codes(case)
    assert found.replays == ()
    above = [function.name for function in found.above]
    assert above == ["of_dma_configure_id", "platform_dma_configure"]
    assert line_of(case.program, found.function.path, found.at) == "return parse(dev);"
    made = line_of(case.program, found.function.path, found.made_at)
    assert made == "return iommu_fwspec_init(dev, 0);"


def test_a_replay_above_counts() -> None:
    files = {
        "drivers__iommu__of_iommu_c": (
            PARSE + "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"
        ),
        "drivers__bus__foo_c": (
            "static int foo_configure(struct device *dev)\n{\n"
            "    return of_iommu_configure(dev) ?: iommu_probe_device(dev);\n}\n"
            "struct bus_type foo_bus = { .dma_configure = foo_configure };\n"
        ),
    }
    (found,) = codes(case_of(tree(**files)))
    assert [replay.function.name for replay in found.replays] == ["foo_configure"]


def test_a_replay_by_the_bus_counts() -> None:
    parse = PARSE + "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"
    text = tree(drivers__iommu__of_iommu_c=parse).replace(
        "return of_dma_configure_id(dev);",
        "return of_dma_configure_id(dev) ?: iommu_probe_device(dev);",
    )
    (found,) = codes(case_of(text))
    (replay,) = found.replays
    assert (replay.function.name, replay.guard) == ("platform_dma_configure", Guard.NONE)


def test_a_fwspec_made_by_a_callback_is_the_probe_itself() -> None:
    code = """
static int foo_probe_device(struct device *dev)
{
    return iommu_fwspec_init(dev, 0);
}
static const struct iommu_ops foo_ops = { .probe_device = foo_probe_device };
static int foo_probe(void)
{
    return iommu_device_register(0, &foo_ops, 0);
}
"""
    of = "int of_iommu_configure(struct device *dev)\n{\n    return 0;\n}\n"
    case = case_of(tree(drivers__iommu__foo_c=code, drivers__iommu__of_iommu_c=of))
    assert codes(case) == ()


@pytest.mark.parametrize(
    ("ask", "effect", "said"),
    [
        ("dev->bus->dma_configure(dev);", Effect.CRASH, "the device is probed twice"),
        ("mutex_lock(&probing); dev->bus->dma_configure(dev); mutex_unlock(&probing);",
         Effect.DEADLOCK, "with `probing` held around it that hangs, and with the lock dropped"),
        ("mutex_lock(&other); dev->bus->dma_configure(dev); mutex_unlock(&other);",
         Effect.CRASH, "the device is probed twice"),
    ],
)  # fmt: skip
def test_a_replay_waits_for_what_the_probe_holds(ask: str, effect: Effect, said: str) -> None:
    code = PARSE + (
        "int of_iommu_configure(struct device *dev)\n"
        "{\n    return parse(dev) ?: iommu_probe_device(dev);\n}\n"
    )
    text = tree(drivers__iommu__of_iommu_c=code)
    maker = "    int iommu_fwspec_init(struct device *dev, void *fwnode)\n"
    for old, new in (
        ("dev->bus->dma_configure(dev);", ask),
        (maker, f"    static struct mutex probing, other;\n{maker}"),
        ("return iommu_init_device(dev, 0);", "mutex_lock(&probing); return 0;"),
    ):
        text = text.replace(old, new)
    (found,) = late_replay.late_replay.check(case_of(text))
    assert found.effect is effect and said in found.message


def test_what_brings_the_missing_edge_may_drop_the_lock() -> None:
    code = PARSE + (
        "int of_iommu_configure(struct device *dev)\n"
        "{\n    return parse(dev) ?: iommu_probe_device(dev);\n}\n"
    )
    maker = "    int iommu_fwspec_init(struct device *dev, void *fwnode)\n"
    text = tree(drivers__iommu__of_iommu_c=code)
    for old, new in (
        ("        dev->bus->dma_configure(dev);\n", ""),
        (maker, f"    static struct mutex probing;\n{maker}"),
        ("return iommu_init_device(dev, 0);", "mutex_lock(&probing); return 0;"),
        ("return iommu_init_device(0, ops);",
         "mutex_lock(&probing); return iommu_init_device(0, ops);"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (found,) = late_replay.late_replay.check(case_of(text))
    assert found.effect is Effect.CRASH
    assert "with `probing` held around it that hangs" in found.message


def test_nothing_is_made_where_the_window_does_not_ask_the_bus() -> None:
    body = "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"
    text = tree(drivers__iommu__of_iommu_c=PARSE + body)
    text = text.replace("        dev->bus->dma_configure(dev);\n", "")
    assert codes(case_of(text, as_is=True)) == ()
    assert len(codes(case_of(text))) == 1


BIND = {
    "drivers__iommu__iommu_c": """
#include <linux/iommu.h>
int iommu_fwspec_init(struct device *dev, void *fwnode)
{
    return 0;
}
int iommu_probe_device(struct device *dev)
{
    return iommu_init_device(dev, 0);
}
static int iommu_init_device(struct device *dev, const struct iommu_ops *ops)
{
    return ops->probe_device(dev);
}
int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
{
    return iommu_init_device(0, ops);
}
"""
}
"""A core that asks no bus: firmware is parsed when a driver binds."""


def bound(**files: str) -> list[tuple[Finding, Case]]:
    case = case_of(tree(**{**BIND, **files}), as_is=True)
    return [(finding, case) for finding in late_replay.late_replay.check(case)]


def test_code_beside_the_window_that_nobody_replays_for_is_an_error() -> None:
    code = PARSE + "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"
    ((found, case),) = bound(drivers__iommu__of_iommu_c=code)
    assert (found.severity, found.effect) == (Severity.ERROR, Effect.DECLINED)
    assert found.primary.function == "of_iommu_configure"
    assert [step.location.function for step in found.trace] == [
        "of_dma_configure_id", "of_iommu_configure", "parse",
    ]  # fmt: skip
    assert not case.window.reaches("bus_type.dma_configure")


@pytest.mark.parametrize(
    "files",
    [
        {"drivers__iommu__of_iommu_c": PARSE + (
            "int of_iommu_configure(struct device *dev)\n"
            "{\n    return parse(dev) ?: iommu_probe_device(dev);\n}\n")},
        {"drivers__iommu__of_iommu_c": PARSE + (
            "int of_iommu_configure(struct device *dev)\n{\n    return parse(dev);\n}\n"),
         "drivers__of__device_c": (
            "int of_dma_configure_id(struct device *dev)\n"
            "{\n    return of_iommu_configure(dev) ?: iommu_probe_device(dev);\n}\n")},
        # the probe itself makes one, and so does what no bus comes by
        {"drivers__iommu__foo_c": PARSE + (
            "#include <linux/iommu.h>\n"
            "static int foo_probe_device(struct device *dev)\n{\n    return parse(dev);\n}\n"
            "static struct iommu_ops foo_ops = { .probe_device = foo_probe_device };\n")},
        {"drivers__iommu__mock_c": PARSE + "int mock(struct device *dev)\n"
            "{\n    return parse(dev);\n}\n"},
    ],
)  # fmt: skip
def test_code_beside_the_window_that_needs_no_replay_or_has_one(files: dict[str, str]) -> None:
    assert bound(**files) == []
