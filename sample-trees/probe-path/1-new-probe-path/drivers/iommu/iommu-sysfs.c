// SPDX-License-Identifier: GPL-2.0
/* A class device for each IOMMU instance: /sys/class/iommu. */
#include <linux/device.h>
#include <linux/iommu.h>

static void iommu_release_class_dev(struct device *dev)
{
	kfree(dev);
}

static const struct class iommu_class = {
	.name		= "iommu",
	.dev_release	= iommu_release_class_dev,
};

int iommu_device_sysfs_add(struct iommu_device *iommu, struct device *parent,
			   const struct attribute_group **groups, const char *fmt, ...)
{
	struct device *cdev = kzalloc(sizeof(*cdev), GFP_KERNEL);
	int ret;

	if (!cdev)
		return -ENOMEM;

	device_initialize(cdev);
	cdev->class = &iommu_class;
	cdev->parent = parent;
	ret = dev_set_name(cdev, "%s", fmt);
	if (!ret)
		ret = device_add(cdev);
	if (ret) {
		put_device(cdev);
		return ret;
	}

	iommu->dev = cdev;
	dev_set_drvdata(iommu->dev, iommu);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_add);

void iommu_device_sysfs_remove(struct iommu_device *iommu)
{
	dev_set_drvdata(iommu->dev, NULL);
	device_unregister(iommu->dev);
	iommu->dev = NULL;
}
EXPORT_SYMBOL_GPL(iommu_device_sysfs_remove);
