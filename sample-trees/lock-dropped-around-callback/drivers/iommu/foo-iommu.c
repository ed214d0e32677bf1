// SPDX-License-Identifier: GPL-2.0
/* A lock of the instance, dropped while its hardware is asked something. */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

struct foo_iommu;

struct foo_slot {
	struct list_head list;
	u32 users;
	void (*notify)(struct foo_slot *slot);
};

struct foo_hw_ops {
	int (*reset)(struct foo_iommu *foo);
	void (*flush)(struct foo_iommu *foo);
};

struct foo_iommu {
	struct device *dev;
	struct mutex lock;
	struct mutex hw_lock;
	spinlock_t irq_lock;
	struct foo_slot *slot;
	struct list_head slots;
	u32 resets;
	const struct foo_hw_ops *hw;
	struct iommu_device iommu;
};

static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static int foo_take_slot_bad(struct foo_iommu *foo)
{
	struct foo_slot *slot;

	mutex_lock(&foo->lock);
	slot = foo->slot;
	mutex_unlock(&foo->lock); /* expect: lock-dropped-around-callback */
	foo->hw->reset(foo);
	mutex_lock(&foo->lock);
	slot->users++;
	mutex_unlock(&foo->lock);
	return 0;
}

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	int ret = foo_take_slot_bad(foo);

	return ret ? ERR_PTR(ret) : &foo->iommu;
}

/* Tested under the lock, then used under the lock, and not the same lock section. */
static int foo_attach_dev_bad(struct iommu_domain *domain, struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);

	spin_lock(&foo->irq_lock);
	if (!foo->slot) {
		spin_unlock(&foo->irq_lock);
		return -EBUSY;
	}
	spin_unlock(&foo->irq_lock); /* expect: lock-dropped-around-callback */
	foo->hw->flush(foo);
	spin_lock(&foo->irq_lock);
	foo->slot->users++;
	spin_unlock(&foo->irq_lock);
	return 0;
}

/* The cursor of a walk is state too. */
static void foo_probe_finalize_bad(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->lock);
	list_for_each_entry(slot, &foo->slots, list) {
		mutex_unlock(&foo->lock); /* expect: lock-dropped-around-callback */
		slot->notify(slot);
		mutex_lock(&foo->lock);
	}
	mutex_unlock(&foo->lock);
}

static void foo_flush_unlocked(struct foo_iommu *instance)
{
	mutex_unlock(&instance->hw_lock);
	instance->hw->flush(instance);
	mutex_lock(&instance->hw_lock);
}

/* What it calls drops the lock. */
static struct iommu_group *foo_device_group_bad(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->hw_lock);
	slot = foo->slot;
	foo_flush_unlocked(foo); /* expect: lock-dropped-around-callback */
	slot->users++;
	mutex_unlock(&foo->hw_lock);
	return generic_device_group(dev);
}

/* What it calls drops the lock, and it looks again. */
static void foo_release_device_ok(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->hw_lock);
	slot = foo->slot;
	if (slot)
		foo_flush_unlocked(foo);
	slot = foo->slot;
	if (slot)
		slot->users--;
	mutex_unlock(&foo->hw_lock);
}

static const struct iommu_ops foo_ops = {
	.probe_device		= foo_probe_device,
	.release_device		= foo_release_device_ok,
	.probe_finalize		= foo_probe_finalize_bad,
	.device_group		= foo_device_group_bad,
	.of_xlate		= foo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= foo_attach_dev_bad,
	},
};

/* Reads it again once it has the lock again. */
static struct iommu_device *foo_again_probe_device_ok(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->lock);
	slot = foo->slot;
	mutex_unlock(&foo->lock);
	foo->hw->reset(foo);
	mutex_lock(&foo->lock);
	slot = foo->slot;
	if (slot)
		slot->users++;
	mutex_unlock(&foo->lock);
	return &foo->iommu;
}

/* Nothing of before is used after. */
static int foo_again_attach_dev_ok(struct iommu_domain *domain, struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	int ret;

	mutex_lock(&foo->lock);
	foo->resets++;
	mutex_unlock(&foo->lock);
	ret = foo->hw->reset(foo);
	mutex_lock(&foo->lock);
	if (ret)
		foo->resets = 0;
	mutex_unlock(&foo->lock);
	return ret;
}

/* Two locks: the one that guards the slot is held all the way. */
static void foo_again_probe_finalize_ok(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->lock);
	mutex_lock(&foo->hw_lock);
	slot = foo->slot;
	mutex_unlock(&foo->hw_lock);
	foo->hw->flush(foo);
	slot->users++;
	mutex_unlock(&foo->lock);
}

static void foo_settle(struct foo_iommu *foo)
{
	dev_dbg(foo->dev, "settled\n");
}

/* No callback: what runs without the lock is known, and takes nothing away. */
static struct iommu_group *foo_again_device_group_ok(struct device *dev)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	struct foo_slot *slot;

	mutex_lock(&foo->lock);
	slot = foo->slot;
	mutex_unlock(&foo->lock);
	foo_settle(foo);
	mutex_lock(&foo->lock);
	slot->users++;
	mutex_unlock(&foo->lock);
	return generic_device_group(dev);
}

/* Dropped for good: what was read stays a local number. */
static bool foo_again_capable_ok(struct device *dev, enum iommu_cap cap)
{
	struct foo_iommu *foo = dev_iommu_priv_get(dev);
	u32 resets;

	mutex_lock(&foo->lock);
	resets = foo->resets;
	mutex_unlock(&foo->lock);
	foo->hw->flush(foo);
	return resets > 1;
}

static const struct iommu_ops foo_again_ops = {
	.capable		= foo_again_capable_ok,
	.probe_device		= foo_again_probe_device_ok,
	.probe_finalize		= foo_again_probe_finalize_ok,
	.device_group		= foo_again_device_group_ok,
	.of_xlate		= foo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= foo_again_attach_dev_ok,
	},
};

static int foo_reset(struct foo_iommu *foo)
{
	return 0;
}

static void foo_flush(struct foo_iommu *foo)
{
}

static const struct foo_hw_ops foo_hw = {
	.reset	= foo_reset,
	.flush	= foo_flush,
};

static int foo_probe(struct platform_device *pdev)
{
	struct foo_iommu *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);

	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	foo->hw = &foo_hw;
	mutex_init(&foo->lock);
	mutex_init(&foo->hw_lock);
	spin_lock_init(&foo->irq_lock);
	INIT_LIST_HEAD(&foo->slots);
	foo->slot = devm_kzalloc(&pdev->dev, sizeof(*foo->slot), GFP_KERNEL);
	if (!foo->slot)
		return -ENOMEM;
	platform_set_drvdata(pdev, foo);
	if (of_property_read_bool(pdev->dev.of_node, "foo,again"))
		return iommu_device_register(&foo->iommu, &foo_again_ops, &pdev->dev);
	return iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
}

static struct platform_driver foo_driver = {
	.probe	= foo_probe,
	.driver	= { .name = "foo-iommu" },
};
builtin_platform_driver(foo_driver);
