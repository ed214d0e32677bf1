// SPDX-License-Identifier: GPL-2.0
/* Page tables of the Bar IOMMU: the other half of bar-core.c. */
#include <linux/dma-mapping.h>

#include "bar-pgtable.h"

static struct device *pgtable_dev;
struct device *bar_table_dev;
u32 bar_table_bits;

void bar_pgtable_set_dev(struct device *dev)
{
	pgtable_dev = dev;
}

static void *bar_pgtable_map(size_t size)
{
	dma_addr_t handle;

	dev_dbg(pgtable_dev, "table of %lu bytes\n", size);
	return dma_alloc_coherent(pgtable_dev, size, &handle, GFP_KERNEL);
}

void *bar_pgtable_alloc(size_t size)
{
	return bar_pgtable_map(ALIGN(size, SZ_4K));
}
