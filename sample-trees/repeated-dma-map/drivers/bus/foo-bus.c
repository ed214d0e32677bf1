// SPDX-License-Identifier: GPL-2.0
/* A map of the bus's own, made again each time its devices are configured. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/dma-direct.h>

static int foo_dma_configure_bad(struct device *dev)
{
	struct bus_dma_region *map = kcalloc(2, sizeof(*map), GFP_KERNEL);

	if (!map)
		return -ENOMEM;
	map[0].size = SZ_1M;
	dev->dma_range_map = map; /* expect: repeated-dma-map effect=leak */
	return 0;
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure_bad,
};
