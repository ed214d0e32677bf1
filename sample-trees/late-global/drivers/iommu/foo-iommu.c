// SPDX-License-Identifier: GPL-2.0
/* A device for page table DMA, kept in a global: set in probe itself. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_iommu {
	struct device *dev;
	struct iommu_device iommu;
};

struct foo_client {
	struct foo_iommu *iommu;
};

struct foo_domain {
	struct iommu_domain domain;
	dma_addr_t pgd;
};

static struct device *dma_dev;

static struct iommu_domain *foo_domain_alloc_paging(struct device *dev)
{
	struct foo_domain *dom;

	if (!dma_dev)
		return NULL;
	dom = kzalloc(sizeof(*dom), GFP_KERNEL);
	if (!dom)
		return NULL;
	if (!dma_alloc_coherent(dma_dev, SZ_4K, &dom->pgd, GFP_KERNEL)) {
		kfree(dom);
		return NULL;
	}
	return &dom->domain;
}

static int foo_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	return 0;
}

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_client *client = dev_iommu_priv_get(dev);

	return client ? &client->iommu->iommu : ERR_PTR(-ENODEV);
}

static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_client *client = dev_iommu_priv_get(dev);
	struct platform_device *pdev;

	if (client)
		return 0;
	client = devm_kzalloc(dma_dev, sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;

	pdev = of_find_device_by_node(args->np);
	client->iommu = platform_get_drvdata(pdev);
	dev_iommu_priv_set(dev, client);
	put_device(&pdev->dev);
	return 0;
}

static const struct iommu_ops foo_ops = {
	.domain_alloc_paging	= foo_domain_alloc_paging,
	.probe_device		= foo_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= foo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= foo_attach_dev,
	},
};

static int foo_probe_bad(struct platform_device *pdev)
{
	struct foo_iommu *foo;
	int ret;

	foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);
	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	platform_set_drvdata(pdev, foo);

	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev); /* expect: late-global dma_dev foo_of_xlate effect=crash; late-global dma_dev foo_domain_alloc_paging effect=declined */
	if (ret)
		return ret;

	dma_dev = &pdev->dev;
	return 0;
}

static struct platform_driver foo_driver = {
	.probe	= foo_probe_bad,
	.driver	= { .name = "foo-iommu" },
};
module_platform_driver(foo_driver);
