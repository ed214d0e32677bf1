// SPDX-License-Identifier: GPL-2.0
/* The client's data is managed memory of the client itself. */
#include <linux/devres.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_iommu {
	struct device *dev;
	struct iommu_device iommu;
	struct iommu_device second;
};

struct foo_client {
	struct foo_iommu *foo;
	u32 *ids;
};

static struct foo_iommu *foo_find(const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct foo_iommu *foo;

	if (!pdev)
		return NULL;
	foo = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return foo;
}

static int foo_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	if (client)
		return 0;
	client = devm_kzalloc(dev, sizeof(*client), GFP_KERNEL); /* expect: client-devres dev foo_of_xlate_bad effect=declined */
	if (!client)
		return -ENOMEM;
	client->foo = foo_find(args);
	client->ids = devm_kcalloc(dev, 4, sizeof(u32), GFP_KERNEL);
	dev_iommu_priv_set(dev, client);
	return 0;
}

static void foo_detach(void *data)
{
	kfree(data);
}

/* Two calls below probe_device. */
static int foo_configure_bad(struct device *client, struct foo_iommu *foo)
{
	return devm_add_action_or_reset(client, foo_detach, foo); /* expect: client-devres client foo_probe_device_bad */
}

static struct iommu_device *foo_probe_device_bad(struct device *dev)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	if (!client)
		return ERR_PTR(-ENODEV);
	if (foo_configure_bad(dev, client->foo))
		return ERR_PTR(-ENOMEM);
	return &client->foo->iommu;
}

static const struct iommu_ops foo_ops = {
	.probe_device	= foo_probe_device_bad,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate_bad,
};

/* The same on the device of the instance, which is bound for as long as it serves anybody. */
static int foo_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_iommu *foo = foo_find(args);
	struct foo_client *client = dev_iommu_priv_get(dev);

	if (client)
		return 0;
	client = devm_kzalloc(foo->dev, sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	client->foo = foo;
	dev_iommu_priv_set(dev, client);
	return 0;
}

static int foo_configure_ok(struct device *dev, struct foo_iommu *foo)
{
	return devm_add_action_or_reset(dev, foo_detach, foo);
}

static struct iommu_device *foo_probe_device_ok(struct device *dev)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	if (!client)
		return ERR_PTR(-ENODEV);
	if (foo_configure_ok(client->foo->dev, client->foo))
		return ERR_PTR(-ENOMEM);
	return &client->foo->second;
}

static const struct iommu_ops foo_second_ops = {
	.probe_device	= foo_probe_device_ok,
	.device_group	= generic_device_group,
	.of_xlate	= foo_of_xlate_ok,
};

static int foo_probe(struct platform_device *pdev)
{
	struct foo_iommu *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);
	int ret;

	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	platform_set_drvdata(pdev, foo);
	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
	if (ret)
		return ret;
	return iommu_device_register(&foo->second, &foo_second_ops, &pdev->dev);
}

static const struct of_device_id foo_of_ids[] = {
	{ .compatible = "foo,iommu" },
	{ }
};

static struct platform_driver foo_driver = {
	.probe	= foo_probe,
	.driver	= { .name = "foo-iommu", .of_match_table = foo_of_ids },
};
module_platform_driver(foo_driver);
