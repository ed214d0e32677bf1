// SPDX-License-Identifier: GPL-2.0
/* The second read hides in a callee. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct foo_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_foo_driver(d) container_of((d), struct foo_driver, driver)

static bool foo_is_unbound_bad(struct device *dev)
{
	return !dev->driver; /* expect: reread-driver dev->driver foo_dma_configure effect=race */
}

static int foo_dma_configure(struct device *dev)
{
	struct foo_driver *drv = to_foo_driver(dev->driver);
	int ret = of_dma_configure(dev, dev->of_node, true);

	if (ret || foo_is_unbound_bad(dev))
		return ret;
	return drv->driver_managed_dma ? 0 : iommu_device_use_default_domain(dev);
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure,
};
