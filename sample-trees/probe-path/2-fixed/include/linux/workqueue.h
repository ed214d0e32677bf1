/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_WORKQUEUE_H
#define _LINUX_WORKQUEUE_H

#include <linux/types.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	unsigned long data;
	struct list_head entry;
	work_func_t func;
};

void __init_work(struct work_struct *work, work_func_t func);
#define INIT_WORK(work, func) __init_work((work), (func))

bool schedule_work(struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);

#endif
