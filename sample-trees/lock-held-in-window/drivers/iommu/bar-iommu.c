// SPDX-License-Identifier: GPL-2.0
/* The lock of an instance, that of the core's walk, and one that is taken for reading. */
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

struct bar_domain {
	struct mutex lock;
	struct iommu_domain domain;
};

struct bar_iommu {
	struct device *dev;
	struct mutex lock;
	struct mutex hw_lock;
	spinlock_t irq_lock;
	u32 users;
	struct iommu_device iommu;
};

static DECLARE_RWSEM(bar_setup);

/* The firmware parser asks this one with its lock held. */
static void bar_count_bad(struct device *dev)
{
	mutex_lock(&iommu_probe_device_lock); /* expect: lock-held-in-window iommu_probe_device_lock bar_of_xlate */
	dev->can_match = true;
	mutex_unlock(&iommu_probe_device_lock);
}

static int bar_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	bar_count_bad(dev);
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static struct iommu_device *bar_probe_device_bad(struct device *dev)
{
	struct bar_iommu *bar = dev_iommu_priv_get(dev);

	mutex_lock(&bar->lock); /* expect: lock-held-in-window bar->lock effect=deadlock */
	bar->users++;
	mutex_unlock(&bar->lock);
	return &bar->iommu;
}

/* Both read. */
static int bar_def_domain_type_ok(struct device *dev)
{
	int type = 0;

	down_read(&bar_setup);
	if (dev->can_match)
		type = IOMMU_DOMAIN_DMA;
	up_read(&bar_setup);
	return type;
}

/* The lock of a domain has the same name, and is another one. */
static int bar_attach_dev_ok(struct iommu_domain *domain, struct device *dev)
{
	struct bar_domain *bar = container_of(domain, struct bar_domain, domain);

	mutex_lock(&bar->lock);
	bar->domain.type = IOMMU_DOMAIN_DMA;
	mutex_unlock(&bar->lock);
	return 0;
}

/* One instance below another says so. */
static void bar_probe_finalize_ok(struct device *dev)
{
	struct bar_iommu *bar = dev_iommu_priv_get(dev);

	mutex_lock_nested(&bar->lock, 1);
	bar->users++;
	mutex_unlock(&bar->lock);
}

/* The walk does not hold it any more when it asks whether devices are coherent. */
static bool bar_capable_ok(struct device *dev, enum iommu_cap cap)
{
	struct bar_iommu *bar = dev_iommu_priv_get(dev);
	bool many;

	mutex_lock(&bar->hw_lock);
	many = bar->users > 1;
	mutex_unlock(&bar->hw_lock);
	return many;
}

static const struct iommu_domain_ops bar_domain_ops = {
	.attach_dev	= bar_attach_dev_ok,
};

static const struct iommu_ops bar_ops = {
	.capable		= bar_capable_ok,
	.probe_device		= bar_probe_device_bad,
	.probe_finalize		= bar_probe_finalize_ok,
	.def_domain_type	= bar_def_domain_type_ok,
	.device_group		= generic_device_group,
	.of_xlate		= bar_of_xlate,
	.default_domain_ops	= &bar_domain_ops,
};

/* Held on one way only, and let go before the other one. */
static void bar_start_ok(struct bar_iommu *bar)
{
	mutex_lock(&bar->hw_lock);
	bar->users = 0;
	mutex_unlock(&bar->hw_lock);
}

static int bar_probe(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);
	int ret;

	if (!bar)
		return -ENOMEM;
	bar->dev = &pdev->dev;
	mutex_init(&bar->lock);
	mutex_init(&bar->hw_lock);
	platform_set_drvdata(pdev, bar);
	bar_start_ok(bar);

	down_read(&bar_setup);
	mutex_lock(&bar->lock);
	ret = iommu_device_register(&bar->iommu, &bar_ops, &pdev->dev);
	mutex_unlock(&bar->lock);
	up_read(&bar_setup);
	return ret;
}

static struct platform_driver bar_driver = {
	.probe	= bar_probe,
	.driver	= { .name = "bar-iommu" },
};
builtin_platform_driver(bar_driver);
