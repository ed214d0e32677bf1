// SPDX-License-Identifier: GPL-2.0
/* Resources that are added, grouped, freed again, or kept for clients that have a driver. */
#include <linux/devres.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct bar_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

struct bar_client {
	struct device *dev;
	struct bar_iommu *bar;
};

static void bar_release_client(struct device *dev, void *res)
{
	struct bar_client *client = res;

	client->bar = NULL;
}

static int bar_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct bar_client *client;

	if (!pdev)
		return -ENODEV;
	if (!dev_iommu_priv_get(dev)) {
		client = devres_alloc(bar_release_client, sizeof(*client), GFP_KERNEL);
		if (!client) {
			put_device(&pdev->dev);
			return -ENOMEM;
		}
		client->dev = dev;
		client->bar = platform_get_drvdata(pdev);
		dev_iommu_priv_set(dev, client);
		devres_add(dev, client); /* expect: client-devres dev bar_of_xlate_bad */
	}
	put_device(&pdev->dev);
	return 0;
}

/* Scratch memory: gone before the callback returns. */
static struct iommu_device *bar_probe_device_ok(struct device *dev)
{
	struct bar_client *client = dev_iommu_priv_get(dev);
	u32 *ids;

	if (!client)
		return ERR_PTR(-ENODEV);
	ids = devm_kcalloc(dev, 4, sizeof(u32), GFP_KERNEL);
	if (!ids)
		return ERR_PTR(-ENOMEM);
	ids[0] = 1;
	devm_kfree(dev, ids);
	return &client->bar->iommu;
}

static void bar_put_domain(void *domain)
{
	kfree(domain);
}

/* Nothing in the window has a driver. */
static int bar_attach_dev_ok(struct iommu_domain *domain, struct device *dev)
{
	if (!dev->driver)
		return 0;
	return devm_add_action_or_reset(dev, bar_put_domain, domain);
}

static int bar_identity_attach_bad(struct iommu_domain *domain, struct device *dev)
{
	struct platform_device *pdev = to_platform_device(dev);
	void __iomem *regs;

	regs = devm_platform_ioremap_resource(pdev, 0); /* expect: client-devres pdev bar_identity_attach_bad */
	return IS_ERR(regs) ? PTR_ERR(regs) : 0;
}

static void bar_domain_free_ok(struct iommu_domain *domain)
{
	kfree(domain);
}

/* The parent is another device. */
static void bar_probe_finalize_ok(struct device *dev)
{
	devm_kzalloc(dev->parent, 16, GFP_KERNEL);
}

static void bar_release_device_ok(struct device *dev)
{
	devm_kfree(dev, dev_iommu_priv_get(dev));
}

static const struct iommu_domain_ops bar_identity_ops = {
	.attach_dev	= bar_identity_attach_bad,
};

static struct iommu_domain bar_identity = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &bar_identity_ops,
};

static const struct iommu_ops bar_ops = {
	.probe_device	= bar_probe_device_ok,
	.probe_finalize	= bar_probe_finalize_ok,
	.release_device	= bar_release_device_ok,
	.device_group	= generic_device_group,
	.of_xlate	= bar_of_xlate_bad,
	.identity_domain = &bar_identity,
	.default_domain_ops = &(const struct iommu_domain_ops) {
		.attach_dev	= bar_attach_dev_ok,
		.free		= bar_domain_free_ok,
	},
};

static int bar_probe(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);

	if (!bar)
		return -ENOMEM;
	bar->dev = &pdev->dev;
	platform_set_drvdata(pdev, bar);
	return iommu_device_register(&bar->iommu, &bar_ops, &pdev->dev);
}

static const struct of_device_id bar_of_ids[] = {
	{ .compatible = "bar,iommu" },
	{ }
};

static struct platform_driver bar_driver = {
	.probe	= bar_probe,
	.driver	= { .name = "bar-iommu", .of_match_table = bar_of_ids },
};
module_platform_driver(bar_driver);
