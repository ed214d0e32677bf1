// SPDX-License-Identifier: GPL-2.0
/* The same name as in foo-iommu.c, another global: set just before registering. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_early {
	struct iommu_device iommu;
};

static struct device *dma_dev;
static struct foo_early *foo_active;

static struct iommu_device *foo_early_probe_device(struct device *dev)
{
	return &foo_active->iommu;
}

static int foo_early_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	u32 *sid = dev_iommu_priv_get(dev);

	if (!sid)
		sid = devm_kzalloc(dma_dev, sizeof(*sid), GFP_KERNEL);
	if (!sid)
		return -ENOMEM;
	*sid = args->args[0];
	dev_iommu_priv_set(dev, sid);
	return 0;
}

static const struct iommu_ops foo_early_ops = {
	.probe_device	= foo_early_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_early_of_xlate,
};

static int foo_early_probe_ok(struct platform_device *pdev)
{
	struct foo_early *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);

	if (!foo)
		return -ENOMEM;

	/* Registration looks for its clients at once, so both come first. */
	dma_dev = &pdev->dev;
	foo_active = foo;
	return iommu_device_register(&foo->iommu, &foo_early_ops, &pdev->dev);
}

static struct platform_driver foo_early_driver = {
	.probe	= foo_early_probe_ok,
	.driver	= { .name = "foo-early" },
};
builtin_platform_driver(foo_early_driver);
