// SPDX-License-Identifier: GPL-2.0
/* A driver that makes the fwspec itself, from an old binding, inside the probe of its client. */
#include <linux/iommu.h>
#include <linux/platform_device.h>

struct baz_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

static struct baz_iommu *baz;

static int baz_register_legacy_ok(struct device *dev)
{
	u32 sid = 0;
	int ret = iommu_fwspec_init(dev, dev_fwnode(baz->dev));

	return ret ?: iommu_fwspec_add_ids(dev, &sid, 1);
}

static struct iommu_device *baz_probe_device_ok(struct device *dev)
{
	int ret = 0;

	if (!dev_iommu_fwspec_get(dev))
		ret = baz_register_legacy_ok(dev);
	return ret ? ERR_PTR(ret) : &baz->iommu;
}

static const struct iommu_ops baz_ops = {
	.probe_device	= baz_probe_device_ok,
	.device_group	= generic_device_group,
};

static int baz_probe(struct platform_device *pdev)
{
	baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);
	if (!baz)
		return -ENOMEM;
	baz->dev = &pdev->dev;
	return iommu_device_register(&baz->iommu, &baz_ops, NULL);
}

static struct platform_driver baz_driver = {
	.probe	= baz_probe,
	.driver	= { .name = "baz-iommu" },
};
builtin_platform_driver(baz_driver);
