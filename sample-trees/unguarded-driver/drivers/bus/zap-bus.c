// SPDX-License-Identifier: GPL-2.0
/* Never looks at the driver; computes an address from it at most. */
#include <linux/acpi.h>
#include <linux/buses.h>
#include <linux/iommu.h>

struct zap_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_zap_driver(d) container_of((d), struct zap_driver, driver)

static int zap_dma_configure_ok(struct device *dev)
{
	struct zap_driver *drv = to_zap_driver(dev->driver);

	dev_dbg(dev, "at %p\n", drv);
	return acpi_dma_configure(dev, DEV_DMA_COHERENT);
}

const struct bus_type zap_bus_type = {
	.name		= "zap",
	.dma_configure	= zap_dma_configure_ok,
};
