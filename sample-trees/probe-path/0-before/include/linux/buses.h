/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_BUSES_H
#define _LINUX_BUSES_H

#include <linux/device/bus.h>

/* Buses whose devices may sit behind an IOMMU. */
extern const struct bus_type foo_bus_type;
extern const struct bus_type bar_bus_type;
extern const struct bus_type baz_bus_type;
extern const struct bus_type qux_bus_type;
extern const struct bus_type zap_bus_type;

#endif
