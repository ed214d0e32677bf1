// SPDX-License-Identifier: GPL-2.0
/* A callback that tries the lock of its client, and one that takes that of the instance. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct baz_iommu {
	struct device *dev;
	struct mutex mutex;
	struct iommu_device iommu;
};

static int baz_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

/* Whoever reads the client's sysfs at this moment keeps it from ever being probed. */
static struct iommu_device *baz_probe_device_bad(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	if (!device_trylock(dev)) /* expect: device-lock-in-window */
		return ERR_PTR(-ENODEV);
	dev->can_match = true;
	device_unlock(dev);
	return &baz->iommu;
}

static void baz_settle_bad(struct baz_iommu *baz)
{
	device_lock(baz->dev); /* expect: device-lock-in-window effect=deadlock */
	dev_dbg(baz->dev, "settled\n");
	device_unlock(baz->dev);
}

static void baz_probe_finalize(struct device *dev)
{
	baz_settle_bad(dev_iommu_priv_get(dev));
}

/* A mutex of the driver that happens to sit in a struct with a device. */
static struct iommu_group *baz_device_group_ok(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	guard(mutex)(&baz->mutex);
	return generic_device_group(dev);
}

static const struct iommu_ops baz_ops = {
	.probe_device	= baz_probe_device_bad,
	.probe_finalize	= baz_probe_finalize,
	.device_group	= baz_device_group_ok,
	.of_xlate	= baz_of_xlate,
};

/* Before the registration, and another device than the one that probes. */
static void baz_prepare_parent_ok(struct device *parent)
{
	device_lock(parent);
	parent->can_match = true;
	device_unlock(parent);
}

static int baz_probe(struct platform_device *pdev)
{
	struct baz_iommu *baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);

	if (!baz)
		return -ENOMEM;
	baz->dev = &pdev->dev;
	mutex_init(&baz->mutex);
	platform_set_drvdata(pdev, baz);
	baz_prepare_parent_ok(pdev->dev.parent);
	return iommu_device_register(&baz->iommu, &baz_ops, &pdev->dev);
}

static struct platform_driver baz_driver = {
	.probe	= baz_probe,
	.driver	= { .name = "baz-iommu" },
};
builtin_platform_driver(baz_driver);
