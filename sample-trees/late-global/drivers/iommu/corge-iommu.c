// SPDX-License-Identifier: GPL-2.0
/* Globals of init time: an earlier initcall, the module's init function, a static table. */
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>

struct corge_soc {
	u32 id, streams;
};

struct corge_pool {
	u32 used;
	struct mutex lock;
};

static const struct corge_soc corge_default = { .id = 1, .streams = 16 };

static struct iommu_device corge_iommu;
static struct corge_pool *corge_pool;
static u32 *corge_bitmap;
static const struct corge_soc *corge_soc = &corge_default;
static const u32 corge_streams[] = { 4, 8, 15, 16 };
static struct corge_pool *corge_late_pool;

static struct iommu_device *corge_probe_device(struct device *dev)
{
	mutex_lock(&corge_pool->lock);
	corge_pool->used++;
	mutex_unlock(&corge_pool->lock);
	return &corge_iommu;
}

static int corge_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	if (args->args[0] >= corge_soc->streams || args->args[0] >= ARRAY_SIZE(corge_streams))
		return -EINVAL;
	corge_bitmap[0] |= BIT(corge_streams[args->args[0]]);
	return 0;
}

static const struct iommu_ops corge_ops = {
	.probe_device	= corge_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= corge_of_xlate,
};

static int corge_probe_ok(struct platform_device *pdev)
{
	const struct corge_soc *soc = device_get_match_data(&pdev->dev);
	int ret;

	ret = iommu_device_register(&corge_iommu, &corge_ops, &pdev->dev);
	if (ret)
		return ret;

	/* Until now the defaults hold. */
	if (soc)
		corge_soc = soc;
	return 0;
}

static struct platform_driver corge_driver = {
	.probe	= corge_probe_ok,
	.driver	= { .name = "corge-iommu" },
};

static int __init corge_bitmap_init(void)
{
	corge_bitmap = kcalloc(4, sizeof(*corge_bitmap), GFP_KERNEL);
	return corge_bitmap ? 0 : -ENOMEM;
}
core_initcall(corge_bitmap_init);

static int __init corge_init(void)
{
	corge_pool = kzalloc(sizeof(*corge_pool), GFP_KERNEL);
	if (!corge_pool)
		return -ENOMEM;
	mutex_init(&corge_pool->lock);
	return platform_driver_register(&corge_driver);
}
device_initcall(corge_init);

static struct iommu_device *corge2_probe_device(struct device *dev)
{
	corge_late_pool->used++;
	return &corge_iommu;
}

static const struct iommu_ops corge2_ops = {
	.probe_device	= corge2_probe_device,
	.device_group	= generic_device_group,
};

static int corge2_probe_bad(struct platform_device *pdev)
{
	return iommu_device_register(&corge_iommu, &corge2_ops, &pdev->dev); /* expect: late-global corge_late_pool */
}

static struct platform_driver corge2_driver = {
	.probe	= corge2_probe_bad,
	.driver	= { .name = "corge2-iommu" },
};

static int __init corge2_init(void)
{
	int ret = platform_driver_register(&corge2_driver);

	if (ret)
		return ret;
	corge_late_pool = kzalloc(sizeof(*corge_late_pool), GFP_KERNEL);
	return corge_late_pool ? 0 : -ENOMEM;
}
device_initcall(corge2_init);
