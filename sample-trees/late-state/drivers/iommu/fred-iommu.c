// SPDX-License-Identifier: GPL-2.0
/* Members that every device has: the client's were set long ago, the IOMMU's are late. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct fred_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

/* Widens what the client itself can address. */
static int fred_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	*dev->dma_mask = DMA_BIT_MASK(34);
	return 0;
}

static struct iommu_device *fred_probe_device(struct device *dev)
{
	struct fred_iommu *fred = dev_iommu_priv_get(dev);
	struct platform_device *client = to_platform_device(dev);

	if (client->num_resources == 0)
		return ERR_PTR(-ENODEV);
	return &fred->iommu;
}

/* Notes what the IOMMU itself was told. */
static void fred_probe_finalize(struct device *dev)
{
	struct fred_iommu *fred = dev_iommu_priv_get(dev);
	u32 *limits = fred->dev->platform_data;

	limits[0] = 1;
}

static const struct iommu_ops fred_ops = {
	.probe_device	= fred_probe_device,
	.probe_finalize	= fred_probe_finalize,
	.device_group	= generic_device_group,
	.of_xlate	= fred_of_xlate,
};

static int fred_probe_bad(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct fred_iommu *fred = devm_kzalloc(dev, sizeof(*fred), GFP_KERNEL);
	int ret;

	if (!fred)
		return -ENOMEM;
	fred->dev = dev;
	platform_set_drvdata(pdev, fred);

	ret = iommu_device_register(&fred->iommu, &fred_ops, dev); /* expect: late-state device.platform_data fred_probe_finalize effect=crash */
	if (ret)
		return ret;

	dev->platform_data = devm_kzalloc(dev, sizeof(u32), GFP_KERNEL);
	return dev->platform_data ? 0 : -ENOMEM;
}

static int fred_probe_ok(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct fred_iommu *fred = devm_kzalloc(dev, sizeof(*fred), GFP_KERNEL);
	int ret;

	if (!fred)
		return -ENOMEM;
	fred->dev = dev;
	platform_set_drvdata(pdev, fred);

	ret = iommu_device_register(&fred->iommu, &fred_ops, dev);
	if (ret)
		return ret;

	pdev->num_resources = 1;
	dev->dma_mask = devm_kzalloc(dev, sizeof(*dev->dma_mask), GFP_KERNEL);
	return dev->dma_mask ? 0 : -ENOMEM;
}

static struct platform_driver fred_driver = {
	.probe	= fred_probe_bad,
	.driver	= { .name = "fred-iommu" },
};
module_platform_driver(fred_driver);

static struct platform_driver fred_ok_driver = {
	.probe	= fred_probe_ok,
	.driver	= { .name = "fred-ok" },
};
module_platform_driver(fred_ok_driver);
