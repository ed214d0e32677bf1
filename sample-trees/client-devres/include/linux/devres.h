/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DEVRES_H
#define _LINUX_DEVRES_H

#include <linux/device.h>

typedef void (*dr_release_t)(struct device *dev, void *res);

void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp);
void devres_add(struct device *dev, void *res);
void *devres_open_group(struct device *dev, void *id, gfp_t gfp);
int devres_release_group(struct device *dev, void *id);
void devm_kfree(struct device *dev, const void *p);

#endif
