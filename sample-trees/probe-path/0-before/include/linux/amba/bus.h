/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_AMBA_BUS_H
#define _LINUX_AMBA_BUS_H

#include <linux/device.h>

struct amba_device {
	struct device dev;
	unsigned int periphid;
	unsigned int irq[9];
};

struct amba_driver {
	struct device_driver drv;
	int (*probe)(struct amba_device *adev, const struct amba_id *id);
	void (*remove)(struct amba_device *adev);
	const struct amba_id *id_table;
	bool driver_managed_dma;
};

extern const struct bus_type amba_bustype;

#define to_amba_device(d)	container_of((d), struct amba_device, dev)
#define to_amba_driver(d)	container_of((d), struct amba_driver, drv)

#define amba_get_drvdata(d)	dev_get_drvdata(&(d)->dev)
#define amba_set_drvdata(d, p)	dev_set_drvdata(&(d)->dev, p)

int amba_driver_register(struct amba_driver *drv);
void amba_driver_unregister(struct amba_driver *drv);

#endif
