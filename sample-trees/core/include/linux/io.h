/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_IO_H
#define _LINUX_IO_H

#include <linux/types.h>

u32 readl(const volatile void __iomem *addr);
void writel(u32 value, volatile void __iomem *addr);
u32 readl_relaxed(const volatile void __iomem *addr);
void writel_relaxed(u32 value, volatile void __iomem *addr);

#endif
