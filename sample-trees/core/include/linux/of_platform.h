/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_OF_PLATFORM_H
#define _LINUX_OF_PLATFORM_H

#include <linux/of.h>
#include <linux/platform_device.h>

struct platform_device *of_find_device_by_node(struct device_node *np);
int of_platform_device_create(struct device_node *np, const char *bus_id, struct device *parent);

#endif
