// SPDX-License-Identifier: GPL-2.0
/* The AMBA bus of PrimeCell devices. */
#include <linux/acpi.h>
#include <linux/amba/bus.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/of_device.h>

static int amba_match(struct device *dev, const struct device_driver *drv)
{
	const struct amba_id *id = to_amba_driver(drv)->id_table;
	struct amba_device *adev = to_amba_device(dev);

	for (; id->mask; id++) {
		if ((adev->periphid & id->mask) == id->id)
			return 1;
	}
	return 0;
}

static int amba_probe_ok(struct device *dev)
{
	struct amba_driver *drv = to_amba_driver(dev->driver);

	return drv->probe(to_amba_device(dev), drv->id_table);
}

static int amba_dma_configure_bad(struct device *dev)
{
	const struct device_driver *drv = dev->driver;
	int ret = 0;

	if (dev->of_node)
		ret = of_dma_configure(dev, dev->of_node, true);
	else if (is_acpi_device_node(dev->fwnode))
		ret = acpi_dma_configure(dev, acpi_get_dma_attr(to_acpi_device_node(dev->fwnode)));

	if (!ret && dev->driver && !to_amba_driver(drv)->driver_managed_dma) { /* expect: reread-driver dev->driver amba_dma_configure_bad effect=race */
		ret = iommu_device_use_default_domain(dev);
		if (ret)
			arch_teardown_dma_ops(dev);
	}
	return ret;
}

const struct bus_type amba_bustype = {
	.name		= "amba",
	.match		= amba_match,
	.probe		= amba_probe_ok,
	.dma_configure	= amba_dma_configure_bad,
};
EXPORT_SYMBOL_GPL(amba_bustype);
