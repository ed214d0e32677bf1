// SPDX-License-Identifier: GPL-2.0
/* Acme IOMMU: one small IOMMU in front of each display or video block. */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#define ACME_MMU_DTE_ADDR	0x00
#define ACME_MMU_COMMAND	0x08
#define ACME_CMD_ENABLE		0x1
#define ACME_DT_SIZE		SZ_4K

struct acme_iommu_domain {
	struct iommu_domain domain;
	u32 *dt;
	dma_addr_t dt_dma;
};

struct acme_iommu {
	struct device *dev;
	void __iomem *base;
	struct iommu_device iommu;
};

/* What a client device knows of its IOMMU. */
struct acme_iommudata {
	struct device_link *link;
	struct acme_iommu *iommu;
};

static struct device *dma_dev;

static struct acme_iommu_domain *to_acme_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct acme_iommu_domain, domain);
}

static struct iommu_domain *acme_domain_alloc_paging(struct device *dev)
{
	struct acme_iommu_domain *acme_domain;

	if (!dma_dev)
		return NULL;

	acme_domain = kzalloc(sizeof(*acme_domain), GFP_KERNEL);
	if (!acme_domain)
		return NULL;

	acme_domain->dt = kzalloc(ACME_DT_SIZE, GFP_KERNEL);
	if (!acme_domain->dt)
		goto err_free;
	acme_domain->dt_dma = dma_map_single(dma_dev, acme_domain->dt, ACME_DT_SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dma_dev, acme_domain->dt_dma))
		goto err_free_dt;

	acme_domain->domain.geometry.aperture_end = DMA_BIT_MASK(32);
	acme_domain->domain.geometry.force_aperture = true;
	return &acme_domain->domain;

err_free_dt:
	kfree(acme_domain->dt);
err_free:
	kfree(acme_domain);
	return NULL;
}

static void acme_domain_free(struct iommu_domain *domain)
{
	struct acme_iommu_domain *acme_domain = to_acme_domain(domain);

	kfree(acme_domain->dt);
	kfree(acme_domain);
}

static int acme_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct acme_iommudata *data = dev_iommu_priv_get(dev);

	writel(to_acme_domain(domain)->dt_dma, data->iommu->base + ACME_MMU_DTE_ADDR);
	writel(ACME_CMD_ENABLE, data->iommu->base + ACME_MMU_COMMAND);
	return 0;
}

static struct iommu_device *acme_probe_device(struct device *dev)
{
	struct acme_iommudata *data = dev_iommu_priv_get(dev);

	if (!data)
		return ERR_PTR(-ENODEV);

	data->link = device_link_add(dev, data->iommu->dev, DL_FLAG_STATELESS | DL_FLAG_PM_RUNTIME);
	return &data->iommu->iommu;
}

static void acme_release_device(struct device *dev)
{
	struct acme_iommudata *data = dev_iommu_priv_get(dev);

	device_link_del(data->link);
}

static int acme_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *iommu_dev;
	struct acme_iommudata *data;

	data = devm_kzalloc(dma_dev, sizeof(*data), GFP_KERNEL); /* expect: repeated-xlate */
	if (!data)
		return -ENOMEM;

	iommu_dev = of_find_device_by_node(args->np);
	if (!iommu_dev)
		return -ENODEV;

	data->iommu = platform_get_drvdata(iommu_dev);
	dev_iommu_priv_set(dev, data);
	put_device(&iommu_dev->dev);
	return 0;
}

static const struct iommu_ops acme_iommu_ops = {
	.domain_alloc_paging	= acme_domain_alloc_paging,
	.probe_device		= acme_probe_device,
	.release_device		= acme_release_device,
	.device_group		= generic_device_group,
	.of_xlate		= acme_of_xlate,
	.pgsize_bitmap		= SZ_4K,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= acme_attach_dev,
		.free		= acme_domain_free,
	},
};

static int acme_iommu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct acme_iommu *iommu;
	int err;

	iommu = devm_kzalloc(dev, sizeof(*iommu), GFP_KERNEL);
	if (!iommu)
		return -ENOMEM;
	iommu->dev = dev;
	iommu->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(iommu->base))
		return PTR_ERR(iommu->base);
	platform_set_drvdata(pdev, iommu);

	err = iommu_device_sysfs_add(&iommu->iommu, dev, NULL, dev_name(dev));
	if (err)
		return err;

	err = iommu_device_register(&iommu->iommu, &acme_iommu_ops, dev); /* expect: late-global dma_dev acme_of_xlate effect=crash; late-global dma_dev acme_domain_alloc_paging effect=declined */
	if (err)
		goto err_remove_sysfs;

	/* The first instance does the page table DMA of all of them. */
	if (!dma_dev)
		dma_dev = &pdev->dev;
	return 0;

err_remove_sysfs:
	iommu_device_sysfs_remove(&iommu->iommu);
	return err;
}

static const struct of_device_id acme_iommu_dt_ids[] = {
	{ .compatible = "acme,iommu" },
	{ .compatible = "acme,iommu-v2" },
	{ }
};
MODULE_DEVICE_TABLE(of, acme_iommu_dt_ids);

static struct platform_driver acme_iommu_driver = {
	.probe = acme_iommu_probe,
	.driver = {
		.name = "acme_iommu",
		.of_match_table = acme_iommu_dt_ids,
		.suppress_bind_attrs = true,
	},
};
builtin_platform_driver(acme_iommu_driver);
