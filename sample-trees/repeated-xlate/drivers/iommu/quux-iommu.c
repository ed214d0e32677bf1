// SPDX-License-Identifier: GPL-2.0
/* A driver of two files: its of_xlate stands in the other one. */
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include "quux-iommu.h"

struct iommu_domain quux_identity_domain;

static struct iommu_device *quux_probe_device(struct device *dev)
{
	return &((struct quux_iommu *)dev_iommu_priv_get(dev))->iommu;
}

static int quux_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct quux_iommu *quux = dev_iommu_priv_get(dev);

	quux->domain = domain;
	return 0;
}

static const struct iommu_ops quux_ops = {
	.probe_device	= quux_probe_device,
	.of_xlate	= quux_of_xlate_bad,
	.default_domain_ops = &(const struct iommu_domain_ops) {
		.attach_dev	= quux_attach_dev,
	},
};

static const struct iommu_ops quux_blocked_ops = {
	.probe_device	= quux_probe_device,
	.of_xlate	= quux_blocked_of_xlate_ok,
};

static int quux_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct quux_iommu *quux;
	int err;

	quux = devm_kzalloc(dev, sizeof(*quux), GFP_KERNEL);
	if (!quux)
		return -ENOMEM;
	platform_set_drvdata(pdev, quux);
	err = iommu_device_register(&quux->iommu, &quux_ops, dev);
	if (err)
		return err;
	return iommu_device_register(&quux->iommu, &quux_blocked_ops, dev);
}

static const struct of_device_id quux_of_match[] = {
	{ .compatible = "acme,quux-iommu" },
	{ }
};

static struct platform_driver quux_driver = {
	.probe = quux_probe,
	.driver = {
		.name = "quux-iommu",
		.of_match_table = quux_of_match,
	},
};
module_platform_driver(quux_driver);
