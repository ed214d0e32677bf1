// SPDX-License-Identifier: GPL-2.0
/* Registration in a callee: its caller writes before it, or after it. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>

struct baz_iommu {
	void __iomem *regs;
	struct iommu_device iommu;
};

struct baz_soc {
	u32 streams;
};

static struct baz_iommu *baz_first;
static const struct baz_soc *baz_soc;

static struct iommu_device *baz_probe_device(struct device *dev)
{
	return &baz_first->iommu;
}

static bool baz_is_attach_deferred(struct device *dev)
{
	return baz_soc->streams > 8;
}

static int baz_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, args->args_count);
}

static const struct iommu_ops baz_ops = {
	.probe_device		= baz_probe_device,
	.is_attach_deferred	= baz_is_attach_deferred,
	.device_group		= generic_device_group,
	.of_xlate		= baz_of_xlate,
};

static int baz_register_bad(struct baz_iommu *baz, struct device *dev)
{
	return iommu_device_register(&baz->iommu, &baz_ops, dev); /* expect: late-global baz_soc baz_is_attach_deferred effect=crash */
}

static int baz_probe_bad(struct platform_device *pdev)
{
	struct baz_iommu *baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);
	int ret;

	if (!baz)
		return -ENOMEM;

	baz_first = baz;
	ret = baz_register_bad(baz, &pdev->dev);
	if (ret)
		return ret;
	baz_soc = device_get_match_data(&pdev->dev);
	return 0;
}

static struct platform_driver baz_driver = {
	.probe	= baz_probe_bad,
	.driver	= { .name = "baz-iommu" },
};
module_platform_driver(baz_driver);

static struct baz_iommu *baz2_first;
static const struct baz_soc *baz2_soc;

static struct iommu_device *baz2_probe_device(struct device *dev)
{
	return &baz2_first->iommu;
}

static bool baz2_is_attach_deferred(struct device *dev)
{
	return baz2_soc->streams > 8;
}

static const struct iommu_ops baz2_ops = {
	.probe_device		= baz2_probe_device,
	.is_attach_deferred	= baz2_is_attach_deferred,
	.device_group		= generic_device_group,
	.of_xlate		= baz_of_xlate,
};

static int baz2_register_ok(struct device *dev)
{
	return iommu_device_register(&baz2_first->iommu, &baz2_ops, dev);
}

static int baz2_probe_ok(struct platform_device *pdev)
{
	baz2_soc = device_get_match_data(&pdev->dev);
	baz2_first = devm_kzalloc(&pdev->dev, sizeof(*baz2_first), GFP_KERNEL);
	if (!baz2_first || !baz2_soc)
		return -ENOMEM;
	return baz2_register_ok(&pdev->dev);
}

static struct platform_driver baz2_driver = {
	.probe	= baz2_probe_ok,
	.driver	= { .name = "baz2-iommu" },
};
module_platform_driver(baz2_driver);
