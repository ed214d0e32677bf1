/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_I2C_H
#define _LINUX_I2C_H

#include <linux/device.h>

struct i2c_client {
	unsigned short addr;
	struct device dev;
	int irq;
};

struct i2c_driver {
	int (*probe)(struct i2c_client *client);
	void (*remove)(struct i2c_client *client);
	struct device_driver driver;
	const struct i2c_device_id *id_table;
};

extern const struct bus_type i2c_bus_type;

static inline void *i2c_get_clientdata(const struct i2c_client *client)
{
	return dev_get_drvdata(&client->dev);
}

static inline void i2c_set_clientdata(struct i2c_client *client, void *data)
{
	dev_set_drvdata(&client->dev, data);
}

struct i2c_client *of_find_i2c_device_by_node(struct device_node *np);
int i2c_register_driver(struct module *owner, struct i2c_driver *drv);
#define i2c_add_driver(drv) i2c_register_driver(THIS_MODULE, drv)

#endif
