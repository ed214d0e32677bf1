/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PLATFORM_DEVICE_H
#define _LINUX_PLATFORM_DEVICE_H

#include <linux/device.h>

struct resource {
	resource_size_t start, end;
};

struct platform_device {
	const char *name;
	int id;
	struct device dev;
	u64 platform_dma_mask;
	u32 num_resources;
	struct resource *resource;
};

struct platform_driver {
	int (*probe)(struct platform_device *pdev);
	void (*remove)(struct platform_device *pdev);
	void (*shutdown)(struct platform_device *pdev);
	struct device_driver driver;
	bool prevent_deferred_probe;
	bool driver_managed_dma;
};

struct platform_device_info {
	struct device *parent;
	struct fwnode_handle *fwnode;
	const char *name;
	int id;
	const void *data;
	size_t size_data;
	u64 dma_mask;
};

extern const struct bus_type platform_bus_type;

#define to_platform_device(x)	container_of((x), struct platform_device, dev)
#define to_platform_driver(drv)	(container_of((drv), struct platform_driver, driver))

int __platform_driver_register(struct platform_driver *drv, struct module *owner);
#define platform_driver_register(drv) __platform_driver_register(drv, THIS_MODULE)
void platform_driver_unregister(struct platform_driver *drv);

static inline void *platform_get_drvdata(const struct platform_device *pdev)
{
	return dev_get_drvdata(&pdev->dev);
}

static inline void platform_set_drvdata(struct platform_device *pdev, void *data)
{
	dev_set_drvdata(&pdev->dev, data);
}

struct platform_device *platform_device_alloc(const char *name, int id);
int platform_device_add(struct platform_device *pdev);
void platform_device_put(struct platform_device *pdev);
int platform_device_register(struct platform_device *pdev);
void platform_device_unregister(struct platform_device *pdev);
struct platform_device *platform_device_register_full(const struct platform_device_info *info);
struct platform_device *platform_device_register_simple(const char *name, int id,
		const struct resource *res, unsigned int num);

void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int index);
int platform_get_irq(struct platform_device *pdev, unsigned int index);
struct resource *platform_get_resource(struct platform_device *pdev,
				       unsigned int type, unsigned int num);

#define module_platform_driver(drv)					\
static int __init drv##_init(void)					\
{									\
	return platform_driver_register(&(drv));			\
}									\
module_init(drv##_init);						\
static void __exit drv##_exit(void)					\
{									\
	platform_driver_unregister(&(drv));				\
}									\
module_exit(drv##_exit)

#define builtin_platform_driver(drv)					\
static int __init drv##_init(void)					\
{									\
	return platform_driver_register(&(drv));			\
}									\
device_initcall(drv##_init)

int __platform_driver_probe(struct platform_driver *drv,
			    int (*probe)(struct platform_device *pdev), struct module *owner);
#define platform_driver_probe(drv, probe) __platform_driver_probe(drv, probe, THIS_MODULE)

#endif
