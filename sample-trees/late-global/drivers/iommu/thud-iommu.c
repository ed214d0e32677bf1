// SPDX-License-Identifier: GPL-2.0
/* Fields of a global struct, domains with ops of their own, and a global seen by both of two drivers. */
#include <linux/iommu.h>
#include <linux/io.h>
#include <linux/platform_device.h>

static struct {
	struct device *dev;
	u32 *table;
	u32 limit;
} thud_state;

struct thud_iommu {
	void __iomem *regs;
	struct iommu_device iommu;
};

static struct thud_iommu *thud;
static void __iomem *thud_bypass;
static u32 *thud_cache;

static struct iommu_device *thud_probe_device(struct device *dev)
{
	return &thud->iommu;
}

static int thud_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	if (args->args[0] > thud_state.limit)
		return -EINVAL;
	return thud_state.table[args->args[0]];
}

static int thud_identity_attach(struct iommu_domain *domain, struct device *dev)
{
	writel(1, thud_bypass);
	return 0;
}

static struct iommu_domain_ops thud_identity_ops = {
	.attach_dev = thud_identity_attach,
};

static struct iommu_domain thud_identity_domain = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &thud_identity_ops,
};

static int thud_paging_attach(struct iommu_domain *domain, struct device *dev)
{
	thud_cache[0] = 0;
	return 0;
}

static const struct iommu_domain_ops thud_paging_ops = {
	.attach_dev = thud_paging_attach,
};

static struct iommu_domain *thud_new_domain(void)
{
	struct iommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (domain)
		domain->ops = &thud_paging_ops;
	return domain;
}

static struct iommu_domain *thud_domain_alloc_paging(struct device *dev)
{
	return thud_new_domain();
}

static const struct iommu_ops thud_ops = {
	.identity_domain	= &thud_identity_domain,
	.domain_alloc_paging	= thud_domain_alloc_paging,
	.probe_device		= thud_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= thud_of_xlate,
};

static int thud_probe_bad(struct platform_device *pdev)
{
	int ret;

	thud = devm_kzalloc(&pdev->dev, sizeof(*thud), GFP_KERNEL);
	if (!thud)
		return -ENOMEM;
	thud_state.dev = &pdev->dev;
	thud_state.limit = 16;

	ret = iommu_device_register(&thud->iommu, &thud_ops, &pdev->dev); /* expect: late-global thud_state.table thud_of_xlate effect=crash; late-global thud_bypass thud_identity_attach effect=crash; late-global thud_cache thud_paging_attach effect=crash */
	if (ret)
		return ret;

	thud_state.table = devm_kcalloc(thud_state.dev, 16, sizeof(u32), GFP_KERNEL);
	thud_bypass = thud->regs + 0x100;
	thud_cache = devm_kcalloc(thud_state.dev, 16, sizeof(u32), GFP_KERNEL);
	return 0;
}

static struct platform_driver thud_driver = {
	.probe	= thud_probe_bad,
	.driver	= { .name = "thud-iommu" },
};
module_platform_driver(thud_driver);

/* A second driver that shares callbacks with nobody, and fills the whole struct first. */
static struct {
	struct device *dev;
	u32 *table;
} thud2_state;

static int thud2_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return thud2_state.table[args->args[0]];
}

static const struct iommu_ops thud2_ops = {
	.probe_device	= thud_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= thud2_of_xlate,
};

static int thud2_probe_ok(struct platform_device *pdev)
{
	struct iommu_device *iommu = devm_kzalloc(&pdev->dev, sizeof(*iommu), GFP_KERNEL);
	int ret;

	if (!iommu)
		return -ENOMEM;
	thud2_state.table = devm_kcalloc(&pdev->dev, 16, sizeof(u32), GFP_KERNEL);
	if (!thud2_state.table)
		return -ENOMEM;

	ret = iommu_device_register(iommu, &thud2_ops, &pdev->dev);
	if (ret)
		return ret;

	/* Another field of the same struct, which no callback looks at. */
	thud2_state.dev = &pdev->dev;
	return 0;
}

static struct platform_driver thud2_driver = {
	.probe	= thud2_probe_ok,
	.driver	= { .name = "thud2-iommu" },
};
module_platform_driver(thud2_driver);

/* A device that is refused a group is given up: nobody asks for its domain then. */
static struct device *thud3_dev;

static struct iommu_group *thud3_device_group(struct device *dev)
{
	if (!thud3_dev)
		return ERR_PTR(-ENODEV);
	return generic_device_group(dev);
}

static struct iommu_domain *thud3_domain_alloc_paging(struct device *dev)
{
	return thud3_dev->of_node ? thud_new_domain() : NULL;
}

static const struct iommu_ops thud3_ops = {
	.domain_alloc_paging	= thud3_domain_alloc_paging,
	.probe_device		= thud_probe_device,
	.device_group		= thud3_device_group,
	.of_xlate		= thud2_of_xlate,
};

static int thud3_probe_bad(struct platform_device *pdev)
{
	struct iommu_device *iommu = devm_kzalloc(&pdev->dev, sizeof(*iommu), GFP_KERNEL);
	int ret;

	if (!iommu)
		return -ENOMEM;
	ret = iommu_device_register(iommu, &thud3_ops, &pdev->dev); /* expect: late-global thud3_dev thud3_device_group effect=declined */
	if (ret)
		return ret;

	thud3_dev = &pdev->dev;
	return 0;
}

static struct platform_driver thud3_driver = {
	.probe	= thud3_probe_bad,
	.driver	= { .name = "thud3-iommu" },
};
module_platform_driver(thud3_driver);
