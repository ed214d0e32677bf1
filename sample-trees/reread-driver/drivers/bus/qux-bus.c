// SPDX-License-Identifier: GPL-2.0
/* The test comes first: who binds in between only makes it truer. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct qux_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_qux_driver(d) container_of((d), struct qux_driver, driver)

static int qux_dma_configure_ok(struct device *dev)
{
	int ret = of_dma_configure(dev, dev->of_node, true);

	if (!ret && dev->driver && !to_qux_driver(dev->driver)->driver_managed_dma)
		ret = iommu_device_use_default_domain(dev);
	return ret;
}

const struct bus_type qux_bus_type = {
	.name		= "qux",
	.dma_configure	= qux_dma_configure_ok,
};
