/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_ACPI_H
#define _LINUX_ACPI_H

#include <linux/device.h>

enum dev_dma_attr {
	DEV_DMA_NOT_SUPPORTED,
	DEV_DMA_NON_COHERENT,
	DEV_DMA_COHERENT,
};

struct acpi_device {
	int status;
	struct fwnode_handle fwnode;
	struct device dev;
};

bool is_acpi_device_node(const struct fwnode_handle *fwnode);
#define to_acpi_device_node(f)	container_of((f), struct acpi_device, fwnode)

enum dev_dma_attr acpi_get_dma_attr(struct acpi_device *adev);
int acpi_dma_get_range(struct device *dev, const struct bus_dma_region **map);
int acpi_dma_configure_id(struct device *dev, enum dev_dma_attr attr, const u32 *input_id);

static inline int acpi_dma_configure(struct device *dev, enum dev_dma_attr attr)
{
	return acpi_dma_configure_id(dev, attr, NULL);
}

int iort_iommu_configure_id(struct device *dev, const u32 *id_in);
int viot_iommu_configure(struct device *dev);

#endif
