// SPDX-License-Identifier: GPL-2.0
/* Registration in a loop, without an fwnode, and with nobody looking at its result. */
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/platform_device.h>

#define WALDO_UNITS 4

struct waldo_unit {
	u32 segment;
	struct iommu_device iommu;
};

static struct waldo_unit waldo_units[WALDO_UNITS];
static struct waldo_unit **waldo_lookup;
static u32 *waldo_aliases;

static struct iommu_device *waldo_probe_device(struct device *dev)
{
	struct waldo_unit *unit = waldo_lookup[0];

	return &unit->iommu;
}

static struct iommu_group *waldo_device_group(struct device *dev)
{
	return waldo_aliases[1] ? generic_device_group(dev) : ERR_PTR(-EINVAL);
}

static const struct iommu_ops waldo_ops = {
	.probe_device	= waldo_probe_device,
	.device_group	= waldo_device_group,
};

static int __init waldo_init_bad(void)
{
	int i, ret;

	waldo_aliases = kcalloc(256, sizeof(*waldo_aliases), GFP_KERNEL);
	if (!waldo_aliases)
		return -ENOMEM;

	for (i = 0; i < WALDO_UNITS; i++) {
		ret = iommu_device_register(&waldo_units[i].iommu, &waldo_ops, NULL); /* expect: late-global waldo_lookup waldo_probe_device effect=crash */
		if (ret)
			break;
	}
	waldo_lookup = kcalloc(WALDO_UNITS, sizeof(*waldo_lookup), GFP_KERNEL);
	return ret;
}
arch_initcall(waldo_init_bad);

static struct waldo_unit **waldo2_lookup;

static struct iommu_device *waldo2_probe_device(struct device *dev)
{
	return waldo2_lookup[0] ? &waldo2_lookup[0]->iommu : ERR_PTR(-ENODEV);
}

static const struct iommu_ops waldo2_ops = {
	.probe_device	= waldo2_probe_device,
	.device_group	= generic_device_group,
};

static void waldo2_register_all_ok(void)
{
	int i;

	for (i = 0; i < WALDO_UNITS; i++) {
		waldo2_lookup[i] = &waldo_units[i];
		iommu_device_register(&waldo_units[i].iommu, &waldo2_ops, NULL);
	}
}

static int __init waldo2_init_ok(void)
{
	waldo2_lookup = kcalloc(WALDO_UNITS, sizeof(*waldo2_lookup), GFP_KERNEL);
	if (!waldo2_lookup)
		return -ENOMEM;
	waldo2_register_all_ok();
	return 0;
}
arch_initcall(waldo2_init_ok);

static struct device *waldo3_clients;

static int waldo3_def_domain_type(struct device *dev)
{
	return waldo3_clients->can_match ? IOMMU_DOMAIN_IDENTITY : 0;
}

static const struct iommu_ops waldo3_ops = {
	.probe_device		= waldo2_probe_device,
	.device_group		= generic_device_group,
	.def_domain_type	= waldo3_def_domain_type,
};

static int waldo3_probe_bad(struct platform_device *pdev)
{
	struct waldo_unit *unit = devm_kzalloc(&pdev->dev, sizeof(*unit), GFP_KERNEL);

	if (!unit)
		return -ENOMEM;
	iommu_device_register(&unit->iommu, &waldo3_ops, &pdev->dev); /* expect: late-global waldo3_clients waldo3_def_domain_type effect=crash */
	waldo3_clients = &pdev->dev;
	return 0;
}

static struct platform_driver waldo3_driver = {
	.probe	= waldo3_probe_bad,
	.driver	= { .name = "waldo3-iommu" },
};
builtin_platform_driver(waldo3_driver);
