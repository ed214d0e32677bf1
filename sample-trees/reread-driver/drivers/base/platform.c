// SPDX-License-Identifier: GPL-2.0
/* The platform bus: one read computes, another one tests. */
#include <linux/acpi.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>

static int platform_match(struct device *dev, const struct device_driver *drv)
{
	return !strcmp(to_platform_device(dev)->name, drv->name);
}

static int platform_probe_ok(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	return drv->probe ? drv->probe(to_platform_device(dev)) : 0;
}

static void platform_remove(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_platform_device(dev));
}

static int platform_dma_configure_bad(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);
	struct fwnode_handle *fwnode = dev_fwnode(dev);
	int ret = 0;

	if (is_of_node(fwnode))
		ret = of_dma_configure(dev, to_of_node(fwnode), true);
	else if (is_acpi_device_node(fwnode))
		ret = acpi_dma_configure(dev, acpi_get_dma_attr(to_acpi_device_node(fwnode)));

	/* @drv may be of a time when there was no driver: the test knows nothing of it. */
	if (ret || !dev->driver || drv->driver_managed_dma) /* expect: reread-driver dev->driver platform_dma_configure_bad effect=race */
		return ret;

	ret = iommu_device_use_default_domain(dev);
	if (ret)
		arch_teardown_dma_ops(dev);
	return ret;
}

static void platform_dma_cleanup(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	if (!drv->driver_managed_dma)
		iommu_device_unuse_default_domain(dev);
}

const struct bus_type platform_bus_type = {
	.name		= "platform",
	.match		= platform_match,
	.probe		= platform_probe_ok,
	.remove		= platform_remove,
	.dma_configure	= platform_dma_configure_bad,
	.dma_cleanup	= platform_dma_cleanup,
};
EXPORT_SYMBOL_GPL(platform_bus_type);

int __platform_driver_register(struct platform_driver *drv, struct module *owner)
{
	drv->driver.owner = owner;
	drv->driver.bus = &platform_bus_type;
	return driver_register(&drv->driver);
}
EXPORT_SYMBOL_GPL(__platform_driver_register);
