// SPDX-License-Identifier: GPL-2.0
/* Firmware tables that replay for who comes too late, and for nobody else. */
#include <linux/device.h>
#include <linux/iommu.h>

struct fwnode_handle *bar_tables_iommu_of(struct device *dev, u32 *id);

/* Makes a fwspec and leaves the rest to its caller, which sees to it. */
static int bar_tables_parse_ok(struct device *dev)
{
	u32 id;
	int ret = iommu_fwspec_init(dev, bar_tables_iommu_of(dev, &id));

	return ret ?: iommu_fwspec_add_ids(dev, &id, 1);
}

int bar_tables_configure_ok(struct device *dev)
{
	bool probing;
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	probing = dev->iommu;
	ret = bar_tables_parse_ok(dev);
	mutex_unlock(&iommu_probe_device_lock);

	if (ret || probing)
		return ret;
	return iommu_probe_device(dev);
}
