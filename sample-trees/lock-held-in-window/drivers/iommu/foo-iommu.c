// SPDX-License-Identifier: GPL-2.0
/* One lock for all instances, and the list of them, held while another one registers. */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

struct foo_iommu {
	struct list_head node;
	struct device *dev;
	struct iommu_device iommu;
};

static LIST_HEAD(foo_instances);
static DEFINE_MUTEX(foo_lock);
static DEFINE_MUTEX(foo_stats_lock);
static DEFINE_MUTEX(foo_domains_lock);
static DEFINE_SPINLOCK(foo_hw_lock);
static unsigned int foo_clients, foo_groups;

/* Whoever registers holds the lock of the list that is searched here. */
static int foo_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct foo_iommu *foo;
	int ret = -ENODEV;

	mutex_lock(&foo_lock); /* expect: lock-held-in-window foo_lock effect=deadlock */
	list_for_each_entry(foo, &foo_instances, node) {
		if (foo->dev->of_node == args->np) {
			dev_iommu_priv_set(dev, foo);
			ret = 0;
			break;
		}
	}
	mutex_unlock(&foo_lock);
	return ret;
}

static void foo_count_bad(void)
{
	guard(mutex)(&foo_lock); /* expect: lock-held-in-window foo_lock foo_probe_device */
	foo_clients++;
}

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);

	foo_count_bad();
	return &foo->iommu;
}

/* It gives up where somebody holds the lock. */
static struct iommu_group *foo_device_group_ok(struct device *dev)
{
	if (mutex_trylock(&foo_lock)) {
		foo_groups++;
		mutex_unlock(&foo_lock);
	}
	return generic_device_group(dev);
}

/* The probe has let go of this one, and of the spinlock, when it registers. */
static void foo_probe_finalize_ok(struct device *dev)
{
	mutex_lock(&foo_stats_lock);
	foo_clients++;
	mutex_unlock(&foo_stats_lock);
	spin_lock(&foo_hw_lock);
	foo_groups++;
	spin_unlock(&foo_hw_lock);
}

/* Nobody registers with it held. */
static int foo_def_domain_type_ok(struct device *dev)
{
	mutex_lock(&foo_domains_lock);
	foo_groups++;
	mutex_unlock(&foo_domains_lock);
	return 0;
}

static const struct iommu_ops foo_ops = {
	.probe_device		= foo_probe_device,
	.probe_finalize		= foo_probe_finalize_ok,
	.device_group		= foo_device_group_ok,
	.def_domain_type	= foo_def_domain_type_ok,
	.of_xlate		= foo_of_xlate_bad,
};

static void foo_reset(struct foo_iommu *foo)
{
	guard(mutex)(&foo_stats_lock);
	foo_groups = 0;
}

static int foo_register(struct foo_iommu *foo)
{
	scoped_guard(spinlock, &foo_hw_lock)
		foo_clients = 0;
	return iommu_device_register(&foo->iommu, &foo_ops, foo->dev);
}

static int foo_probe(struct platform_device *pdev)
{
	struct foo_iommu *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);
	int ret;

	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	foo_reset(foo);

	mutex_lock(&foo_lock);
	list_add_tail(&foo->node, &foo_instances);
	ret = foo_register(foo);
	if (ret)
		list_del(&foo->node);
	mutex_unlock(&foo_lock);

	mutex_lock(&foo_domains_lock);
	foo_groups++;
	mutex_unlock(&foo_domains_lock);
	return ret;
}

static struct platform_driver foo_driver = {
	.probe	= foo_probe,
	.driver	= { .name = "foo-iommu" },
};
builtin_platform_driver(foo_driver);
