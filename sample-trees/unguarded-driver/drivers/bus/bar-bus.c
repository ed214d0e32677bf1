// SPDX-License-Identifier: GPL-2.0
/* A guard that comes after the dereference, and one for something else. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct bar_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_bar_driver(d) container_of((d), struct bar_driver, driver)

static int bar_dma_configure_bad(struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);
	const char *owner = "none";
	int ret;

	if (dev->bus && dev->of_node)
		owner = drv->name; /* expect: unguarded-driver dev->driver bar_dma_configure_bad effect=crash */
	ret = of_dma_configure(dev, dev->of_node, true);
	dev_dbg(dev, "configured for %s: %d\n", owner, ret);

	if (ret || !drv || to_bar_driver(drv)->driver_managed_dma)
		return ret;
	return iommu_device_use_default_domain(dev);
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.dma_configure	= bar_dma_configure_bad,
};
