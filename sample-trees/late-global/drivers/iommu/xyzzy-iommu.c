// SPDX-License-Identifier: GPL-2.0
/* Ops tables and drivers that macros fill: late in one generation, early in the other. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>
#include "xyzzy-ops.h"

struct xyzzy_iommu {
	void __iomem *regs;
	struct iommu_device iommu;
};

static struct xyzzy_iommu *xyzzy;
static struct device *xyzzy_owner;
static struct xyzzy_iommu *xyzzy2;
static struct device *xyzzy2_owner;

static struct iommu_device *xyzzy_probe_device(struct device *dev)
{
	return &xyzzy->iommu;
}

static struct iommu_device *xyzzy2_probe_device(struct device *dev)
{
	return &xyzzy2->iommu;
}

static int xyzzy_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	dev_dbg(dev, "behind %s\n", xyzzy_owner->init_name);
	return 0;
}

static int xyzzy2_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	dev_dbg(dev, "behind %s\n", xyzzy2_owner->init_name);
	return 0;
}

static int xyzzy_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops xyzzy_ops = {
	XYZZY_COMMON_OPS(xyzzy),
	.of_xlate		= xyzzy_of_xlate,
};

static const struct iommu_ops xyzzy2_ops = {
	.of_xlate		= xyzzy_of_xlate,
	XYZZY_COMMON_OPS(xyzzy2)
};

static int xyzzy_probe_bad(struct platform_device *pdev)
{
	int ret;

	xyzzy = devm_kzalloc(&pdev->dev, sizeof(*xyzzy), GFP_KERNEL);
	if (!xyzzy)
		return -ENOMEM;

	ret = iommu_device_register(&xyzzy->iommu, &xyzzy_ops, &pdev->dev); /* expect: late-global xyzzy_owner xyzzy_attach_dev effect=crash */
	if (ret)
		return ret;
	xyzzy_owner = &pdev->dev;
	return 0;
}

static int xyzzy2_probe_ok(struct platform_device *pdev)
{
	xyzzy2 = devm_kzalloc(&pdev->dev, sizeof(*xyzzy2), GFP_KERNEL);
	if (!xyzzy2)
		return -ENOMEM;
	xyzzy2_owner = &pdev->dev;
	return iommu_device_register(&xyzzy2->iommu, &xyzzy2_ops, &pdev->dev);
}

static struct platform_driver xyzzy_drivers[] = {
	XYZZY_DRIVER(xyzzy, xyzzy_probe_bad),
	XYZZY_DRIVER(xyzzy2, xyzzy2_probe_ok),
};

static int __init xyzzy_init(void)
{
	int ret = platform_driver_register(&xyzzy_drivers[0]);

	return ret ?: platform_driver_register(&xyzzy_drivers[1]);
}
module_init(xyzzy_init);
