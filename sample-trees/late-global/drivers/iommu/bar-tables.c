// SPDX-License-Identifier: GPL-2.0
/* As bar-core.c with its bar-pgtable.c, in the right order: the setter runs first. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>

static struct device *tables_dev;
static struct iommu_device tables_iommu;

static void bar_tables_set_dev(struct device *dev)
{
	tables_dev = dev;
}

static void *bar_tables_alloc(size_t size)
{
	dma_addr_t handle;

	return dma_alloc_coherent(tables_dev, size, &handle, GFP_KERNEL);
}

static struct iommu_domain *bar_tables_domain_alloc(unsigned int type)
{
	return bar_tables_alloc(sizeof(struct iommu_domain));
}

static struct iommu_device *bar_tables_probe_device(struct device *dev)
{
	return &tables_iommu;
}

static const struct iommu_ops bar_tables_ops = {
	.domain_alloc	= bar_tables_domain_alloc,
	.probe_device	= bar_tables_probe_device,
	.device_group	= generic_device_group,
};

static void bar_tables_prepare(struct device *dev)
{
	bar_tables_set_dev(dev);
}

static int bar_tables_probe_ok(struct platform_device *pdev)
{
	int ret;

	bar_tables_prepare(&pdev->dev);
	ret = iommu_device_register(&tables_iommu, &bar_tables_ops, &pdev->dev);
	if (ret)
		return ret;

	/* Once more for a device that is bound again. */
	bar_tables_set_dev(&pdev->dev);
	return 0;
}

static struct platform_driver bar_tables_driver = {
	.probe	= bar_tables_probe_ok,
	.driver	= { .name = "bar-tables" },
};
builtin_platform_driver(bar_tables_driver);
