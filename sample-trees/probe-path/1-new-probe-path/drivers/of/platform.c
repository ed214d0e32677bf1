// SPDX-License-Identifier: GPL-2.0
/* Platform devices by the node they were made from. */
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct platform_device *of_find_device_by_node(struct device_node *np)
{
	struct device *dev;

	dev = bus_find_device_by_of_node(&platform_bus_type, np);
	return dev ? to_platform_device(dev) : NULL;
}
EXPORT_SYMBOL(of_find_device_by_node);
