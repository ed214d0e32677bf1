// SPDX-License-Identifier: GPL-2.0
/* The instance is that of the device which the node in the fwspec belongs to. */
#include <linux/device.h>
#include <linux/fwnode.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/platform_device.h>

struct fred_iommu {
	u32 version;
	struct iommu_device iommu;
};

static int fred_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static struct iommu_device *fred_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct fred_iommu *fred;

	if (!fwspec || !fwspec->iommu_fwnode->dev)
		return ERR_PTR(-ENODEV);
	fred = dev_get_drvdata(fwspec->iommu_fwnode->dev);
	if (!fred)
		return ERR_PTR(-ENODEV);
	return &fred->iommu;
}

static const struct iommu_ops fred_ops = {
	.probe_device	= fred_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= fred_of_xlate,
};

/* Driver data of the client itself, whatever way leads back to it. */
static struct iommu_device *fred_client_probe_device_ok(struct device *dev)
{
	struct fred_iommu *fred = dev_get_drvdata(dev->fwnode->dev);

	return fred ? &fred->iommu : ERR_PTR(-ENODEV);
}

static const struct iommu_ops fred_client_ops = {
	.probe_device	= fred_client_probe_device_ok,
	.device_group	= generic_device_group,
	.of_xlate	= fred_of_xlate,
};

static int fred_probe_bad(struct platform_device *pdev)
{
	struct fred_iommu *fred = devm_kzalloc(&pdev->dev, sizeof(*fred), GFP_KERNEL);
	int ret;

	if (!fred)
		return -ENOMEM;
	ret = iommu_device_register(&fred->iommu, &fred_ops, &pdev->dev); /* expect: late-drvdata driver data fred_probe_device effect=declined */
	if (ret)
		return ret;
	platform_set_drvdata(pdev, fred);
	return 0;
}

static int fred_client_probe_ok(struct platform_device *pdev)
{
	struct fred_iommu *fred = devm_kzalloc(&pdev->dev, sizeof(*fred), GFP_KERNEL);
	int ret;

	if (!fred)
		return -ENOMEM;
	ret = iommu_device_register(&fred->iommu, &fred_client_ops, &pdev->dev);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, fred);
	return 0;
}

static int fred_early_probe_ok(struct platform_device *pdev)
{
	struct fred_iommu *fred = devm_kzalloc(&pdev->dev, sizeof(*fred), GFP_KERNEL);

	if (!fred)
		return -ENOMEM;
	platform_set_drvdata(pdev, fred);
	return iommu_device_register(&fred->iommu, &fred_ops, &pdev->dev);
}

static struct platform_driver fred_driver = {
	.probe	= fred_probe_bad,
	.driver	= { .name = "fred-iommu" },
};
module_platform_driver(fred_driver);

static struct platform_driver fred_client_driver = {
	.probe	= fred_client_probe_ok,
	.driver	= { .name = "fred-client" },
};
module_platform_driver(fred_client_driver);

static struct platform_driver fred_early_driver = {
	.probe	= fred_early_probe_ok,
	.driver	= { .name = "fred-early" },
};
module_platform_driver(fred_early_driver);
