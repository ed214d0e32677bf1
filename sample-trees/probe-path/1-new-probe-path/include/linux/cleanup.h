/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H

#include <linux/types.h>

#define DEFINE_GUARD(name, type, acquire, release)			\
typedef type class_##name##_t;						\
static inline type class_##name##_constructor(type _T)			\
{									\
	acquire;							\
	return _T;							\
}									\
static inline void class_##name##_destructor(type *p)			\
{									\
	type _T = *p;							\
	release;							\
}

#define guard(name)							\
	class_##name##_t __UNIQUE_ID(scope)				\
	__cleanup(class_##name##_destructor) = class_##name##_constructor

#define scoped_guard(name, lock)					\
	for (class_##name##_t scope					\
	     __cleanup(class_##name##_destructor) =			\
		class_##name##_constructor(lock), *once = (void *)1;	\
	     once; once = (void *)0)

#define DEFINE_FREE(name, type, release)				\
static inline void __free_##name(void *p)				\
{									\
	type _T = *(type *)p;						\
	release;							\
}

#define __free(name)	__cleanup(__free_##name)
#define no_free_ptr(p)	({ typeof(p) __p = (p); (p) = (void *)0; __p; })

#endif
