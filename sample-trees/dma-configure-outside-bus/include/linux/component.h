/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_COMPONENT_H
#define _LINUX_COMPONENT_H

struct device;

struct component_ops {
	int (*bind)(struct device *comp, struct device *master, void *master_data);
	void (*unbind)(struct device *comp, struct device *master, void *master_data);
};

int component_add(struct device *dev, const struct component_ops *ops);
void component_del(struct device *dev, const struct component_ops *ops);

#endif
