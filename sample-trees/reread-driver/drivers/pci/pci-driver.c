// SPDX-License-Identifier: GPL-2.0
/* The PCI bus: one marked read, and the local from then on. */
#include <linux/acpi.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/pci.h>

static int pci_device_probe(struct device *dev)
{
	struct pci_driver *drv = to_pci_driver(dev->driver);

	return drv->probe(to_pci_dev(dev), drv->id_table);
}

static int pci_dma_configure_ok(struct device *dev)
{
	const struct device_driver *bound = READ_ONCE(dev->driver);
	struct pci_driver *driver = bound ? to_pci_driver(bound) : NULL;
	struct device *bridge = pci_get_host_bridge_device(to_pci_dev(dev));
	int ret = 0;

	if (bridge->parent && bridge->parent->of_node)
		ret = of_dma_configure(dev, bridge->parent->of_node, true);
	else if (is_acpi_device_node(bridge->fwnode))
		ret = acpi_dma_configure(dev, acpi_get_dma_attr(to_acpi_device_node(bridge->fwnode)));
	pci_put_host_bridge_device(bridge);

	if (ret || !driver)
		return ret;
	if (!driver->driver_managed_dma)
		ret = iommu_device_use_default_domain(dev);
	return ret;
}

const struct bus_type pci_bus_type = {
	.name		= "pci",
	.probe		= pci_device_probe,
	.dma_configure	= pci_dma_configure_ok,
};
EXPORT_SYMBOL(pci_bus_type);
