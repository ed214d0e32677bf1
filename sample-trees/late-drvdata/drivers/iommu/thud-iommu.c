// SPDX-License-Identifier: GPL-2.0
/* Banks are devices of a driver of their own, which one init function registers last. */
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct thud_iommu {
	struct iommu_device iommu;
};

struct thud_bank {
	const char *name;
	u32 number;
};

static int thud_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct thud_bank *bank;

	if (!pdev)
		return -ENODEV;
	bank = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	dev_dbg(dev, "behind %s\n", bank->name);
	return 0;
}

static const struct iommu_ops thud_ops = {
	.device_group	= generic_device_group,
	.of_xlate	= thud_of_xlate,
};

static int thud_bank_probe(struct platform_device *pdev)
{
	struct thud_bank *bank = devm_kzalloc(&pdev->dev, sizeof(*bank), GFP_KERNEL);

	if (!bank)
		return -ENOMEM;
	bank->name = dev_name(&pdev->dev);
	platform_set_drvdata(pdev, bank);
	return 0;
}

static int thud_probe_bad(struct platform_device *pdev)
{
	struct thud_iommu *thud = devm_kzalloc(&pdev->dev, sizeof(*thud), GFP_KERNEL);

	if (!thud)
		return -ENOMEM;
	platform_set_drvdata(pdev, thud);
	return iommu_device_register(&thud->iommu, &thud_ops, &pdev->dev); /* expect: late-drvdata driver data of thud_bank thud_of_xlate effect=crash */
}

static struct platform_driver thud_driver = {
	.probe	= thud_probe_bad,
	.driver	= { .name = "thud-iommu" },
};

static struct platform_driver thud_bank_driver = {
	.probe	= thud_bank_probe,
	.driver	= { .name = "thud-bank" },
};

static int __init thud_init(void)
{
	int ret = platform_driver_register(&thud_driver);

	if (ret)
		return ret;
	return platform_driver_register(&thud_bank_driver);
}
device_initcall(thud_init);

/* The same chip, with its banks first; and another chip, whose data is of the same kind. */
struct wide_thud_bank {
	u32 number;
};

static int wide_thud_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct wide_thud_bank *bank;

	if (!pdev)
		return -ENODEV;
	bank = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return bank->number ? 0 : -EINVAL;
}

static const struct iommu_ops wide_thud_ops = {
	.device_group	= generic_device_group,
	.of_xlate	= wide_thud_of_xlate,
};

static int wide_thud_bank_probe(struct platform_device *pdev)
{
	struct wide_thud_bank *bank = devm_kzalloc(&pdev->dev, sizeof(*bank), GFP_KERNEL);

	if (!bank)
		return -ENOMEM;
	platform_set_drvdata(pdev, bank);
	return 0;
}

static int wide_thud_probe_ok(struct platform_device *pdev)
{
	struct thud_iommu *thud = devm_kzalloc(&pdev->dev, sizeof(*thud), GFP_KERNEL);

	if (!thud)
		return -ENOMEM;
	platform_set_drvdata(pdev, thud);
	return iommu_device_register(&thud->iommu, &wide_thud_ops, &pdev->dev);
}

static int flat_thud_probe_ok(struct platform_device *pdev)
{
	struct thud_iommu *thud = devm_kzalloc(&pdev->dev, sizeof(*thud), GFP_KERNEL);

	if (!thud)
		return -ENOMEM;
	platform_set_drvdata(pdev, thud);
	return iommu_device_register(&thud->iommu, &wide_thud_ops, &pdev->dev);
}

static struct platform_driver wide_thud_bank_driver = {
	.probe	= wide_thud_bank_probe,
	.driver	= { .name = "wide-thud-bank" },
};

static struct platform_driver wide_thud_driver = {
	.probe	= wide_thud_probe_ok,
	.driver	= { .name = "wide-thud" },
};

static struct platform_driver flat_thud_driver = {
	.probe	= flat_thud_probe_ok,
	.driver	= { .name = "flat-thud" },
};

static int __init wide_thud_init(void)
{
	int ret = platform_driver_register(&wide_thud_bank_driver);

	if (!ret)
		ret = platform_driver_register(&wide_thud_driver);
	if (!ret)
		ret = platform_driver_register(&flat_thud_driver);
	return ret;
}
device_initcall(wide_thud_init);
