// SPDX-License-Identifier: GPL-2.0
/* Allocations: one for each call, or one for each client. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct bar_client;

struct bar_iommu {
	struct device *dev;
	struct bar_client *client;
	struct iommu_device iommu;
};

struct bar_client {
	struct bar_iommu *bar;
	u32 *ids;
};

static struct bar_iommu bar;

static struct iommu_device *bar_probe_device(struct device *dev)
{
	return dev_iommu_priv_get(dev) ? &bar.iommu : ERR_PTR(-ENODEV);
}

static int bar_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct bar_client *client;

	client = kzalloc(sizeof(*client), GFP_KERNEL); /* expect: repeated-xlate effect=leak */
	if (!client)
		return -ENOMEM;
	client->bar = &bar;
	dev_iommu_priv_set(dev, client);
	return 0;
}

static const struct iommu_ops bar_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_of_xlate_bad,
};

/* In a callee, and freed with the instance: each call leaves one more until then. */
static struct bar_client *bar_new_client_bad(void)
{
	return devm_kzalloc(bar.dev, sizeof(struct bar_client), GFP_KERNEL); /* expect: repeated-xlate effect=leak */
}

static int bar_devm_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct bar_client *client = bar_new_client_bad();

	if (!client)
		return -ENOMEM;
	client->bar = &bar;
	dev_iommu_priv_set(dev, client);
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops bar_devm_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_devm_of_xlate,
};

static struct bar_client *bar_new_client(void)
{
	return devm_kzalloc(bar.dev, sizeof(struct bar_client), GFP_KERNEL);
}

/* One for each instance, which keeps it. */
static int bar_shared_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	if (!bar.client) {
		bar.client = bar_new_client();
		if (!bar.client)
			return -ENOMEM;
		bar.client->bar = &bar;
	}
	dev_iommu_priv_set(dev, bar.client);
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops bar_shared_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_shared_of_xlate_ok,
};

/* Looks first; what is allocated after the core dropped the answer is freed with the instance. */
static int bar_once_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct bar_client *client = dev_iommu_priv_get(dev);

	if (!client) {
		client = bar_new_client();
		if (!client)
			return -ENOMEM;
		client->bar = &bar;
		dev_iommu_priv_set(dev, client);
	}
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static void bar_release_device(struct device *dev)
{
	dev_iommu_priv_set(dev, NULL);
}

static const struct iommu_ops bar_once_ops = {
	.probe_device	= bar_probe_device,
	.release_device	= bar_release_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_once_of_xlate_ok,
};

/* probe_device() is called once for a client, and release_device() undoes it. */
static struct iommu_device *bar_late_probe_device_ok(struct device *dev)
{
	struct bar_client *client = kzalloc(sizeof(*client), GFP_KERNEL);

	if (!client)
		return ERR_PTR(-ENOMEM);
	dev_iommu_priv_set(dev, client);
	return &bar.iommu;
}

static void bar_late_release_device(struct device *dev)
{
	kfree(dev_iommu_priv_get(dev));
}

static int bar_ids_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, args->args_count);
}

static const struct iommu_ops bar_late_ops = {
	.probe_device	= bar_late_probe_device_ok,
	.release_device	= bar_late_release_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_ids_of_xlate_ok,
};

/* What is allocated is gone again when the function returns. */
static int bar_scratch_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	u32 *scratch = kmalloc(sizeof(*scratch) * args->args_count, GFP_KERNEL);
	int ret;

	if (!scratch)
		return -ENOMEM;
	memcpy(scratch, args->args, sizeof(*scratch) * args->args_count);
	scratch[0] &= 0xff;
	ret = iommu_fwspec_add_ids(dev, scratch, args->args_count);
	kfree(scratch);
	return ret;
}

static const struct iommu_ops bar_scratch_ops = {
	.probe_device	= bar_late_probe_device_ok,
	.release_device	= bar_late_release_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_scratch_of_xlate_ok,
};

static int bar_probe(struct platform_device *pdev)
{
	bar.dev = &pdev->dev;
	if (of_property_read_bool(bar.dev->of_node, "bar,once"))
		return iommu_device_register(&bar.iommu, &bar_once_ops, &pdev->dev);
	if (of_property_read_bool(bar.dev->of_node, "bar,shared"))
		return iommu_device_register(&bar.iommu, &bar_shared_ops, &pdev->dev);
	if (of_property_read_bool(bar.dev->of_node, "bar,late"))
		return iommu_device_register(&bar.iommu, &bar_late_ops, &pdev->dev);
	if (of_property_read_bool(bar.dev->of_node, "bar,devm"))
		return iommu_device_register(&bar.iommu, &bar_devm_ops, &pdev->dev);
	if (of_property_read_bool(bar.dev->of_node, "bar,scratch"))
		return iommu_device_register(&bar.iommu, &bar_scratch_ops, &pdev->dev);
	return iommu_device_register(&bar.iommu, &bar_ops, &pdev->dev);
}

static struct platform_driver bar_driver = {
	.probe	= bar_probe,
	.driver	= { .name = "bar-iommu" },
};
builtin_platform_driver(bar_driver);
