// SPDX-License-Identifier: GPL-2.0
/* Bar VMSA-compatible IPMMU: cache instances hang off one root instance. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

#define IMCTR		0x0000
#define IMCTR_MMUEN	BIT(0)
#define IMUCTR(n)	(0x0300 + (n) * 16)
#define IMUCTR_MMUEN	BIT(0)
#define BAR_UTLBS	48

struct bar_vmsa {
	struct device *dev;
	void __iomem *base;
	struct iommu_device iommu;
	struct bar_vmsa *root;
	spinlock_t lock;
};

struct bar_vmsa_domain {
	struct iommu_domain io_domain;
	struct bar_vmsa *mmu;
};

static struct bar_vmsa *to_vmsa(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

static irqreturn_t bar_vmsa_irq(int irq, void *cookie)
{
	struct bar_vmsa *mmu = cookie;

	guard(spinlock)(&mmu->lock);
	return readl(mmu->base + IMCTR) & IMCTR_MMUEN ? IRQ_HANDLED : IRQ_NONE;
}

static struct iommu_domain *bar_domain_alloc_paging(struct device *dev)
{
	struct bar_vmsa_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	return domain ? &domain->io_domain : NULL;
}

static void bar_domain_free(struct iommu_domain *io_domain)
{
	kfree(container_of(io_domain, struct bar_vmsa_domain, io_domain));
}

static int bar_attach_device(struct iommu_domain *io_domain, struct device *dev)
{
	struct bar_vmsa_domain *domain = container_of(io_domain, struct bar_vmsa_domain, io_domain);
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct bar_vmsa *mmu = to_vmsa(dev);
	unsigned int i;

	if (domain->mmu && domain->mmu != mmu)
		return -EINVAL;

	domain->mmu = mmu;
	for (i = 0; i < fwspec->num_ids; i++)
		writel(IMUCTR_MMUEN, mmu->base + IMUCTR(fwspec->ids[i]));
	return 0;
}

static int bar_init_platform_device(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *vmsa_pdev;

	vmsa_pdev = of_find_device_by_node(args->np);
	if (!vmsa_pdev)
		return -ENODEV;

	dev_iommu_priv_set(dev, platform_get_drvdata(vmsa_pdev));
	put_device(&vmsa_pdev->dev);
	return 0;
}

static int bar_of_xlate(struct device *dev, const struct of_phandle_args *spec)
{
	if (spec->args[0] >= BAR_UTLBS)
		return -EINVAL;

	iommu_fwspec_add_ids(dev, spec->args, 1);

	/* A client with several micro-TLBs comes here once for each. */
	if (to_vmsa(dev))
		return 0;
	return bar_init_platform_device(dev, spec);
}

static struct iommu_device *bar_probe_device(struct device *dev)
{
	struct bar_vmsa *mmu = to_vmsa(dev);

	if (!mmu)
		return ERR_PTR(-ENODEV);
	return &mmu->iommu;
}

static const struct iommu_ops bar_vmsa_ops = {
	.domain_alloc_paging	= bar_domain_alloc_paging,
	.probe_device		= bar_probe_device,
	.device_group		= generic_single_device_group,
	.of_xlate		= bar_of_xlate,
	.pgsize_bitmap		= SZ_4K,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= bar_attach_device,
		.free		= bar_domain_free,
	},
};

static int bar_vmsa_probe(struct platform_device *pdev)
{
	struct bar_vmsa *mmu;
	int irq, ret;

	mmu = devm_kzalloc(&pdev->dev, sizeof(*mmu), GFP_KERNEL);
	if (!mmu)
		return dev_err_probe(&pdev->dev, -ENOMEM, "no memory for the instance\n");

	mmu->dev = &pdev->dev;
	spin_lock_init(&mmu->lock);
	mmu->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(mmu->base))
		return PTR_ERR(mmu->base);

	if (!of_property_read_bool(pdev->dev.of_node, "bar,main"))
		mmu->root = mmu;

	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = devm_request_irq(&pdev->dev, irq, bar_vmsa_irq, 0, dev_name(&pdev->dev), mmu);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no interrupt %d\n", irq);

	ret = iommu_device_sysfs_add(&mmu->iommu, &pdev->dev, NULL, "%s", dev_name(&pdev->dev));
	if (ret)
		return ret;

	ret = iommu_device_register(&mmu->iommu, &bar_vmsa_ops, &pdev->dev); /* expect: late-drvdata driver data bar_of_xlate effect=declined */
	if (ret)
		goto err_sysfs;

	platform_set_drvdata(pdev, mmu);
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&mmu->iommu);
	return ret;
}

static void bar_vmsa_remove(struct platform_device *pdev)
{
	struct bar_vmsa *mmu = platform_get_drvdata(pdev);

	iommu_device_sysfs_remove(&mmu->iommu);
	iommu_device_unregister(&mmu->iommu);
}

static const struct of_device_id bar_vmsa_of_ids[] = {
	{ .compatible = "bar,vmsa" },
	{ }
};
MODULE_DEVICE_TABLE(of, bar_vmsa_of_ids);

static struct platform_driver bar_vmsa_driver = {
	.probe = bar_vmsa_probe,
	.remove = bar_vmsa_remove,
	.driver = {
		.name = "bar-vmsa",
		.of_match_table = bar_vmsa_of_ids,
	},
};
builtin_platform_driver(bar_vmsa_driver);
