// SPDX-License-Identifier: GPL-2.0
/* The IO remapping table: which IOMMU a device sits behind. */
#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/iommu.h>

struct acpi_iort_node {
	struct fwnode_handle *fwnode;
	u32 id;
};

struct acpi_iort_node *iort_find_dev_node(struct device *dev);
struct acpi_iort_node *viot_find_endpoint(struct device *dev);

static int iort_iommu_xlate(struct device *dev, struct acpi_iort_node *node, u32 streamid)
{
	int ret;

	ret = iommu_fwspec_init(dev, node->fwnode);
	if (ret)
		return ret;
	return iommu_fwspec_add_ids(dev, &streamid, 1);
}

int iort_iommu_configure_id(struct device *dev, const u32 *id_in)
{
	struct acpi_iort_node *node = iort_find_dev_node(dev);

	if (!node)
		return -ENODEV;
	return iort_iommu_xlate(dev, node, id_in ? *id_in : node->id);
}

int viot_iommu_configure(struct device *dev)
{
	struct acpi_iort_node *node = viot_find_endpoint(dev);

	if (!node)
		return -ENODEV;
	return iort_iommu_xlate(dev, node, node->id);
}
