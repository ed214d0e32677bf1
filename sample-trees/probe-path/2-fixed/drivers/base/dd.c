// SPDX-License-Identifier: GPL-2.0
/* Binding a driver to a device. */
#include <linux/device.h>

void driver_bound(struct device *dev);
void device_unbind_cleanup(struct device *dev);

static int call_driver_probe(struct device *dev, const struct device_driver *drv)
{
	if (dev->bus->probe)
		return dev->bus->probe(dev);
	if (drv->probe)
		return drv->probe(dev);
	return 0;
}

static int really_probe(struct device *dev, const struct device_driver *drv)
{
	int ret;

	dev->driver = (struct device_driver *)drv;
	if (dev->bus->dma_configure) {
		ret = dev->bus->dma_configure(dev);
		if (ret)
			goto err_unbind;
	}

	ret = call_driver_probe(dev, drv);
	if (ret)
		goto err_cleanup;
	driver_bound(dev);
	return 0;

err_cleanup:
	if (dev->bus->dma_cleanup)
		dev->bus->dma_cleanup(dev);
err_unbind:
	device_unbind_cleanup(dev);
	dev->driver = NULL;
	return ret;
}

int __driver_attach(struct device *dev, void *data)
{
	const struct device_driver *drv = data;
	int ret = 0;

	device_lock(dev);
	if (!dev->driver)
		ret = really_probe(dev, drv);
	device_unlock(dev);
	return ret;
}
