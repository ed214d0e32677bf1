/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_FWNODE_H
#define _LINUX_FWNODE_H

#include <linux/types.h>

struct device;
struct fwnode_operations;

struct fwnode_handle {
	struct fwnode_handle *secondary;
	const struct fwnode_operations *ops;
	struct device *dev;
};

#endif
