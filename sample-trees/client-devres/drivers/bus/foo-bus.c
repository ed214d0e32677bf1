// SPDX-License-Identifier: GPL-2.0
/* Two buses that keep an id for the device they configure. */
#include <linux/buses.h>
#include <linux/devres.h>
#include <linux/of_device.h>
#include <linux/slab.h>

static int foo_dma_configure_bad(struct device *dev)
{
	u32 *id = devm_kzalloc(dev, sizeof(*id), GFP_KERNEL); /* expect: client-devres dev foo_dma_configure_bad */

	if (!id)
		return -ENOMEM;
	*id = 1;
	return of_dma_configure_id(dev, dev->parent->of_node, true, id);
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure_bad,
};

/* Only for a device that has a driver: really_probe() has looked by then. */
static int bar_dma_configure_ok(struct device *dev)
{
	u32 *id;

	if (!dev->driver)
		return 0;
	id = devm_kzalloc(dev, sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	*id = 1;
	return of_dma_configure_id(dev, dev->parent->of_node, true, id);
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.dma_configure	= bar_dma_configure_ok,
};

static int baz_dma_configure_ok(struct device *dev)
{
	u32 *id = devm_kzalloc(dev->parent, sizeof(*id), GFP_KERNEL);

	if (!id)
		return -ENOMEM;
	*id = 1;
	return of_dma_configure_id(dev, dev->parent->of_node, true, id);
}

const struct bus_type baz_bus_type = {
	.name		= "baz",
	.dma_configure	= baz_dma_configure_ok,
};
