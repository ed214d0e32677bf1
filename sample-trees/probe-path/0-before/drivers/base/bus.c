// SPDX-License-Identifier: GPL-2.0
/* Walks over the devices of a bus and of a driver. */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct device_private {
	struct list_head knode_bus;
	struct list_head knode_driver;
	struct device *device;
};

struct subsys_private {
	struct list_head klist_devices;
	struct list_head klist_drivers;
	const struct bus_type *bus;
};

struct subsys_private *bus_to_subsys(const struct bus_type *bus);
struct list_head *driver_devices(const struct device_driver *drv);

int bus_for_each_dev(const struct bus_type *bus, struct device *start,
		     void *data, device_iter_t fn)
{
	struct subsys_private *sp = bus_to_subsys(bus);
	struct device_private *p;
	int error = 0;

	if (!sp)
		return -EINVAL;
	list_for_each_entry(p, &sp->klist_devices, knode_bus) {
		error = fn(p->device, data);
		if (error)
			break;
	}
	return error;
}
EXPORT_SYMBOL_GPL(bus_for_each_dev);

struct device *bus_find_device(const struct bus_type *bus, struct device *start,
			       const void *data, device_match_t match)
{
	struct subsys_private *sp = bus_to_subsys(bus);
	struct device_private *p;

	if (!sp)
		return NULL;
	list_for_each_entry(p, &sp->klist_devices, knode_bus) {
		if (match(p->device, data))
			return get_device(p->device);
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(bus_find_device);

int driver_for_each_device(struct device_driver *drv, struct device *start,
			   void *data, device_iter_t fn)
{
	struct device_private *p;
	int error = 0;

	list_for_each_entry(p, driver_devices(drv), knode_driver) {
		error = fn(p->device, data);
		if (error)
			break;
	}
	return error;
}
EXPORT_SYMBOL_GPL(driver_for_each_device);

struct device *driver_find_device(const struct device_driver *drv, struct device *start,
				  const void *data, device_match_t match)
{
	struct device_private *p;

	list_for_each_entry(p, driver_devices(drv), knode_driver) {
		if (match(p->device, data))
			return get_device(p->device);
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(driver_find_device);
