/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _BAR_PGTABLE_H
#define _BAR_PGTABLE_H

#include <linux/device.h>

extern struct device *bar_table_dev;
extern u32 bar_table_bits;

void bar_pgtable_set_dev(struct device *dev);
void *bar_pgtable_alloc(size_t size);

static inline const char *bar_table_owner(void)
{
	return dev_name(bar_table_dev);
}

static inline u32 bar_table_size(void)
{
	return bar_table_bits * 8;
}

#endif
