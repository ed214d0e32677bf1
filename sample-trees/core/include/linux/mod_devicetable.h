/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOD_DEVICETABLE_H
#define _LINUX_MOD_DEVICETABLE_H

#include <linux/types.h>

struct of_device_id {
	char name[32];
	char compatible[128];
	const void *data;
};

struct amba_id {
	unsigned int id;
	unsigned int mask;
	void *data;
};

struct pci_device_id {
	u32 vendor, device;
	unsigned long driver_data;
};

struct i2c_device_id {
	char name[20];
	unsigned long driver_data;
};

#endif
