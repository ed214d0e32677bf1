// SPDX-License-Identifier: GPL-2.0
/* What a device tree node says about a device's DMA. */
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/of_iommu.h>

int of_dma_get_range(struct device_node *np, const struct bus_dma_region **map);

/* The map of the first call is lost when there is a second one. */
static int of_dma_set_range_bad(struct device *dev, struct device_node *np)
{
	const struct bus_dma_region *map = NULL;
	int ret;

	ret = of_dma_get_range(np, &map);
	if (ret && ret != -ENODEV)
		return ret;
	if (map) {
		dev->bus_dma_limit = dma_range_map_max(map);
		dev->dma_range_map = map; /* expect: repeated-dma-map effect=leak */
	}
	return 0;
}

int of_dma_configure_id(struct device *dev, struct device_node *np,
			bool force_dma, const u32 *id)
{
	bool coherent;
	int ret;

	if (!np && !force_dma)
		return 0;

	ret = of_dma_set_range_bad(dev, np);
	if (ret)
		return ret;

	coherent = of_property_read_bool(np, "dma-coherent");
	dev_dbg(dev, "device is%sdma coherent\n", coherent ? " " : " not ");

	ret = of_iommu_configure(dev, np, id);
	if (ret == -EPROBE_DEFER)
		return ret;

	arch_setup_dma_ops(dev, coherent);
	return 0;
}
EXPORT_SYMBOL_GPL(of_dma_configure_id);
