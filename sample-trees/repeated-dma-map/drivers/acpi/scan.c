// SPDX-License-Identifier: GPL-2.0
/* What ACPI says about a device's DMA: the counterpart of drivers/of/device.c. */
#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

static void acpi_arch_dma_setup_ok(struct device *dev)
{
	const struct bus_dma_region *map = NULL;

	if (dev->dma_range_map)
		return;
	if (acpi_dma_get_range(dev, &map) || !map)
		return;
	dev->bus_dma_limit = dma_range_map_max(map);
	dev->dma_range_map = map;
}

static int acpi_iommu_configure_id(struct device *dev, const u32 *id_in)
{
	bool probing;
	int err;

	mutex_lock(&iommu_probe_device_lock);
	if (dev_iommu_fwspec_get(dev)) {
		mutex_unlock(&iommu_probe_device_lock);
		return 0;
	}
	probing = dev->iommu;
	err = iort_iommu_configure_id(dev, id_in);
	if (err && err != -EPROBE_DEFER)
		err = viot_iommu_configure(dev);
	mutex_unlock(&iommu_probe_device_lock);

	if (!err && dev->bus && !probing)
		err = iommu_probe_device(dev);
	return err;
}

int acpi_dma_configure_id(struct device *dev, enum dev_dma_attr attr, const u32 *input_id)
{
	int ret;

	if (attr == DEV_DMA_NOT_SUPPORTED)
		return 0;

	acpi_arch_dma_setup_ok(dev);
	ret = acpi_iommu_configure_id(dev, input_id);
	if (ret == -EPROBE_DEFER)
		return ret;

	arch_setup_dma_ops(dev, attr == DEV_DMA_COHERENT);
	return 0;
}
EXPORT_SYMBOL_GPL(acpi_dma_configure_id);
