// SPDX-License-Identifier: GPL-2.0
/* A bus that locks its device for the length of dma_configure, with a scope guard. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/of_device.h>

static int foo_dma_configure_bad(struct device *dev)
{
	guard(device)(dev); /* expect: device-lock-in-window effect=deadlock */

	return of_dma_configure(dev, dev->of_node, true);
}

/* A sysfs store runs in nobody's window. */
static ssize_t override_store_ok(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t count)
{
	device_lock(dev);
	dev->init_name = buf;
	device_unlock(dev);
	return count;
}

struct device_attribute dev_attr_override = {
	.attr = { .name = "override", .mode = 0200 },
	.store = override_store_ok,
};

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure_bad,
};
