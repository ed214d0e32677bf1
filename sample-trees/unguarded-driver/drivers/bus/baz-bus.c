// SPDX-License-Identifier: GPL-2.0
/* An early way out, and a callee that looks for itself. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct baz_driver {
	struct device_driver driver;
	bool driver_managed_dma;
};

#define to_baz_driver(d) container_of((d), struct baz_driver, driver)

static const char *baz_driver_name_ok(const struct device_driver *drv)
{
	return drv ? drv->name : "(none)";
}

static int baz_dma_configure_ok(struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);
	int ret = of_dma_configure(dev, dev->of_node, true);

	dev_dbg(dev, "driver %s\n", baz_driver_name_ok(drv));
	if (!drv)
		return ret;

	if (!ret && !to_baz_driver(drv)->driver_managed_dma)
		ret = iommu_device_use_default_domain(dev);
	return ret;
}

const struct bus_type baz_bus_type = {
	.name		= "baz",
	.dma_configure	= baz_dma_configure_ok,
};
