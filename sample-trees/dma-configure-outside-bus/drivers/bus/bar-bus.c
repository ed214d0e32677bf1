// SPDX-License-Identifier: GPL-2.0
/* A bus without dma_configure, which does it in its probe, when the driver is bound already. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/of_device.h>

static int bar_bus_probe_bad(struct device *dev)
{
	int ret = of_dma_configure(dev, dev->parent->of_node, true); /* expect: dma-configure-outside-bus dev effect=warn */

	return ret ?: dev->driver->probe(dev);
}

/* When the bus makes the device, on the other hand, nobody has seen it. */
int bar_bus_new_device_ok(struct device *parent)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return -ENOMEM;
	device_initialize(dev);
	dev->bus = &bar_bus_type;
	dev->parent = parent;
	of_dma_configure(dev, parent->of_node, true);
	return device_add(dev);
}

const struct bus_type bar_bus_type = {
	.name	= "bar",
	.probe	= bar_bus_probe_bad,
};

/* The same for a device's own node: whatever the bus does in its probe, it does too late. */
static int baz_bus_probe_bad(struct device *dev)
{
	int ret = of_dma_configure(dev, dev->of_node, true); /* expect: dma-configure-outside-bus dev effect=warn */

	return ret ?: dev->driver->probe(dev);
}

const struct bus_type baz_bus_type = {
	.name	= "baz",
	.probe	= baz_bus_probe_bad,
};
