/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_CLK_H
#define _LINUX_CLK_H

#include <linux/types.h>

struct clk;
struct device;

struct clk *devm_clk_get(struct device *dev, const char *id);
int clk_prepare_enable(struct clk *clk);
void clk_disable_unprepare(struct clk *clk);
int clk_enable(struct clk *clk);
void clk_disable(struct clk *clk);

#endif
