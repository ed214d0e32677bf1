// SPDX-License-Identifier: GPL-2.0
/* Foo M4U: instances that share one page table, listed in the order they probe. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#define REG_MMU_PT_BASE	0x000
#define FOO_BANKS	5

struct foo_m4u_plat {
	const char *name;
	unsigned int larbs;
};

struct foo_m4u {
	void __iomem *base;
	struct device *dev;
	struct iommu_device iommu;
	const struct foo_m4u_plat *plat;
	struct iommu_group *group[FOO_BANKS];
	struct mutex mutex;

	struct list_head *hw_list;
	struct list_head list;
};

struct foo_m4u_domain {
	struct iommu_domain domain;
	phys_addr_t pgd;
};

/* Every instance on a chip: the first one holds the groups and the page table. */
static LIST_HEAD(foo_m4u_list);

static struct foo_m4u *foo_m4u_first(struct list_head *hw_list)
{
	return list_first_entry(hw_list, struct foo_m4u, list);
}

static struct iommu_domain *foo_m4u_domain_alloc_paging(struct device *dev)
{
	struct foo_m4u_domain *dom = kzalloc(sizeof(*dom), GFP_KERNEL);

	return dom ? &dom->domain : NULL;
}

static void foo_m4u_domain_free(struct iommu_domain *domain)
{
	kfree(container_of(domain, struct foo_m4u_domain, domain));
}

static int foo_m4u_attach_device(struct iommu_domain *domain, struct device *dev)
{
	struct foo_m4u_domain *dom = container_of(domain, struct foo_m4u_domain, domain);
	struct foo_m4u *m4u = dev_iommu_priv_get(dev);
	int ret;

	ret = pm_runtime_resume_and_get(m4u->dev);
	if (ret < 0)
		return ret;
	writel(dom->pgd, m4u->base + REG_MMU_PT_BASE);
	pm_runtime_put(m4u->dev);
	return 0;
}

static struct iommu_device *foo_m4u_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct foo_m4u *m4u = dev_iommu_priv_get(dev);

	if (fwspec->ids[0] >= m4u->plat->larbs * 32)
		return ERR_PTR(-EINVAL);
	return &m4u->iommu;
}

static struct iommu_group *foo_m4u_device_group(struct device *dev)
{
	struct foo_m4u *m4u = dev_iommu_priv_get(dev);
	struct foo_m4u *first = foo_m4u_first(m4u->hw_list);
	unsigned int bank = dev_iommu_fwspec_get(dev)->ids[0] % FOO_BANKS;
	struct iommu_group *group;

	mutex_lock(&first->mutex);
	group = first->group[bank];
	if (group) {
		iommu_group_ref_get(group);
	} else {
		group = iommu_group_alloc();
		if (!IS_ERR(group))
			first->group[bank] = group;
	}
	mutex_unlock(&first->mutex);
	return group;
}

static int foo_m4u_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *m4u_pdev;

	if (args->args_count != 1)
		return -EINVAL;

	if (!dev_iommu_priv_get(dev)) {
		m4u_pdev = of_find_device_by_node(args->np);
		if (!m4u_pdev)
			return -EINVAL;
		dev_iommu_priv_set(dev, platform_get_drvdata(m4u_pdev));
		put_device(&m4u_pdev->dev);
	}
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops foo_m4u_ops = {
	.domain_alloc_paging	= foo_m4u_domain_alloc_paging,
	.probe_device		= foo_m4u_probe_device,
	.device_group		= foo_m4u_device_group,
	.of_xlate		= foo_m4u_of_xlate,
	.pgsize_bitmap		= SZ_4K | SZ_1M,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= foo_m4u_attach_device,
		.free		= foo_m4u_domain_free,
	},
};

static int foo_m4u_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct foo_m4u *m4u;
	int ret;

	m4u = devm_kzalloc(dev, sizeof(*m4u), GFP_KERNEL);
	if (!m4u)
		return -ENOMEM;
	m4u->dev = dev;
	m4u->plat = device_get_match_data(dev);
	m4u->base = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(m4u->base))
		return PTR_ERR(m4u->base);

	mutex_init(&m4u->mutex);
	platform_set_drvdata(pdev, m4u);
	pm_runtime_enable(dev);

	ret = iommu_device_sysfs_add(&m4u->iommu, dev, NULL, "%s", m4u->plat->name);
	if (ret)
		goto err_pm_disable;
	ret = iommu_device_register(&m4u->iommu, &foo_m4u_ops, dev); /* expect: late-state foo_m4u.hw_list foo_m4u_device_group effect=crash */
	if (ret)
		goto err_sysfs_remove;

	list_add_tail(&m4u->list, &foo_m4u_list);
	m4u->hw_list = &foo_m4u_list;
	return 0;

err_sysfs_remove:
	iommu_device_sysfs_remove(&m4u->iommu);
err_pm_disable:
	pm_runtime_disable(dev);
	return ret;
}

static void foo_m4u_remove(struct platform_device *pdev)
{
	struct foo_m4u *m4u = platform_get_drvdata(pdev);

	iommu_device_sysfs_remove(&m4u->iommu);
	iommu_device_unregister(&m4u->iommu);
	list_del(&m4u->list);
	pm_runtime_disable(&pdev->dev);
}

static const struct foo_m4u_plat foo_m4u_gen1 = { .name = "m4u-gen1", .larbs = 6 };
static const struct foo_m4u_plat foo_m4u_gen2 = { .name = "m4u-gen2", .larbs = 20 };

static const struct of_device_id foo_m4u_of_ids[] = {
	{ .compatible = "foo,m4u-gen1", .data = &foo_m4u_gen1 },
	{ .compatible = "foo,m4u-gen2", .data = &foo_m4u_gen2 },
	{ }
};
MODULE_DEVICE_TABLE(of, foo_m4u_of_ids);

static struct platform_driver foo_m4u_driver = {
	.probe = foo_m4u_probe,
	.remove = foo_m4u_remove,
	.driver = {
		.name = "foo-m4u",
		.of_match_table = foo_m4u_of_ids,
	},
};
module_platform_driver(foo_m4u_driver);
MODULE_DESCRIPTION("Foo M4U");
MODULE_LICENSE("GPL");
