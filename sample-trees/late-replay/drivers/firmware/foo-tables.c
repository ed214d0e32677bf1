// SPDX-License-Identifier: GPL-2.0
/* Firmware tables that make a fwspec and replay the probe for bound devices, of all. */
#include <linux/device.h>
#include <linux/iommu.h>

struct fwnode_handle *foo_tables_iommu_of(struct device *dev, u32 *id);

static int foo_tables_replay_bad(struct device *dev)
{
	if (dev->driver)
		return iommu_probe_device(dev); /* expect: late-replay */
	return 0;
}

int foo_tables_configure(struct device *dev)
{
	u32 id;
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = iommu_fwspec_init(dev, foo_tables_iommu_of(dev, &id));
	if (!ret)
		ret = iommu_fwspec_add_ids(dev, &id, 1);
	mutex_unlock(&iommu_probe_device_lock);

	return ret ?: foo_tables_replay_bad(dev);
}
