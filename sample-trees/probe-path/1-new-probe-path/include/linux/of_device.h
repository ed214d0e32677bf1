/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_OF_DEVICE_H
#define _LINUX_OF_DEVICE_H

#include <linux/of.h>

struct device;

int of_dma_configure_id(struct device *dev, struct device_node *np,
			bool force_dma, const u32 *id);

static inline int of_dma_configure(struct device *dev, struct device_node *np, bool force_dma)
{
	return of_dma_configure_id(dev, np, force_dma, NULL);
}

#endif
