// SPDX-License-Identifier: GPL-2.0
/* Driver data read deep inside a callback, written deep inside the probe. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct corge_hw {
	u32 version;
};

struct corge_iommu {
	struct device *dev;
	struct corge_hw *hw;
	struct iommu_device iommu;
};

static struct corge_iommu corge_common;

static struct corge_iommu *corge_from_node(struct device_node *np)
{
	struct platform_device *pdev = of_find_device_by_node(np);
	struct corge_iommu *corge;

	if (!pdev)
		return NULL;
	corge = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return corge;
}

static int corge_check(struct device *dev, struct device_node *np)
{
	struct corge_iommu *corge = corge_from_node(np);

	return corge ? 0 : -EPROBE_DEFER;
}

static int corge_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	int ret = corge_check(dev, args->np);

	return ret ?: iommu_fwspec_add_ids(dev, args->args, 1);
}

/* Falls back to the common instance: nothing is lost when there is none yet. */
static struct iommu_device *corge_probe_device_ok(struct device *dev)
{
	struct device_node *np = to_of_node(dev_iommu_fwspec_get(dev)->iommu_fwnode);
	struct corge_iommu *corge = corge_from_node(np);

	if (!corge)
		corge = &corge_common;
	return &corge->iommu;
}

static const struct iommu_ops corge_ops = {
	.probe_device	= corge_probe_device_ok,
	.device_group	= generic_device_group,
	.of_xlate	= corge_of_xlate,
};

static void corge_publish(struct corge_iommu *corge)
{
	dev_set_drvdata(corge->dev, corge);
}

static int corge_finish(struct corge_iommu *corge)
{
	corge_publish(corge);
	return 0;
}

static int corge_probe_bad(struct platform_device *pdev)
{
	struct corge_iommu *corge = devm_kzalloc(&pdev->dev, sizeof(*corge), GFP_KERNEL);
	int ret;

	if (!corge)
		return -ENOMEM;
	corge->dev = &pdev->dev;
	ret = iommu_device_register(&corge->iommu, &corge_ops, corge->dev); /* expect: late-drvdata driver data corge_of_xlate effect=declined */
	if (ret)
		return ret;
	return corge_finish(corge);
}

static struct corge_iommu *corge_new(struct device *dev)
{
	struct corge_iommu *corge = devm_kzalloc(dev, sizeof(*corge), GFP_KERNEL);

	if (corge) {
		corge->dev = dev;
		corge_publish(corge);
	}
	return corge;
}

static int corge_probe_ok(struct platform_device *pdev)
{
	struct corge_iommu *corge = corge_new(&pdev->dev);

	if (!corge)
		return -ENOMEM;
	return iommu_device_register(&corge->iommu, &corge_ops, corge->dev);
}

static struct platform_driver corge_driver = {
	.probe	= corge_probe_bad,
	.driver	= { .name = "corge-iommu" },
};
module_platform_driver(corge_driver);

static struct platform_driver corge_ok_driver = {
	.probe	= corge_probe_ok,
	.driver	= { .name = "corge-ok" },
};
module_platform_driver(corge_ok_driver);
