// SPDX-License-Identifier: GPL-2.0
/* Devices that somebody makes, configures and then adds. */
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>

struct foo_host {
	struct device dev;
	struct platform_device *child;
};

static int foo_host_add_child_ok(struct device *parent)
{
	struct platform_device *child = platform_device_alloc("foo-child", -1);
	int ret;

	if (!child)
		return -ENOMEM;
	child->dev.parent = parent;
	ret = of_dma_configure(&child->dev, parent->of_node, true);
	if (!ret)
		ret = platform_device_add(child);
	if (ret)
		platform_device_put(child);
	return ret;
}

static int foo_host_add_device_ok(struct foo_host *host, struct device *parent)
{
	int ret;

	device_initialize(&host->dev);
	host->dev.parent = parent;
	ret = of_dma_configure(&host->dev, parent->of_node, true);
	if (ret)
		return ret;
	return device_add(&host->dev);
}

/* Registered, and there is no driver that binds it: nobody else configures it. */
static int foo_host_virtual_ok(struct foo_host *host, struct device *parent)
{
	struct platform_device_info info = {
		.parent	= parent,
		.name	= "foo-virtual",
		.id	= -1,
	};

	host->child = platform_device_register_full(&info);
	if (IS_ERR(host->child))
		return PTR_ERR(host->child);
	return of_dma_configure(&host->child->dev, parent->of_node, true);
}

static int foo_host_probe(struct platform_device *pdev)
{
	struct foo_host *host = devm_kzalloc(&pdev->dev, sizeof(*host), GFP_KERNEL);
	int ret;

	if (!host)
		return -ENOMEM;
	ret = foo_host_add_device_ok(host, &pdev->dev);
	if (!ret)
		ret = foo_host_virtual_ok(host, &pdev->dev);
	return ret ?: foo_host_add_child_ok(&pdev->dev);
}

static struct platform_driver foo_host_driver = {
	.probe	= foo_host_probe,
	.driver	= { .name = "foo-host" },
};
module_platform_driver(foo_host_driver);
