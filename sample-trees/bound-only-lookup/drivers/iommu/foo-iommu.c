// SPDX-License-Identifier: GPL-2.0
/* The instance looked up among the devices its own driver has bound. */
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/platform_device.h>

struct foo_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

static struct platform_driver foo_driver;

static struct foo_iommu *foo_get_by_fwnode_bad(struct fwnode_handle *fwnode)
{
	struct device *dev;

	dev = driver_find_device_by_fwnode(&foo_driver.driver, fwnode); /* expect: bound-only-lookup */
	put_device(dev);
	return dev ? dev_get_drvdata(dev) : NULL;
}

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct foo_iommu *foo = foo_get_by_fwnode_bad(fwspec->iommu_fwnode);

	if (!foo)
		return ERR_PTR(-ENODEV);
	dev_iommu_priv_set(dev, foo);
	return &foo->iommu;
}

static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, args->args_count);
}

static const struct iommu_ops foo_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate,
};

static int foo_probe(struct platform_device *pdev)
{
	struct foo_iommu *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);

	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;

	/* In time, and of no use: the driver core lists the device when we return. */
	platform_set_drvdata(pdev, foo);
	return iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
}

static const struct of_device_id foo_of_ids[] = {
	{ .compatible = "foo,iommu" },
	{ }
};

static struct platform_driver foo_driver = {
	.probe	= foo_probe,
	.driver	= { .name = "foo-iommu", .of_match_table = foo_of_ids },
};
module_platform_driver(foo_driver);
