// SPDX-License-Identifier: GPL-2.0
/* One marked read, used for the test and for the rest. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct baz_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_baz_driver(d) container_of((d), struct baz_driver, driver)

static bool baz_manages_dma_ok(const struct device_driver *drv)
{
	return drv && to_baz_driver(drv)->driver_managed_dma;
}

static int baz_dma_configure_ok(struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);
	int ret = of_dma_configure(dev, dev->of_node, true);

	if (ret || !drv || baz_manages_dma_ok(drv))
		return ret;
	return iommu_device_use_default_domain(dev);
}

const struct bus_type baz_bus_type = {
	.name		= "baz",
	.dma_configure	= baz_dma_configure_ok,
};
