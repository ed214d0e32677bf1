// SPDX-License-Identifier: GPL-2.0
/* Numbers and flags read as zero; tests that return an error; fall-backs that do not need them. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>

#define GRAULT_IDR	0x20
#define GRAULT_COHERENT	BIT(3)

struct grault_iommu {
	void __iomem *regs;
	struct iommu_device iommu;
};

static struct grault_iommu *grault;
static bool grault_coherent;
static u32 grault_version;
static struct device *grault_owner;
static u32 grault_page_shift;

static struct iommu_device *grault_probe_device(struct device *dev)
{
	return &grault->iommu;
}

static bool grault_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY && grault_coherent;
}

static int grault_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	if (grault_version < 2)
		return -ENODEV;
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static struct iommu_domain *grault_domain_alloc_paging_ok(struct device *dev)
{
	struct device *owner = grault_owner ?: dev;

	return devm_kzalloc(owner, sizeof(struct iommu_domain), GFP_KERNEL);
}

static phys_addr_t grault_iova_to_phys_ok(struct iommu_domain *domain, dma_addr_t iova)
{
	unsigned int shift = 12;

	if (grault_page_shift)
		shift = grault_page_shift;
	return readl(grault->regs + (iova >> shift));
}

static const struct iommu_ops grault_ops = {
	.capable		= grault_capable,
	.domain_alloc_paging	= grault_domain_alloc_paging_ok,
	.probe_device		= grault_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= grault_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.iova_to_phys	= grault_iova_to_phys_ok,
	},
};

static void grault_read_features(void)
{
	u32 idr = readl(grault->regs + GRAULT_IDR);

	grault_coherent = idr & GRAULT_COHERENT;
	grault_version = idr & 0xf;
	grault_page_shift = idr >> 28;
}

static int grault_probe_bad(struct platform_device *pdev)
{
	int ret;

	grault = devm_kzalloc(&pdev->dev, sizeof(*grault), GFP_KERNEL);
	if (!grault)
		return -ENOMEM;
	grault->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(grault->regs))
		return PTR_ERR(grault->regs);

	ret = iommu_device_register(&grault->iommu, &grault_ops, &pdev->dev); /* expect: late-global grault_coherent grault_capable effect=wrong-value; late-global grault_version grault_of_xlate */
	if (ret)
		return ret;

	grault_owner = &pdev->dev;
	grault_read_features();
	return 0;
}

static struct platform_driver grault_driver = {
	.probe	= grault_probe_bad,
	.driver	= { .name = "grault-iommu" },
};
module_platform_driver(grault_driver);
