// SPDX-License-Identifier: GPL-2.0
/* "The first instance sets it": late in one driver, early in the other. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_iommu.h>
#include <linux/platform_device.h>

struct qux_iommu {
	struct iommu_device iommu;
};

static struct qux_iommu *qux_iommus;
static struct device *qux_dma_dev;
static struct device *qux2_dma_dev;
static struct device *qux3_dma_dev;

static struct iommu_device *qux_probe_device(struct device *dev)
{
	return &qux_iommus->iommu;
}

static void qux_sync(struct device *owner, dma_addr_t addr)
{
	dma_sync_single_for_device(owner, addr, SZ_4K, DMA_TO_DEVICE);
}

static int qux_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	qux_sync(qux_dma_dev, paddr);
	*mapped = pgsize * pgcount;
	return 0;
}

static int qux2_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			  size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	qux_sync(qux2_dma_dev, paddr);
	*mapped = pgsize * pgcount;
	return 0;
}

static int qux3_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			  size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	qux_sync(qux3_dma_dev, paddr);
	*mapped = pgsize * pgcount;
	return 0;
}

static void qux_get_resv_regions(struct device *dev, struct list_head *regions)
{
	of_iommu_get_resv_regions(dev, regions);
}

static const struct iommu_domain_ops qux_domain_ops = {
	.map_pages = qux_map_pages,
};

static const struct iommu_ops qux_ops = {
	.probe_device		= qux_probe_device,
	.device_group		= generic_device_group,
	.get_resv_regions	= qux_get_resv_regions,
	.default_domain_ops	= &qux_domain_ops,
};

static const struct iommu_ops qux2_ops = {
	.probe_device		= qux_probe_device,
	.device_group		= generic_device_group,
	.get_resv_regions	= qux_get_resv_regions,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.map_pages	= qux2_map_pages,
	},
};

static const struct iommu_ops qux3_ops = {
	.probe_device		= qux_probe_device,
	.device_group		= generic_device_group,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.map_pages	= qux3_map_pages,
	},
};

static int qux_probe_bad(struct platform_device *pdev)
{
	int ret;

	if (!qux_iommus)
		qux_iommus = devm_kcalloc(&pdev->dev, 4, sizeof(*qux_iommus), GFP_KERNEL);
	if (!qux_iommus)
		return -ENOMEM;

	ret = iommu_device_register(&qux_iommus->iommu, &qux_ops, &pdev->dev); /* expect: late-global qux_dma_dev qux_map_pages effect=crash */
	if (ret)
		return ret;
	if (!qux_dma_dev)
		qux_dma_dev = &pdev->dev;
	return 0;
}

static int qux2_probe_ok(struct platform_device *pdev)
{
	if (!qux_iommus)
		qux_iommus = devm_kcalloc(&pdev->dev, 4, sizeof(*qux_iommus), GFP_KERNEL);
	if (!qux_iommus)
		return -ENOMEM;
	if (!qux2_dma_dev)
		qux2_dma_dev = &pdev->dev;
	return iommu_device_register(&qux_iommus->iommu, &qux2_ops, &pdev->dev);
}

/* Nothing is mapped inside: there are no reserved regions. */
static int qux3_probe_ok(struct platform_device *pdev)
{
	int ret;

	if (!qux_iommus)
		qux_iommus = devm_kcalloc(&pdev->dev, 4, sizeof(*qux_iommus), GFP_KERNEL);
	if (!qux_iommus)
		return -ENOMEM;

	ret = iommu_device_register(&qux_iommus->iommu, &qux3_ops, &pdev->dev);
	if (ret)
		return ret;
	if (!qux3_dma_dev)
		qux3_dma_dev = &pdev->dev;
	return 0;
}

static struct platform_driver qux_drivers[] = {
	{ .probe = qux_probe_bad, .driver = { .name = "qux-iommu" } },
	{ .probe = qux2_probe_ok, .driver = { .name = "qux2-iommu" } },
	{ .probe = qux3_probe_ok, .driver = { .name = "qux3-iommu" } },
};

static int __init qux_init(void)
{
	int ret = platform_driver_register(&qux_drivers[0]);

	ret = ret ?: platform_driver_register(&qux_drivers[1]);
	return ret ?: platform_driver_register(&qux_drivers[2]);
}
module_init(qux_init);
