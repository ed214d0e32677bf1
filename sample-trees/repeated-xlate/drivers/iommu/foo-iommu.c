// SPDX-License-Identifier: GPL-2.0
/* References: of_find_device_by_node() takes one each time of_xlate is called. */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_iommu {
	struct device *dev;
	struct device *companion;
	struct iommu_device iommu;
};

struct foo_client {
	struct list_head list;
	struct device *dev;
	struct platform_device *pdev;
	struct foo_iommu *foo;
};

static struct foo_iommu foo_instance;
static LIST_HEAD(foo_clients);

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);

	return foo ? &foo->iommu : ERR_PTR(-ENODEV);
}

static int foo_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev;

	pdev = of_find_device_by_node(args->np); /* expect: repeated-xlate effect=leak */
	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	return 0;
}

/* Put on one of two ways out. */
static int foo_range_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np); /* expect: repeated-xlate effect=leak */

	if (!pdev)
		return -ENODEV;
	if (args->args_count != 1)
		return -EINVAL;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static int foo_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	platform_device_put(pdev);
	return 0;
}

static void foo_put(struct platform_device *pdev)
{
	put_device(&pdev->dev);
}

static int foo_goto_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	int ret = 0;

	if (!pdev)
		return -ENODEV;
	if (args->args_count != 1) {
		ret = -EINVAL;
		goto out;
	}
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
out:
	foo_put(pdev);
	return ret;
}

static int foo_scoped_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct device *found __free(put_device) =
		bus_find_device_by_of_node(&platform_bus_type, args->np);

	if (!found)
		return -ENODEV;
	dev_iommu_priv_set(dev, dev_get_drvdata(found));
	return 0;
}

/* Kept for as long as the client is, but the core drops what remembers the client. */
static int foo_kept_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	if (client)
		return 0;
	client = kzalloc_obj(*client); /* expect: repeated-xlate effect=leak */
	if (!client)
		return -ENOMEM;
	client->pdev = of_find_device_by_node(args->np);
	client->foo = platform_get_drvdata(client->pdev);
	dev_iommu_priv_set(dev, client);
	return 0;
}

static void foo_kept_release_device(struct device *dev)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	put_device(&client->pdev->dev);
	kfree(client);
}

static struct foo_client *foo_find_client(struct device *dev)
{
	struct foo_client *client;

	list_for_each_entry(client, &foo_clients, list) {
		if (client->dev == dev)
			return client;
	}
	return NULL;
}

/* Taken once, and remembered where nobody but this driver forgets it. */
static int foo_listed_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_client *client = foo_find_client(dev);

	if (!client) {
		client = kzalloc(sizeof(*client), GFP_KERNEL);
		if (!client)
			return -ENOMEM;
		client->dev = dev;
		client->pdev = of_find_device_by_node(args->np);
		client->foo = platform_get_drvdata(client->pdev);
		list_add(&client->list, &foo_clients);
	}
	dev_iommu_priv_set(dev, client);
	return 0;
}

/* The instance keeps it: looked at before there is a second one. */
static int foo_instance_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct device *found;

	if (foo_instance.companion)
		return 0;
	found = bus_find_device_by_of_node(&platform_bus_type, args->np);
	foo_instance.companion = found;
	return found ? 0 : -ENODEV;
}

static const struct iommu_ops foo_put_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate_ok,
};

static const struct iommu_ops foo_goto_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_goto_of_xlate_ok,
};

static const struct iommu_ops foo_scoped_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_scoped_of_xlate_ok,
};

static const struct iommu_ops foo_leak_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate_bad,
};

static const struct iommu_ops foo_range_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_range_of_xlate_bad,
};

static const struct iommu_ops foo_kept_ops = {
	.probe_device	= foo_probe_device,
	.release_device	= foo_kept_release_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_kept_of_xlate_bad,
};

static const struct iommu_ops foo_listed_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_listed_of_xlate_ok,
};

static const struct iommu_ops foo_instance_ops = {
	.probe_device	= foo_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= foo_instance_of_xlate_ok,
};

static int foo_probe(struct platform_device *pdev)
{
	const struct iommu_ops *ops = &foo_put_ops;

	if (of_property_read_bool(pdev->dev.of_node, "foo,leak"))
		ops = &foo_leak_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,range"))
		ops = &foo_range_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,goto"))
		ops = &foo_goto_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,scoped"))
		ops = &foo_scoped_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,kept"))
		ops = &foo_kept_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,listed"))
		ops = &foo_listed_ops;
	else if (of_property_read_bool(pdev->dev.of_node, "foo,instance"))
		ops = &foo_instance_ops;

	foo_instance.dev = &pdev->dev;
	platform_set_drvdata(pdev, &foo_instance);
	return iommu_device_register(&foo_instance.iommu, ops, &pdev->dev);
}

static struct platform_driver foo_driver = {
	.probe	= foo_probe,
	.driver	= { .name = "foo-iommu" },
};
builtin_platform_driver(foo_driver);
