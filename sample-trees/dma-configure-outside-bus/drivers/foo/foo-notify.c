// SPDX-License-Identifier: GPL-2.0
/* A notifier that configures what it is told of, and a buffer without a device of its own. */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>

/* Nobody has looked for a driver yet. */
static int foo_added_ok(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	switch (event) {
	case BUS_NOTIFY_ADD_DEVICE:
		of_dma_configure(dev, dev->parent->of_node, true);
		break;
	}
	return NOTIFY_OK;
}

static int foo_bound_bad(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	if (event != BUS_NOTIFY_BOUND_DRIVER)
		return NOTIFY_DONE;
	of_dma_configure(dev, dev->parent->of_node, true); /* expect: dma-configure-outside-bus */
	return NOTIFY_OK;
}

static struct notifier_block foo_added_nb = { .notifier_call = foo_added_ok };
static struct notifier_block foo_bound_nb = { .notifier_call = foo_bound_bad };

void foo_notify_init(void)
{
	bus_register_notifier(&platform_bus_type, &foo_added_nb);
	bus_register_notifier(&platform_bus_type, &foo_bound_nb);
}

/* No bus knows of it. */
void *foo_buffer_ok(struct device_node *np, size_t size, dma_addr_t *addr)
{
	struct device local;

	memset(&local, 0, sizeof(local));
	of_dma_configure(&local, np, true);
	return dma_alloc_coherent(&local, size, addr, GFP_KERNEL);
}
