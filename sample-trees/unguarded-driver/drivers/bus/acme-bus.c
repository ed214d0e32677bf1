// SPDX-License-Identifier: GPL-2.0
/* A bus the IOMMU core does not walk: only binding configures its devices. */
#include <linux/iommu.h>
#include <linux/of_device.h>

struct acme_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_acme_driver(d) container_of((d), struct acme_driver, driver)

static int acme_dma_configure_ok(struct device *dev)
{
	struct acme_driver *drv = to_acme_driver(dev->driver);
	int ret = of_dma_configure(dev, dev->of_node, true);

	if (!ret && !drv->driver_managed_dma)
		ret = iommu_device_use_default_domain(dev);
	return ret;
}

const struct bus_type acme_bus_type = {
	.name		= "acme",
	.dma_configure	= acme_dma_configure_ok,
};
