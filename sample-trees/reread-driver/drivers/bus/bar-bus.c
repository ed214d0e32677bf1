// SPDX-License-Identifier: GPL-2.0
/* Two reads, one in each of two branches: no path has both. */
#include <linux/acpi.h>
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

static int bar_dma_configure_ok(struct device *dev)
{
	const struct device_driver *drv;
	int ret;

	if (dev->of_node) {
		drv = dev->driver;
		ret = of_dma_configure(dev, dev->of_node, true);
	} else {
		drv = dev->driver;
		ret = acpi_dma_configure(dev, DEV_DMA_COHERENT);
	}
	if (ret || !drv || drv->suppress_bind_attrs)
		return ret;
	return iommu_device_use_default_domain(dev);
}

/* Binding has the device locked, so these two reads see the same. */
static int bar_probe_ok(struct device *dev)
{
	const struct device_driver *drv = dev->driver;

	return dev->driver && drv->probe ? drv->probe(dev) : 0;
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.probe		= bar_probe_ok,
	.dma_configure	= bar_dma_configure_ok,
};
