# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks that suffer from something late, and that the registration does not bring to it."""

from __future__ import annotations

import pytest
from text_tree import case_of

TREE = """
include/linux/iommu.h
    struct device { struct bus_type *bus; };
    struct iommu_domain { const struct iommu_domain_ops *ops; };
    struct iommu_domain_ops {
        int (*attach_dev)(struct iommu_domain *domain, struct device *dev);
        int (*map_pages)(struct iommu_domain *domain);
        void (*flush_iotlb_all)(struct iommu_domain *domain);
    };
    struct iommu_ops {
        int (*probe_device)(struct device *dev);
        void (*get_resv_regions)(struct device *dev);
        struct iommu_domain *identity_domain;
        const struct iommu_domain_ops *default_domain_ops;
    };
    struct iommu_device { const struct iommu_ops *ops; };
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    static void direct(const struct iommu_ops *ops, struct iommu_domain *domain, struct device *dev)
    {
        if (ops->get_resv_regions)
            ops->get_resv_regions(dev);
        domain->ops->map_pages(domain);
        domain->ops->flush_iotlb_all(domain);
    }
    static void CORE(const struct iommu_ops *ops, struct device *dev)
    {
        struct iommu_domain *domain = domain_of(ops);

        domain->ops->attach_dev(domain, dev);
        direct(ops, domain, dev);
    }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        ops->probe_device(0);
        CORE(ops, 0);
        return 0;
    }
arch/arm/Kconfig
    config ARM
        def_bool y
    config ARCH_FOO
        bool "Foo"
arch/arm64/Kconfig
    config ARM64
        def_bool y
drivers/iommu/Kconfig
    config FOO_IOMMU
        bool "Foo"
        depends on DEPENDS
drivers/iommu/Makefile
    obj-$(CONFIG_FOO_IOMMU) += foo.o
drivers/iommu/foo.c
    #include <linux/iommu.h>
    struct foo { struct iommu_device iommu; struct device *dev; struct iommu_domain *now; };
    static struct foo *only;
    static int foo_probe_device(struct device *dev) { return 0; }
    static void foo_regions(struct device *dev) { }
    static int foo_map(struct iommu_domain *domain) { return only->dev == 0; }
    static void foo_flush(struct iommu_domain *domain) { use(only->dev); }
    static int foo_attach(struct iommu_domain *domain, struct device *dev)
    {
        struct foo *foo = dev_iommu_priv_get(dev);

        return pm_runtime_resume_and_get(foo->dev);
    }
    static int foo_identity(struct iommu_domain *domain, struct device *dev)
    {
        struct foo *foo = dev_iommu_priv_get(dev);

        IDENTITY
        pm_runtime_resume_and_get(foo->dev);
        writel(0, foo->iommu.ops);
        return 0;
    }
    static const struct iommu_domain_ops foo_identity_ops = { .attach_dev = foo_identity };
    static struct iommu_domain foo_identity_domain = { .ops = &foo_identity_ops };
    static const struct iommu_domain_ops foo_domain_ops = {
        .attach_dev = foo_attach, .map_pages = foo_map, .flush_iotlb_all = foo_flush,
    };
    static const struct iommu_ops foo_ops = {
        .probe_device = foo_probe_device,
        REGIONS
        .identity_domain = &foo_identity_domain,
        .default_domain_ops = &foo_domain_ops,
    };
    static int probe(struct platform_device *pdev, struct foo *foo)
    {
        foo->dev = &pdev->dev;
        iommu_device_register(&foo->iommu, &foo_ops, 0);
        pm_runtime_enable(&pdev->dev);
        only = foo;
        return 0;
    }
"""
RETURNS = "if (foo->now == domain) return 0;"


def found(**parts: str) -> dict[str, str]:
    """The callbacks that suffer, each with the confidence of the first thing it suffers from."""
    text = TREE
    words = {"CORE": "setup", "DEPENDS": "OF", "IDENTITY": RETURNS, "REGIONS": "", **parts}
    for word, part in words.items():
        text = text.replace(word, part)
    reads = case_of(text).late_reads
    return {one.reader.sufferer.function.name: one.confidence.value for one in reversed(reads)}


def test_nothing_is_mapped_where_no_region_is_reserved() -> None:
    assert found() == {"foo_attach": "high", "foo_flush": "high"}
    assert found(REGIONS=".get_resv_regions = foo_regions,") == {
        "foo_attach": "high", "foo_map": "high", "foo_flush": "high",
    }  # fmt: skip


def test_what_was_mapped_may_be_flushed_where_nothing_was() -> None:
    assert found(CORE="iommu_setup_default_domain")["foo_flush"] == "low"


@pytest.mark.parametrize(
    ("identity", "sure"),
    [
        (RETURNS, None),
        ("if (foo->now == domain) return -EINVAL;", "low"),
        ("", "low"),
    ],
)
def test_what_takes_nothing_back_may_do_without_power(identity: str, sure: str | None) -> None:
    assert found(IDENTITY=identity).get("foo_identity") == sure


@pytest.mark.parametrize(
    ("depends", "runs"), [("OF", True), ("ARCH_FOO", False), ("ARCH_FOO || ARM64", True)]
)
def test_where_another_domain_is_taken_first_this_one_is_not_attached(
    depends: str, *, runs: bool
) -> None:
    assert ("foo_attach" in found(DEPENDS=depends)) is runs
