/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DEVICE_BUS_H
#define _LINUX_DEVICE_BUS_H

#include <linux/types.h>

struct device;
struct device_driver;
struct fwnode_handle;
struct device_node;

struct bus_type {
	const char *name;
	const char *dev_name;

	int (*match)(struct device *dev, const struct device_driver *drv);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);

	int (*dma_configure)(struct device *dev);
	void (*dma_cleanup)(struct device *dev);

	const struct dev_pm_ops *pm;
	bool need_parent_lock;
};

typedef int (*device_iter_t)(struct device *dev, void *data);
typedef int (*device_match_t)(struct device *dev, const void *data);

int bus_register(const struct bus_type *bus);
int bus_for_each_dev(const struct bus_type *bus, struct device *start,
		     void *data, device_iter_t fn);
struct device *bus_find_device(const struct bus_type *bus, struct device *start,
			       const void *data, device_match_t match);

int device_match_fwnode(struct device *dev, const void *fwnode);
int device_match_of_node(struct device *dev, const void *np);
int device_match_name(struct device *dev, const void *name);

static inline struct device *
bus_find_device_by_fwnode(const struct bus_type *bus, const struct fwnode_handle *fwnode)
{
	return bus_find_device(bus, NULL, fwnode, device_match_fwnode);
}

static inline struct device *
bus_find_device_by_of_node(const struct bus_type *bus, const struct device_node *np)
{
	return bus_find_device(bus, NULL, np, device_match_of_node);
}

#endif
