// SPDX-License-Identifier: GPL-2.0
/* What ACPI says about a device's DMA: the counterpart of drivers/of/device.c. */
#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

static void acpi_arch_dma_setup(struct device *dev)
{
	const struct bus_dma_region *map = NULL;

	if (dev->dma_range_map)
		return;
	if (acpi_dma_get_range(dev, &map) || !map)
		return;
	dev->bus_dma_limit = dma_range_map_max(map);
	dev->dma_range_map = map;
}

/* A device that is configured after the walk has a fwspec, and no group. */
static int acpi_iommu_configure_id_bad(struct device *dev, const u32 *id_in)
{
	int err;

	mutex_lock(&iommu_probe_device_lock);
	if (dev_iommu_fwspec_get(dev)) {
		mutex_unlock(&iommu_probe_device_lock);
		return 0;
	}
	err = iort_iommu_configure_id(dev, id_in); /* expect: late-replay */
	if (err && err != -EPROBE_DEFER)
		err = viot_iommu_configure(dev);
	mutex_unlock(&iommu_probe_device_lock);
	return err;
}

int acpi_dma_configure_id(struct device *dev, enum dev_dma_attr attr, const u32 *input_id)
{
	int ret;

	if (attr == DEV_DMA_NOT_SUPPORTED)
		return 0;

	acpi_arch_dma_setup(dev);
	ret = acpi_iommu_configure_id_bad(dev, input_id);
	if (ret == -EPROBE_DEFER)
		return ret;

	arch_setup_dma_ops(dev, attr == DEV_DMA_COHERENT);
	return 0;
}
EXPORT_SYMBOL_GPL(acpi_dma_configure_id);
