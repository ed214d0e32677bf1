// SPDX-License-Identifier: GPL-2.0
/* A bus configures its devices in its own dma_configure, or in what that calls. */
#include <linux/acpi.h>
#include <linux/buses.h>
#include <linux/of_device.h>

static int foo_configure_from_ok(struct device *dev, struct device *bridge, const u32 *id)
{
	if (bridge->of_node)
		return of_dma_configure_id(dev, bridge->of_node, true, id);
	return acpi_dma_configure_id(dev, DEV_DMA_COHERENT, id);
}

static int foo_dma_configure_ok(struct device *dev)
{
	u32 id = dev->kobj.name[0];

	return foo_configure_from_ok(dev, dev->parent, &id);
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure_ok,
};
