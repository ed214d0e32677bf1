// SPDX-License-Identifier: GPL-2.0
/* The local says whether there is a driver, the second read which one it is by now. */
#include <linux/buses.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

static int zap_dma_configure_bad(struct device *dev)
{
	const struct device_driver *drv = READ_ONCE(dev->driver);
	const char *name = drv ? drv->name : "none";
	int ret = of_dma_configure(dev, dev->of_node, true);

	dev_dbg(dev, "%s: %d\n", name, ret);
	if (ret || !dev->driver) /* expect: reread-driver dev->driver zap_dma_configure_bad effect=race */
		return ret;
	return drv->suppress_bind_attrs ? 0 : iommu_device_use_default_domain(dev);
}

const struct bus_type zap_bus_type = {
	.name		= "zap",
	.dma_configure	= zap_dma_configure_bad,
};
