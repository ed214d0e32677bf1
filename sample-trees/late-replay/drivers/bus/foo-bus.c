// SPDX-License-Identifier: GPL-2.0
/* A bus whose devices are told apart by tables of the platform's own. */
#include <linux/buses.h>
#include <linux/device.h>
#include <linux/iommu.h>

int foo_tables_configure(struct device *dev);
int bar_tables_configure_ok(struct device *dev);

static int foo_dma_configure(struct device *dev)
{
	return foo_tables_configure(dev);
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure,
};

static int bar_dma_configure(struct device *dev)
{
	return bar_tables_configure_ok(dev);
}

const struct bus_type bar_bus_type = {
	.name		= "bar",
	.dma_configure	= bar_dma_configure,
};

/* A device has just been added: this is the first time, not a replay. */
int foo_bus_device_added_ok(struct device *dev)
{
	return iommu_probe_device(dev);
}
