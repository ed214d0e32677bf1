// SPDX-License-Identifier: GPL-2.0
/* A driver that cannot be unbound hands its probe over when it registers. */
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/platform_device.h>

struct corge_iommu {
	struct iommu_device iommu;
};

static struct platform_driver corge_driver = {
	.driver	= { .name = "corge-iommu" },
};

static struct platform_driver corge_smi_driver = {
	.driver	= { .name = "corge-smi" },
};

static struct corge_iommu *corge_get_bad(struct fwnode_handle *fwnode)
{
	struct device *dev = driver_find_device_by_fwnode(&corge_driver.driver, fwnode); /* expect: bound-only-lookup */

	put_device(dev);
	return dev ? dev_get_drvdata(dev) : NULL;
}

static struct iommu_device *corge_probe_device(struct device *dev)
{
	struct corge_iommu *corge = corge_get_bad(dev_iommu_fwspec_get(dev)->iommu_fwnode);

	return corge ? &corge->iommu : ERR_PTR(-ENODEV);
}

/* Devices of the other driver, which was handed over first, are bound. */
static struct iommu_group *corge_device_group_ok(struct device *dev)
{
	struct device *smi = driver_find_device_by_fwnode(&corge_smi_driver.driver, dev->fwnode);

	put_device(smi);
	return smi ? generic_device_group(dev) : ERR_PTR(-EPROBE_DEFER);
}

static int corge_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops corge_ops = {
	.probe_device	= corge_probe_device,
	.device_group	= corge_device_group_ok,
	.of_xlate	= corge_of_xlate,
};

static int corge_register(struct corge_iommu *corge, struct device *dev)
{
	return iommu_device_register(&corge->iommu, &corge_ops, dev);
}

static int __init corge_probe(struct platform_device *pdev)
{
	struct corge_iommu *corge = devm_kzalloc(&pdev->dev, sizeof(*corge), GFP_KERNEL);

	if (!corge)
		return -ENOMEM;
	platform_set_drvdata(pdev, corge);
	return corge_register(corge, &pdev->dev);
}

static int __init corge_smi_probe(struct platform_device *pdev)
{
	return pdev->num_resources ? 0 : -ENODEV;
}

static int __init corge_init(void)
{
	int ret = platform_driver_probe(&corge_smi_driver, corge_smi_probe);

	if (ret)
		return ret;
	return platform_driver_probe(&corge_driver, corge_probe);
}
device_initcall(corge_init);
