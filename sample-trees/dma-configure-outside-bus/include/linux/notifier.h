/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_NOTIFIER_H
#define _LINUX_NOTIFIER_H

#define NOTIFY_DONE	0x0000
#define NOTIFY_OK	0x0001

#define BUS_NOTIFY_ADD_DEVICE	0x00000001
#define BUS_NOTIFY_BOUND_DRIVER	0x00000005

struct bus_type;

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event, void *data);
	int priority;
};

int bus_register_notifier(const struct bus_type *bus, struct notifier_block *nb);

#endif
