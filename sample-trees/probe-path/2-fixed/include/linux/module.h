/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/init.h>
#include <linux/mod_devicetable.h>

struct module;
#define THIS_MODULE		((struct module *)0)
#define MODULE_LICENSE(text)	_Static_assert(1, text)
#define MODULE_DESCRIPTION(text) _Static_assert(1, text)
#define MODULE_DEVICE_TABLE(type, name) extern typeof(name) __mod_##type##__##name

#define EXPORT_SYMBOL(sym)	extern typeof(sym) sym
#define EXPORT_SYMBOL_GPL(sym)	extern typeof(sym) sym

#define module_init(fn)		device_initcall(fn)
#define module_exit(fn) \
	static void (*__UNIQUE_ID(exitcall))(void) __maybe_unused = fn

bool try_module_get(struct module *module);
void module_put(struct module *module);

#endif
