// SPDX-License-Identifier: GPL-2.0
/* Two devices are one instance: its registers, and what it is controlled by over I2C. */
#include <linux/i2c.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct waldo_iommu {
	struct iommu_device iommu;
	u32 number;
};

static int waldo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct i2c_client *control = of_find_i2c_device_by_node(args->np);
	struct waldo_iommu *waldo;

	if (!control)
		return -ENODEV;
	waldo = i2c_get_clientdata(control);
	put_device(&control->dev);
	return waldo->number ? 0 : -EINVAL;
}

static struct iommu_group *waldo_device_group(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct platform_device *pdev = of_find_device_by_node(to_of_node(fwspec->iommu_fwnode));
	struct waldo_iommu *waldo;

	if (!pdev)
		return ERR_PTR(-ENODEV);
	waldo = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return waldo->number ? generic_device_group(dev) : ERR_PTR(-EINVAL);
}

static const struct iommu_ops waldo_ops = {
	.device_group	= waldo_device_group,
	.of_xlate	= waldo_of_xlate,
};

/* Each of the callbacks asks one of the two. */
int waldo_add_bad(struct waldo_iommu *waldo, struct platform_device *pdev, struct i2c_client *control)
{
	int ret;

	ret = iommu_device_register(&waldo->iommu, &waldo_ops, &pdev->dev); /* expect: late-drvdata driver data waldo_of_xlate effect=crash; late-drvdata driver data waldo_device_group effect=crash */
	if (ret)
		return ret;
	platform_set_drvdata(pdev, waldo);
	i2c_set_clientdata(control, waldo);
	return 0;
}

static int late_waldo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct waldo_iommu *waldo;

	if (!pdev)
		return -ENODEV;
	waldo = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return waldo->number ? 0 : -EINVAL;
}

static const struct iommu_ops late_waldo_ops = {
	.device_group	= generic_device_group,
	.of_xlate	= late_waldo_of_xlate,
};

/* Nobody asks the one that is told last. */
int waldo_add_ok(struct waldo_iommu *waldo, struct platform_device *pdev, struct i2c_client *control)
{
	int ret;

	platform_set_drvdata(pdev, waldo);
	ret = iommu_device_register(&waldo->iommu, &late_waldo_ops, &pdev->dev);
	if (ret)
		return ret;
	i2c_set_clientdata(control, waldo);
	return 0;
}
