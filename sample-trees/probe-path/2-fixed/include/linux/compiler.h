/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#define __iomem
#define __init
#define __initdata
#define __exit
#define __maybe_unused	__attribute__((__unused__))
#define __cleanup(func)	__attribute__((__cleanup__(func)))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile typeof(x) *)&(x) = (val))

#define __CONCAT1(a, b)	a##b
#define __CONCAT2(a, b)	__CONCAT1(a, b)
#define __UNIQUE_ID(prefix) __CONCAT2(prefix, __COUNTER__)

#endif
