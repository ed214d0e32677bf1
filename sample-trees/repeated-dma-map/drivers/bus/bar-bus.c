// SPDX-License-Identifier: GPL-2.0
/* Another pointer that the device owns: its mask. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/of_device.h>

static int bar_dma_configure_bad(struct device *dev)
{
	dev->dma_mask = kmalloc(sizeof(*dev->dma_mask), GFP_KERNEL); /* expect: repeated-dma-map effect=leak */
	if (!dev->dma_mask)
		return -ENOMEM;
	*dev->dma_mask = U32_MAX;
	return of_dma_configure(dev, dev->of_node, true);
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.dma_configure	= bar_dma_configure_bad,
};
