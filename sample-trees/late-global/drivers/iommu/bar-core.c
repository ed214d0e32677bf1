// SPDX-License-Identifier: GPL-2.0
/* A setter and a reader in another file; globals with linkage; inline readers. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

#include "bar-pgtable.h"

struct bar_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

struct bar_domain {
	struct iommu_domain domain;
	void *pgd;
};

static struct iommu_domain *bar_domain_alloc_paging(struct device *dev)
{
	struct bar_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	if (!dom)
		return NULL;
	dom->pgd = bar_pgtable_alloc(bar_table_size());
	return &dom->domain;
}

static struct iommu_device *bar_probe_device(struct device *dev)
{
	struct bar_iommu *bar = dev_iommu_priv_get(dev);

	return bar ? &bar->iommu : ERR_PTR(-ENODEV);
}

static void bar_probe_finalize(struct device *dev)
{
	dev_info(dev, "tables from %s\n", bar_table_owner());
}

static int bar_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static const struct iommu_ops bar_ops = {
	.domain_alloc_paging	= bar_domain_alloc_paging,
	.probe_device		= bar_probe_device,
	.probe_finalize		= bar_probe_finalize,
	.device_group		= generic_device_group,
	.of_xlate		= bar_of_xlate,
};

static void bar_publish_tables(struct bar_iommu *bar)
{
	bar_pgtable_set_dev(bar->dev);
	bar_table_dev = bar->dev;
}

static int bar_probe_bad(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);
	int ret;

	if (!bar)
		return -ENOMEM;
	bar->dev = &pdev->dev;
	bar_table_bits = 32;
	platform_set_drvdata(pdev, bar);

	ret = iommu_device_register(&bar->iommu, &bar_ops, bar->dev); /* expect: late-global pgtable_dev bar_domain_alloc_paging effect=crash; late-global bar_table_dev bar_probe_finalize effect=crash */
	if (ret)
		return dev_err_probe(bar->dev, ret, "cannot register\n");

	bar_publish_tables(bar);
	return 0;
}

static struct platform_driver bar_driver = {
	.probe	= bar_probe_bad,
	.driver	= { .name = "bar-iommu" },
};
module_platform_driver(bar_driver);
