# SPDX-License-Identifier: GPL-2.0-only
"""Which functions run inside a window."""

from __future__ import annotations

import re

from text_tree import case_of
from windows import tree

from kscan.hazards.case import Case

OF = "int of_iommu_configure(struct device *dev)\n{\n    return 0;\n}\n"
FOO = """
static int below(struct device *dev)
{
    return helps(dev) ?: elsewhere(dev);
}
static int each(struct device *dev, void *data)
{
    return device_lock(dev);
}
static int unrelated(struct device *dev)
{
    return 0;
}
#define walk(dev) bus_for_each_dev(dev, NULL, each)
static int foo_probe_device(struct device *dev)
{
    walk(dev);
    return foo_other_file(dev) ?: below(dev);
}
static int foo_of_xlate(struct device *dev)
{
    return bus_for_each_dev(dev, NULL, each);
}
static void foo_finalize(struct device *dev)
{
    unrelated(dev);
}
static const struct iommu_ops foo_ops = {
    .probe_device = foo_probe_device, .of_xlate = foo_of_xlate, .probe_finalize = foo_finalize,
};
int foo_probe(void)
{
    return iommu_device_register(0, &foo_ops, 0);
}
"""
OTHER = "int foo_other_file(struct device *dev)\n{\n    return iommu_device_link(dev);\n}\n"
ELSEWHERE = """
int elsewhere(struct device *dev)
{
    return farther(dev);
}
int quiet(struct device *dev)
{
    return 0;
}
static int farther(struct device *dev)
{
    return device_lock(dev);
}
"""


def case() -> Case:
    return case_of(
        tree(
            drivers__iommu__of_iommu_c=OF,
            drivers__iommu__foo_c=FOO,
            drivers__iommu__bar_c=OTHER,
            drivers__misc__far_c=ELSEWHERE,
        )
    )


def test_the_walk_its_callbacks_and_what_those_call_in_the_driver() -> None:
    inside = case().inside
    names = {function.name for function in inside.functions}
    walked = {"iommu_device_register", "iommu_init_device", "platform_dma_configure"}
    assert walked | {"of_dma_configure_id", "of_iommu_configure"} <= names
    assert {"foo_probe_device", "foo_other_file", "below", "helps", "each"} <= names
    assert not names & {"foo_finalize", "unrelated", "elsewhere", "foo_probe"}


def test_a_way_in_names_the_callback_and_every_call() -> None:
    inside = case().inside
    entered = next(e for f, e in inside.functions.items() if f.name == "below")
    assert entered.callback is not None
    assert str(entered.callback.slot) == "iommu_ops.probe_device"
    assert [(f.caller.name, f.callee.name) for f in entered.frames] == [
        ("foo_probe_device", "below")
    ]
    assert [function.name for function in inside.registering] == ["foo_probe"]


def test_beyond_the_driver_only_files_that_hold_the_text() -> None:
    inside = case().inside
    assert [f.name for f in inside.beyond(re.compile(b"device_lock"))] == ["elsewhere", "farther"]
    assert inside.beyond(re.compile(b"device_trylock")) == {}


def test_functions_are_found_by_their_own_text() -> None:
    inside = case().inside

    def named(*words: bytes) -> list[str]:
        patterns = [re.compile(rb"\b" + word + rb"\b") for word in words]
        found = inside.spelling(inside.functions.values(), *patterns)
        return [entered.function.name for entered in found]

    assert named(b"device_lock") == ["each"]
    assert named(b"data", b"device_lock") == ["each"]
    assert named(b"device_lock", b"data") == []
