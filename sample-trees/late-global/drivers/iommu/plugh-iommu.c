// SPDX-License-Identifier: GPL-2.0
/* Flow: goto, switch, scope guards, a write on some of the earlier paths only. */
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>

struct plugh_iommu {
	struct iommu_device iommu;
};

static DEFINE_MUTEX(plugh_lock);
static struct plugh_iommu plugh_unit;
static struct plugh_iommu *plugh = &plugh_unit;
static struct plugh_iommu *plugh_owner;
static u32 *plugh_streams;
static u32 *plugh_quirks;

static struct iommu_device *plugh_probe_device(struct device *dev)
{
	guard(mutex)(&plugh_lock);
	return &plugh_owner->iommu;
}

static int plugh_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	scoped_guard(mutex, &plugh_lock) {
		plugh_streams[args->args[0]] = 1;
	}
	return 0;
}

static void plugh_get_resv_regions(struct device *dev, struct list_head *head)
{
	if (plugh_quirks[0])
		dev_dbg(dev, "reserved\n");
}

static const struct iommu_ops plugh_ops = {
	.probe_device		= plugh_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= plugh_of_xlate,
	.get_resv_regions	= plugh_get_resv_regions,
};

static int plugh_probe_bad(struct platform_device *pdev)
{
	u32 *streams;
	int ret;

	streams = devm_kcalloc(&pdev->dev, 16, sizeof(*streams), GFP_KERNEL);
	if (!streams)
		return -ENOMEM;

	/* Only some chips have quirks before: the others get them afterwards. */
	if (of_property_read_bool(pdev->dev.of_node, "plugh,quirky"))
		plugh_quirks = devm_kcalloc(&pdev->dev, 4, sizeof(u32), GFP_KERNEL);

	ret = iommu_device_register(&plugh->iommu, &plugh_ops, &pdev->dev); /* expect: late-global plugh_owner plugh_probe_device; late-global plugh_streams plugh_of_xlate effect=crash; late-global plugh_quirks plugh_get_resv_regions */
	switch (ret) {
	case 0:
		break;
	case -EBUSY:
		goto out;
	default:
		return ret;
	}

	plugh_streams = streams;
	if (!plugh_quirks)
		plugh_quirks = devm_kcalloc(&pdev->dev, 4, sizeof(u32), GFP_KERNEL);
	scoped_guard(mutex, &plugh_lock) {
		plugh_owner = plugh;
	}
out:
	return ret;
}

static u32 *plugh2_streams;

static int plugh2_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	guard(mutex)(&plugh_lock);
	plugh2_streams[args->args[0]] = 1;
	return 0;
}

static const struct iommu_ops plugh2_ops = {
	.probe_device	= plugh_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= plugh2_of_xlate,
};

static int plugh2_probe_ok(struct platform_device *pdev)
{
	int ret;

	scoped_guard(mutex, &plugh_lock) {
		plugh_owner = plugh;
	}

	switch (of_property_read_bool(pdev->dev.of_node, "plugh,wide")) {
	case true:
		plugh2_streams = devm_kcalloc(&pdev->dev, 64, sizeof(u32), GFP_KERNEL);
		break;
	default:
		plugh2_streams = devm_kcalloc(&pdev->dev, 16, sizeof(u32), GFP_KERNEL);
		break;
	}
	if (!plugh2_streams)
		return -ENOMEM;

	ret = iommu_device_register(&plugh->iommu, &plugh2_ops, &pdev->dev);
	if (ret)
		goto err_streams;
	return 0;

err_streams:
	plugh2_streams = NULL;
	return ret;
}

static struct platform_driver plugh_driver = {
	.probe	= plugh_probe_bad,
	.driver	= { .name = "plugh-iommu" },
};
module_platform_driver(plugh_driver);

static struct platform_driver plugh2_driver = {
	.probe	= plugh2_probe_ok,
	.driver	= { .name = "plugh2-iommu" },
};
module_platform_driver(plugh2_driver);
