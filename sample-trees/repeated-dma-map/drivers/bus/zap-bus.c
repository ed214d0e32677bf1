// SPDX-License-Identifier: GPL-2.0
/* The map is made with the device, not when it is configured. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/of_device.h>

int zap_new_device_ok(struct device *parent)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	struct bus_dma_region *map = kcalloc(2, sizeof(*map), GFP_KERNEL);

	if (!dev || !map)
		return -ENOMEM;
	device_initialize(dev);
	dev->bus = &zap_bus_type;
	dev->parent = parent;
	dev->dma_range_map = map;
	return device_add(dev);
}

static int zap_dma_configure_ok(struct device *dev)
{
	if (dev->dma_range_map)
		dev->bus_dma_limit = dma_range_map_max(dev->dma_range_map);
	return 0;
}

const struct bus_type zap_bus_type = {
	.name		= "zap",
	.dma_configure	= zap_dma_configure_ok,
};
