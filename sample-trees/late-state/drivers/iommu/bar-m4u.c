// SPDX-License-Identifier: GPL-2.0
/* Lists of instances: joined too late for who takes the first entry, too early for nobody. */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct bar_m4u {
	struct device *dev;
	struct mutex mutex;
	struct iommu_group *group;
	struct list_head list;
	struct list_head banks;
	struct iommu_device iommu;
};

struct bar_bank {
	struct list_head list;
	u32 id;
};

static LIST_HEAD(bar_m4u_list);
static LIST_HEAD(bar_tested_list);
static LIST_HEAD(bar_walked_list);
static LIST_HEAD(bar_early_list);

static int bar_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static struct iommu_device *bar_probe_device(struct device *dev)
{
	struct bar_m4u *m4u = dev_iommu_priv_get(dev);

	return &m4u->iommu;
}

static struct iommu_group *bar_group_of(struct bar_m4u *m4u)
{
	mutex_lock(&m4u->mutex);
	if (!m4u->group)
		m4u->group = iommu_group_alloc();
	mutex_unlock(&m4u->mutex);
	return iommu_group_ref_get(m4u->group);
}

static struct iommu_group *bar_device_group(struct device *dev)
{
	return bar_group_of(list_first_entry(&bar_m4u_list, struct bar_m4u, list));
}

static const struct iommu_ops bar_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= bar_device_group,
	.of_xlate	= bar_of_xlate,
};

static struct iommu_group *bar_tested_device_group(struct device *dev)
{
	struct bar_m4u *first;

	if (list_empty(&bar_tested_list))
		return ERR_PTR(-ENODEV);
	first = list_first_entry(&bar_tested_list, struct bar_m4u, list);
	return bar_group_of(first);
}

static const struct iommu_ops bar_tested_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= bar_tested_device_group,
	.of_xlate	= bar_of_xlate,
};

static struct bar_m4u *bar_walk(struct device_node *np)
{
	struct bar_m4u *m4u;

	list_for_each_entry(m4u, &bar_walked_list, list) {
		if (m4u->dev->of_node == np)
			return m4u;
	}
	return NULL;
}

static int bar_walked_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct bar_m4u *m4u = bar_walk(args->np);

	if (!m4u)
		return -ENODEV;
	dev_iommu_priv_set(dev, m4u);
	return 0;
}

static const struct iommu_ops bar_walked_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_walked_of_xlate,
};

static struct iommu_group *bar_early_device_group(struct device *dev)
{
	return bar_group_of(list_first_entry(&bar_early_list, struct bar_m4u, list));
}

static const struct iommu_ops bar_early_ops = {
	.probe_device	= bar_probe_device,
	.device_group	= bar_early_device_group,
	.of_xlate	= bar_of_xlate,
};

static struct bar_m4u *bar_alloc(struct platform_device *pdev)
{
	struct bar_m4u *m4u = devm_kzalloc(&pdev->dev, sizeof(*m4u), GFP_KERNEL);

	if (m4u) {
		m4u->dev = &pdev->dev;
		mutex_init(&m4u->mutex);
		INIT_LIST_HEAD(&m4u->list);
		INIT_LIST_HEAD(&m4u->banks);
		platform_set_drvdata(pdev, m4u);
	}
	return m4u;
}

static int bar_probe_bad(struct platform_device *pdev)
{
	struct bar_m4u *m4u = bar_alloc(pdev);
	int ret;

	if (!m4u)
		return -ENOMEM;
	ret = iommu_device_register(&m4u->iommu, &bar_ops, &pdev->dev); /* expect: late-state bar_m4u_list bar_device_group effect=crash */
	if (ret)
		return ret;
	list_add_tail(&m4u->list, &bar_m4u_list);
	return 0;
}

static int bar_tested_probe_bad(struct platform_device *pdev)
{
	struct bar_m4u *m4u = bar_alloc(pdev);
	int ret;

	if (!m4u)
		return -ENOMEM;
	ret = iommu_device_register(&m4u->iommu, &bar_tested_ops, &pdev->dev); /* expect: late-state bar_tested_list bar_tested_device_group effect=declined */
	if (ret)
		return ret;
	list_add(&m4u->list, &bar_tested_list);
	return 0;
}

static int bar_walked_probe_bad(struct platform_device *pdev)
{
	struct bar_m4u *m4u = bar_alloc(pdev);
	int ret;

	if (!m4u)
		return -ENOMEM;
	ret = iommu_device_register(&m4u->iommu, &bar_walked_ops, &pdev->dev); /* expect: late-state bar_walked_list bar_walked_of_xlate effect=declined */
	if (ret)
		return ret;
	list_add(&m4u->list, &bar_walked_list);
	return 0;
}

static int bar_early_probe_ok(struct platform_device *pdev)
{
	struct bar_m4u *m4u = bar_alloc(pdev);
	int ret;

	if (!m4u)
		return -ENOMEM;
	list_add_tail(&m4u->list, &bar_early_list);
	ret = iommu_device_register(&m4u->iommu, &bar_early_ops, &pdev->dev);
	if (ret)
		list_del(&m4u->list);
	return ret;
}

static void bar_join(struct bar_m4u *m4u)
{
	list_add_tail(&m4u->list, &bar_early_list);
}

static int bar_joined_probe_ok(struct platform_device *pdev)
{
	struct bar_m4u *m4u = bar_alloc(pdev);

	if (!m4u)
		return -ENOMEM;
	bar_join(m4u);
	return iommu_device_register(&m4u->iommu, &bar_early_ops, &pdev->dev);
}

/* Banks are listed late, and only the fault path goes through them. */
static int bar_banks_probe_ok(struct platform_device *pdev)
{
	struct bar_bank *bank = devm_kzalloc(&pdev->dev, sizeof(*bank), GFP_KERNEL);
	struct bar_m4u *m4u = bar_alloc(pdev);
	int ret;

	if (!m4u || !bank)
		return -ENOMEM;
	bar_join(m4u);
	ret = iommu_device_register(&m4u->iommu, &bar_early_ops, &pdev->dev);
	if (ret)
		return ret;
	list_add(&bank->list, &m4u->banks);
	return 0;
}

static struct platform_driver bar_drivers[] = {
	{ .probe = bar_probe_bad, .driver = { .name = "bar-m4u" } },
	{ .probe = bar_tested_probe_bad, .driver = { .name = "bar-tested" } },
	{ .probe = bar_walked_probe_bad, .driver = { .name = "bar-walked" } },
	{ .probe = bar_early_probe_ok, .driver = { .name = "bar-early" } },
	{ .probe = bar_joined_probe_ok, .driver = { .name = "bar-joined" } },
	{ .probe = bar_banks_probe_ok, .driver = { .name = "bar-banks" } },
};

static int __init bar_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(bar_drivers) && !ret; i++)
		ret = platform_driver_register(&bar_drivers[i]);
	return ret;
}
module_init(bar_init);
