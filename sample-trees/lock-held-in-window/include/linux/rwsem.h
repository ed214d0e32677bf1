/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_RWSEM_H
#define _LINUX_RWSEM_H

#include <linux/list.h>

struct rw_semaphore {
	long count;
	struct list_head wait_list;
};

#define DECLARE_RWSEM(name) \
	struct rw_semaphore name = { .wait_list = LIST_HEAD_INIT(name.wait_list) }

void down_read(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

#endif
