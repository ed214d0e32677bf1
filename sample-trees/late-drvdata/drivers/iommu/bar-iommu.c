// SPDX-License-Identifier: GPL-2.0
/* An instance found on its bus by fwnode, by a callee of the callback. */
#include <linux/iommu.h>
#include <linux/io.h>
#include <linux/platform_device.h>

struct bar_iommu {
	void __iomem *regs;
	struct device *dev;
	struct iommu_device iommu;
};

static struct bar_iommu *bar_get_by_fwnode(struct fwnode_handle *fwnode)
{
	struct device *dev = bus_find_device_by_fwnode(&platform_bus_type, fwnode);

	put_device(dev);
	return dev ? dev_get_drvdata(dev) : NULL;
}

static struct iommu_device *bar_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct bar_iommu *bar = bar_get_by_fwnode(fwspec->iommu_fwnode);

	if (!bar)
		return ERR_PTR(-ENODEV);
	dev_iommu_priv_set(dev, bar);
	return &bar->iommu;
}

static int bar_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops bar_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_of_xlate,
};

static int bar_probe_bad(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct bar_iommu *bar;
	int ret;

	bar = devm_kzalloc(dev, sizeof(*bar), GFP_KERNEL);
	if (!bar)
		return -ENOMEM;
	bar->dev = dev;

	/*
	 * The class device that this makes has driver data of its own: it does
	 * not help those who look at the platform device.
	 */
	ret = iommu_device_sysfs_add(&bar->iommu, dev, NULL, "bar.%p", bar);
	if (ret)
		return ret;

	ret = iommu_device_register(&bar->iommu, &bar_ops, dev); /* expect: late-drvdata driver data bar_probe_device effect=declined */
	if (ret)
		return dev_err_probe(dev, ret, "cannot register\n");
	dev_set_drvdata(dev, bar);
	return 0;
}

static struct device *bar_make_class_dev(struct device *parent, struct bar_iommu *bar)
{
	struct device *cdev = kzalloc(sizeof(*cdev), GFP_KERNEL);

	if (!cdev)
		return NULL;
	device_initialize(cdev);
	cdev->parent = parent;
	dev_set_drvdata(cdev, bar);
	if (device_add(cdev)) {
		put_device(cdev);
		return NULL;
	}
	return cdev;
}

static struct bar_iommu *bar_class_get(struct fwnode_handle *fwnode)
{
	struct device *dev = bus_find_device_by_fwnode(&platform_bus_type, fwnode);
	struct bar_iommu *bar;

	if (!dev)
		return NULL;
	bar = dev_get_drvdata(dev);
	put_device(dev);
	return bar;
}

static struct iommu_device *bar_class_probe_device(struct device *dev)
{
	struct bar_iommu *bar = bar_class_get(dev_iommu_fwspec_get(dev)->iommu_fwnode);

	return readl(bar->regs) ? &bar->iommu : ERR_PTR(-ENODEV);
}

static const struct iommu_ops bar_class_ops = {
	.probe_device	= bar_class_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_of_xlate,
};

static int bar_class_probe_bad(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);
	int ret;

	if (!bar || !bar_make_class_dev(&pdev->dev, bar))
		return -ENOMEM;
	ret = iommu_device_register(&bar->iommu, &bar_class_ops, &pdev->dev); /* expect: late-drvdata driver data bar_class_probe_device effect=crash */
	if (ret)
		return ret;
	platform_set_drvdata(pdev, bar);
	return 0;
}

static int bar_class_probe_ok(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);
	struct device *cdev;
	int ret;

	if (!bar)
		return -ENOMEM;
	platform_set_drvdata(pdev, bar);
	ret = iommu_device_register(&bar->iommu, &bar_class_ops, &pdev->dev);
	if (ret)
		return ret;

	/* Late, but on a device that no callback looks up. */
	cdev = bar_make_class_dev(&pdev->dev, bar);
	return cdev ? 0 : -ENOMEM;
}

static struct platform_driver bar_driver = {
	.probe	= bar_probe_bad,
	.driver	= { .name = "bar-iommu" },
};
module_platform_driver(bar_driver);

static struct platform_driver bar_class_driver = {
	.probe	= bar_class_probe_bad,
	.driver	= { .name = "bar-class" },
};
module_platform_driver(bar_class_driver);

static struct platform_driver bar_class_ok_driver = {
	.probe	= bar_class_probe_ok,
	.driver	= { .name = "bar-class-ok" },
};
module_platform_driver(bar_class_ok_driver);
