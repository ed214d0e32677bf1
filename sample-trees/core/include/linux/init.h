/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

#include <linux/compiler.h>

typedef int (*initcall_t)(void);

#define __initcall_at(fn, stage) \
	static initcall_t __UNIQUE_ID(initcall_##stage) __maybe_unused = fn
#define core_initcall(fn)	__initcall_at(fn, 1)
#define arch_initcall(fn)	__initcall_at(fn, 3)
#define subsys_initcall(fn)	__initcall_at(fn, 4)
#define device_initcall(fn)	__initcall_at(fn, 6)
#define late_initcall(fn)	__initcall_at(fn, 7)

#endif
