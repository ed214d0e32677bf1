// SPDX-License-Identifier: GPL-2.0
/* Looks first: in the function that makes the map, or in who calls it. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/of_device.h>

static void baz_set_map_ok(struct device *dev)
{
	struct bus_dma_region *map = kcalloc(2, sizeof(*map), GFP_KERNEL);

	if (map)
		map[0].size = SZ_1M;
	dev->dma_range_map = map;
}

static int baz_set_mask_ok(struct device *dev)
{
	if (dev->dma_mask)
		goto skip;
	dev->dma_mask = kmalloc(sizeof(*dev->dma_mask), GFP_KERNEL);
	if (!dev->dma_mask)
		return -ENOMEM;
skip:
	*dev->dma_mask = U32_MAX;
	return 0;
}

static int baz_dma_configure(struct device *dev)
{
	int ret = baz_set_mask_ok(dev);

	if (!ret && !dev->dma_range_map)
		baz_set_map_ok(dev);
	return ret;
}

const struct bus_type baz_bus_type = {
	.name		= "baz",
	.dma_configure	= baz_dma_configure,
};
