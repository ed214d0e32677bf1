// SPDX-License-Identifier: GPL-2.0
/* Which ops table is registered is decided at run time: by match data, or by a register. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>

#define FRED_ID	0x0

struct fred_variant {
	const char *name;
	const struct iommu_ops *ops;
};

struct fred_iommu {
	void __iomem *regs;
	const struct fred_variant *variant;
	struct iommu_device iommu;
};

static struct fred_iommu *fred;
static u32 *fred_v1_table;
static u32 *fred_v2_table;
static u32 *fred_picked_table;

static struct iommu_device *fred_probe_device(struct device *dev)
{
	return &fred->iommu;
}

static int fred_v1_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return fred_v1_table[args->args[0]] ? 0 : -EINVAL;
}

static int fred_v2_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	fred_v2_table[args->args[0]]++;
	return 0;
}

static const struct iommu_ops fred_v1_ops = {
	.probe_device	= fred_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= fred_v1_of_xlate,
};

static const struct iommu_ops fred_v2_ops = {
	.probe_device	= fred_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= fred_v2_of_xlate,
};

static const struct fred_variant fred_v1 = { .name = "v1", .ops = &fred_v1_ops };
static const struct fred_variant fred_v2 = { .name = "v2", .ops = &fred_v2_ops };

static int fred_probe_bad(struct platform_device *pdev)
{
	int ret;

	fred = devm_kzalloc(&pdev->dev, sizeof(*fred), GFP_KERNEL);
	if (!fred)
		return -ENOMEM;
	fred->variant = device_get_match_data(&pdev->dev);
	fred_v1_table = devm_kcalloc(&pdev->dev, 32, sizeof(u32), GFP_KERNEL);

	ret = iommu_device_register(&fred->iommu, fred->variant->ops, &pdev->dev); /* expect: late-global fred_v2_table fred_v2_of_xlate effect=crash */
	if (ret)
		return ret;
	fred_v2_table = devm_kcalloc(&pdev->dev, 32, sizeof(u32), GFP_KERNEL);
	return fred_v2_table ? 0 : -ENOMEM;
}

static const struct of_device_id fred_of_ids[] = {
	{ .compatible = "fred,iommu-v1", .data = &fred_v1 },
	{ .compatible = "fred,iommu-v2", .data = &fred_v2 },
	{ }
};

static struct platform_driver fred_driver = {
	.probe	= fred_probe_bad,
	.driver	= { .name = "fred-iommu", .of_match_table = fred_of_ids },
};
module_platform_driver(fred_driver);

static void fred_picked_probe_finalize(struct device *dev)
{
	fred_picked_table[0] = 1;
}

static const struct iommu_ops fred_plain_ops = {
	.probe_device	= fred_probe_device,
	.device_group	= generic_device_group,
};

static const struct iommu_ops fred_picked_ops = {
	.probe_device	= fred_probe_device,
	.probe_finalize	= fred_picked_probe_finalize,
	.device_group	= generic_device_group,
};

static int fred_picked_probe_bad(struct platform_device *pdev)
{
	const struct iommu_ops *ops;
	int ret;

	ops = readl(fred->regs + FRED_ID) > 1 ? &fred_picked_ops : &fred_plain_ops;
	ret = iommu_device_register(&fred->iommu, ops, &pdev->dev); /* expect: late-global fred_picked_table fred_picked_probe_finalize effect=crash */
	if (!ret)
		fred_picked_table = devm_kcalloc(&pdev->dev, 4, sizeof(u32), GFP_KERNEL);
	return ret;
}

static int fred_plain_probe_ok(struct platform_device *pdev)
{
	const struct iommu_ops *ops = &fred_plain_ops;
	int ret;

	/* The plain table has no callback that looks at fred_picked_table. */
	ret = iommu_device_register(&fred->iommu, ops, &pdev->dev);
	if (!ret)
		fred_picked_table = devm_kcalloc(&pdev->dev, 4, sizeof(u32), GFP_KERNEL);
	return ret;
}
