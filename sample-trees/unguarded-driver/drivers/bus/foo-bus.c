// SPDX-License-Identifier: GPL-2.0
/* The dereference hides in a callee. */
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of_device.h>

struct foo_driver {
	struct device_driver driver;
	bool owns_dma;
};

#define to_foo_driver(d) container_of((d), struct foo_driver, driver)

static bool foo_owns_dma_bad(struct device *dev)
{
	return to_foo_driver(dev->driver)->owns_dma; /* expect: unguarded-driver dev->driver foo_dma_configure effect=crash */
}

static int foo_dma_configure(struct device *dev)
{
	int ret = of_dma_configure(dev, dev->of_node, true);

	if (!ret && !foo_owns_dma_bad(dev))
		ret = iommu_device_use_default_domain(dev);
	return ret;
}

/* As foo_owns_dma_bad(), called by who has looked. */
static bool foo_wants_cleanup_ok(struct device *dev)
{
	return !to_foo_driver(dev->driver)->owns_dma;
}

static void foo_dma_cleanup(struct device *dev)
{
	if (foo_wants_cleanup_ok(dev))
		iommu_device_unuse_default_domain(dev);
}

const struct bus_type foo_bus_type = {
	.name		= "foo",
	.dma_configure	= foo_dma_configure,
	.dma_cleanup	= foo_dma_cleanup,
};
