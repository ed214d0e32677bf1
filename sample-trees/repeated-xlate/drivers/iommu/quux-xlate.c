// SPDX-License-Identifier: GPL-2.0
/* The callbacks of a driver whose other file attaches. */
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include "quux-iommu.h"

static struct quux_iommu *quux_lookup(const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct quux_iommu *quux = platform_get_drvdata(pdev);

	put_device(&pdev->dev);
	return quux;
}

int quux_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct quux_iommu *quux = quux_lookup(args);

	quux->domain = &quux_identity_domain; /* expect: repeated-xlate quux_iommu.domain */
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

/* Nobody sets it to anything else. */
int quux_blocked_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct quux_iommu *quux = quux_lookup(args);

	quux->blocked = &quux_identity_domain;
	return iommu_fwspec_add_ids(dev, args->args, 1);
}
