// SPDX-License-Identifier: GPL-2.0
/* Frees what was there, or points at what nobody owns. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/dma-direct.h>

static const struct bus_dma_region qux_map[] = {
	{ .cpu_start = 0, .dma_start = 0x80000000, .size = SZ_1M },
	{ }
};

static u64 qux_mask = U32_MAX;

static int qux_replace_map_ok(struct device *dev)
{
	struct bus_dma_region *map = kcalloc(2, sizeof(*map), GFP_KERNEL);

	if (!map)
		return -ENOMEM;
	kfree(dev->dma_range_map);
	dev->dma_range_map = map;
	return 0;
}

static int qux_dma_configure_ok(struct device *dev)
{
	dev->dma_mask = &qux_mask;
	if (dev->dma_coherent)
		return qux_replace_map_ok(dev);
	return 0;
}

const struct bus_type qux_bus_type = {
	.name		= "qux",
	.dma_configure	= qux_dma_configure_ok,
};

static int qux_static_dma_configure_ok(struct device *dev)
{
	dev->dma_range_map = qux_map;
	return 0;
}

const struct bus_type qux_static_bus_type = {
	.name		= "qux-static",
	.dma_configure	= qux_static_dma_configure_ok,
};
