/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H

#include <linux/dev_printk.h>
#include <linux/device/bus.h>
#include <linux/device/driver.h>
#include <linux/err.h>
#include <linux/fwnode.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct dev_iommu;
struct iommu_group;
struct bus_dma_region;
struct device_private;

struct kobject {
	const char *name;
	struct kobject *parent;
};

struct class {
	const char *name;
	void (*dev_release)(struct device *dev);
};

struct attribute {
	const char *name;
	unsigned short mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count);
};

#define DEVICE_ATTR_RO(_name) \
	struct device_attribute dev_attr_##_name = \
		{ .attr = { .name = #_name, .mode = 0444 }, .show = _name##_show }

struct device {
	struct kobject kobj;
	struct device *parent;
	struct device_private *p;

	const char *init_name;
	const struct bus_type *bus;
	struct device_driver *driver;
	void *platform_data;
	void *driver_data;
	struct mutex mutex;

	u64 *dma_mask;
	u64 coherent_dma_mask;
	u64 bus_dma_limit;
	const struct bus_dma_region *dma_range_map;

	struct device_node *of_node;
	struct fwnode_handle *fwnode;
	const struct class *class;
	void (*release)(struct device *dev);

	struct iommu_group *iommu_group;
	struct dev_iommu *iommu;

	bool dma_coherent:1;
	bool can_match:1;
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->init_name ?: dev->kobj.name;
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

static inline struct fwnode_handle *dev_fwnode(const struct device *dev)
{
	return dev->fwnode;
}

static inline void device_lock(struct device *dev)
{
	mutex_lock(&dev->mutex);
}

static inline int device_trylock(struct device *dev)
{
	return mutex_trylock(&dev->mutex);
}

static inline void device_unlock(struct device *dev)
{
	mutex_unlock(&dev->mutex);
}

DEFINE_GUARD(device, struct device *, device_lock(_T), device_unlock(_T))

void device_initialize(struct device *dev);
int device_add(struct device *dev);
int device_register(struct device *dev);
void device_unregister(struct device *dev);
struct device *device_create(const struct class *class, struct device *parent,
			     u32 devt, void *drvdata, const char *fmt, ...);
int device_bind_driver(struct device *dev);
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
DEFINE_FREE(put_device, struct device *, if (_T) put_device(_T))
int dev_set_name(struct device *dev, const char *fmt, ...);

const void *device_get_match_data(const struct device *dev);

#define DL_FLAG_STATELESS	BIT(0)
#define DL_FLAG_PM_RUNTIME	BIT(2)

struct device_link;
struct device_link *device_link_add(struct device *consumer, struct device *supplier, u32 flags);
void device_link_del(struct device_link *link);

void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp);
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp);
void *devm_kcalloc(struct device *dev, size_t n, size_t size, gfp_t gfp);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data);

#endif
