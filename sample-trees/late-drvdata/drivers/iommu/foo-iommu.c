// SPDX-License-Identifier: GPL-2.0
/* Driver data of a platform device, looked up by the node that names the IOMMU. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_iommu {
	struct device *dev;
	u32 streams;
	struct iommu_device iommu;
};

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);

	return foo ? &foo->iommu : ERR_PTR(-ENODEV);
}

/* Stores what it finds: probe_device declines. */
static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static const struct iommu_ops foo_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate,
};

/* Looks inside what it finds. */
static int foo_range_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct foo_iommu *foo;
	int ret = 0;

	if (!pdev)
		return -ENODEV;
	foo = platform_get_drvdata(pdev);
	if (args->args[0] >= foo->streams)
		ret = -EINVAL;
	else
		dev_iommu_priv_set(dev, foo);
	put_device(&pdev->dev);
	return ret;
}

static const struct iommu_ops foo_range_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_range_of_xlate,
};

/* Tests what it finds. */
static int foo_tested_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct foo_iommu *foo;

	if (!pdev)
		return -ENODEV;
	foo = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	if (!foo)
		return -EPROBE_DEFER;
	dev_iommu_priv_set(dev, foo);
	return 0;
}

static const struct iommu_ops foo_tested_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_tested_of_xlate,
};

static struct foo_iommu *foo_alloc(struct platform_device *pdev)
{
	struct foo_iommu *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);

	if (foo) {
		foo->dev = &pdev->dev;
		foo->streams = 32;
	}
	return foo;
}

static int foo_probe_bad(struct platform_device *pdev)
{
	struct foo_iommu *foo = foo_alloc(pdev);
	int ret;

	if (!foo)
		return -ENOMEM;
	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev); /* expect: late-drvdata driver data foo_of_xlate effect=declined */
	if (ret)
		return ret;
	platform_set_drvdata(pdev, foo);
	return 0;
}

static int foo_range_probe_bad(struct platform_device *pdev)
{
	struct foo_iommu *foo = foo_alloc(pdev);
	int ret;

	if (!foo)
		return -ENOMEM;
	ret = iommu_device_register(&foo->iommu, &foo_range_ops, &pdev->dev); /* expect: late-drvdata driver data foo_range_of_xlate effect=crash */
	if (ret)
		goto err;
	dev_set_drvdata(&pdev->dev, foo);
	return 0;
err:
	dev_err(&pdev->dev, "not registered\n");
	return ret;
}

static void foo_finish(struct platform_device *pdev, struct foo_iommu *foo)
{
	platform_set_drvdata(pdev, foo);
	dev_info(&pdev->dev, "ready\n");
}

static int foo_tested_probe_bad(struct platform_device *pdev)
{
	struct foo_iommu *foo = foo_alloc(pdev);
	int ret;

	if (!foo)
		return -ENOMEM;
	ret = iommu_device_register(&foo->iommu, &foo_tested_ops, foo->dev); /* expect: late-drvdata driver data foo_tested_of_xlate effect=declined */
	if (!ret)
		foo_finish(pdev, foo);
	return ret;
}

static const struct iommu_ops foo_ok_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_range_of_xlate,
};

static int foo_probe_ok(struct platform_device *pdev)
{
	struct foo_iommu *foo = foo_alloc(pdev);
	int ret;

	if (!foo)
		return -ENOMEM;
	platform_set_drvdata(pdev, foo);
	ret = iommu_device_register(&foo->iommu, &foo_ok_ops, &pdev->dev);
	if (ret)
		platform_set_drvdata(pdev, NULL);
	return ret;
}

static int foo_register_ok(struct foo_iommu *foo)
{
	return iommu_device_register(&foo->iommu, &foo_ok_ops, foo->dev);
}

static int foo_caller_probe_ok(struct platform_device *pdev)
{
	struct foo_iommu *foo = foo_alloc(pdev);

	if (!foo)
		return -ENOMEM;
	foo_finish(pdev, foo);
	return foo_register_ok(foo);
}

static struct platform_driver foo_drivers[] = {
	{ .probe = foo_probe_bad, .driver = { .name = "foo-stored" } },
	{ .probe = foo_range_probe_bad, .driver = { .name = "foo-range" } },
	{ .probe = foo_tested_probe_bad, .driver = { .name = "foo-tested" } },
	{ .probe = foo_probe_ok, .driver = { .name = "foo-early" } },
	{ .probe = foo_caller_probe_ok, .driver = { .name = "foo-caller" } },
};

static int __init foo_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(foo_drivers) && !ret; i++)
		ret = platform_driver_register(&foo_drivers[i]);
	return ret;
}
module_init(foo_init);
