/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_DEV_PRINTK_H
#define _LINUX_DEV_PRINTK_H

#include <linux/types.h>

struct device;

void dev_err(const struct device *dev, const char *fmt, ...);
void dev_warn(const struct device *dev, const char *fmt, ...);
void dev_info(const struct device *dev, const char *fmt, ...);
void dev_dbg(const struct device *dev, const char *fmt, ...);
int dev_err_probe(const struct device *dev, int err, const char *fmt, ...);
#define dev_WARN(dev, fmt, ...)	dev_warn(dev, fmt, ##__VA_ARGS__)
void pr_err(const char *fmt, ...);
void pr_info(const char *fmt, ...);

#endif
