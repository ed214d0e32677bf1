// SPDX-License-Identifier: GPL-2.0
/* A bus with a lock of its own, and the device lock only where it binds and rescans. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/of_device.h>

static DEFINE_MUTEX(bar_device_lock);

static int bar_dma_configure_ok(struct device *dev)
{
	int ret;

	mutex_lock(&bar_device_lock);
	ret = of_dma_configure(dev, dev->of_node, true);
	mutex_unlock(&bar_device_lock);
	return ret;
}

static void bar_bus_remove_ok(struct device *dev)
{
	if (!device_trylock(dev))
		return;
	dev_set_drvdata(dev, NULL);
	device_unlock(dev);
}

static int bar_rescan_one_ok(struct device *dev, void *data)
{
	device_lock(dev);
	dev->can_match = true;
	device_unlock(dev);
	return 0;
}

int bar_bus_rescan_ok(void)
{
	return bus_for_each_dev(&bar_bus_type, NULL, NULL, bar_rescan_one_ok);
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.remove		= bar_bus_remove_ok,
	.dma_configure	= bar_dma_configure_ok,
};
