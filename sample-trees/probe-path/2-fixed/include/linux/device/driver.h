/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DEVICE_DRIVER_H
#define _LINUX_DEVICE_DRIVER_H

#include <linux/device/bus.h>
#include <linux/mod_devicetable.h>

struct module;

struct device_driver {
	const char *name;
	const struct bus_type *bus;
	struct module *owner;
	const struct of_device_id *of_match_table;
	bool suppress_bind_attrs;

	int (*probe)(struct device *dev);
	int (*remove)(struct device *dev);
	const struct dev_pm_ops *pm;
	const struct attribute_group **dev_groups;
};

int driver_register(struct device_driver *drv);
void driver_unregister(struct device_driver *drv);

int driver_for_each_device(struct device_driver *drv, struct device *start,
			   void *data, device_iter_t fn);
struct device *driver_find_device(const struct device_driver *drv,
				  struct device *start, const void *data,
				  device_match_t match);

static inline struct device *
driver_find_device_by_fwnode(struct device_driver *drv, const struct fwnode_handle *fwnode)
{
	return driver_find_device(drv, NULL, fwnode, device_match_fwnode);
}

static inline struct device *
driver_find_device_by_of_node(const struct device_driver *drv, const struct device_node *np)
{
	return driver_find_device(drv, NULL, np, device_match_of_node);
}

#endif
