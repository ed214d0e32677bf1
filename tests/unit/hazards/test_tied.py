# SPDX-License-Identifier: GPL-2.0-only
"""Resources that callbacks put on a client that no driver is bound to yet."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.hazards.tied import tied

DRIVER = """
struct platform_device {{ struct device dev; }};
struct foo {{ struct iommu_device iommu; struct device *dev; struct device own; }};
static void configure(struct device *client, struct foo *foo) {{ devm_add_action(client, f, foo); }}
static int foo_probe_device(struct device *dev)
{{
    struct foo *foo = dev_iommu_priv_get(dev);
    void *p;

    {body}
    return 0;
}}
static const struct iommu_ops foo_ops = {{ .{slot} = foo_probe_device }};
static int foo_probe(void *pdev)
{{
    return iommu_device_register(0, &foo_ops, {hwdev});
}}
"""

FAILURES = ("release_device", "set_platform_dma_ops")
DECLARED = " ".join(f"void (*{name})(struct device *dev);" for name in FAILURES)
CALLED = " ".join(f"ops->{name}(dev);" for name in FAILURES) + " return 0;"


def found(
    body: str, slot: str = "probe_device", hwdev: str = "0", as_is: bool = False
) -> list[tuple[list[str], str]]:
    """The calls that tie something, callback by callback, and how sure that is."""
    text = tree(drivers__iommu__foo_c=DRIVER.format(body=body, slot=slot, hwdev=hwdev))
    text = text.replace("void (*probe_finalize)", f"{DECLARED} void (*probe_finalize)")
    text = text.replace("return ops->probe_device(dev);", f"ops->probe_device(dev); {CALLED}")
    if as_is:
        text = text.replace("dev->bus->dma_configure(dev);", "")
    case = case_of(text, as_is=as_is)
    return [([e.note for e in one.events], one.confidence.value) for one in tied(case)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("p = devm_kzalloc(dev, 8, 1); dev_iommu_priv_set(dev, p);", ["devm_kzalloc"]),
        ("p = devres_alloc(0, 8, 1); devres_add(dev, p);", ["devres_add"]),
        ("if (!foo) devm_kzalloc(dev, 8, 1);", ["devm_kzalloc"]),
        ("configure(dev, foo);", ["devm_add_action"]),
        ("p = devm_kzalloc(dev, 8, 1); configure(dev, p);", ["devm_kzalloc", "devm_add_action"]),
        ("struct device *client = dev; devm_kzalloc(client, 8, 1);", ["devm_kzalloc"]),
        ("devm_ioremap(to_platform_device(dev), 0);", []),
        ("devm_ioremap(container_of(dev, struct platform_device, dev), 0);", ["devm_ioremap"]),
        ("dmam_pool_create(\"p\", dev, 8, 1, 1);", ["dmam_pool_create"]),
        # another device
        ("devm_kzalloc(foo->dev, 8, 1);", []),
        ("devm_kzalloc(&foo->own, 8, 1);", []),
        ("devm_kzalloc(foo ? foo->dev : dev, 8, 1);", []),
        ("struct platform_device *pdev = of_find_device_by_node(0);"
         " devres_add(&pdev->dev, devres_alloc(0, 8, 1));", []),
        ("dev = foo->dev; devm_kzalloc(dev, 8, 1);", []),
        # not there any more, not yet there, or never
        ("p = devm_kzalloc(dev, 8, 1); devm_kfree(dev, p);", []),
        ("devm_kfree(dev, foo); devm_remove_action(dev, 0, 0);", []),
        ("if (dev->driver) devm_kzalloc(dev, 8, 1);", []),
        ("p = devres_alloc(0, 8, 1);", []),
        ("if (!dev->dma_parms) dev->dma_parms = devm_kzalloc(dev, 8, 1);", []),
        ("if (!dev->msi) dev->msi = devm_kzalloc(dev, 8, 1);", ["devm_kzalloc"]),
    ],
)  # fmt: skip
def test_what_is_put_on_the_client(body: str, expected: list[str]) -> None:
    assert [events for events, _ in found(body)] == ([expected] if expected else [])


def test_a_function_that_takes_something_off_again_lowers_the_confidence() -> None:
    body = "devres_open_group(dev, 0, 1);"
    assert found(body) == [(["devres_open_group"], "high")]
    undone = f"{body} devres_release_group(dev, 0);"
    assert found(undone) == [(["devres_open_group"], "medium")]


@pytest.mark.parametrize("slot", FAILURES)
def test_a_callback_that_needs_a_failure_is_hardly_a_finding(slot: str) -> None:
    body = "devm_kzalloc(dev, 8, 1);"
    assert found(body, slot=slot) == [(["devm_kzalloc"], "low")]


def test_without_the_new_probe_path_the_gate_decides() -> None:
    body = "devm_kzalloc(dev, 8, 1);"
    assert found(body, hwdev="pdev", as_is=True) == []
    assert found(body, hwdev="0", as_is=True) == [(["devm_kzalloc"], "high")]
