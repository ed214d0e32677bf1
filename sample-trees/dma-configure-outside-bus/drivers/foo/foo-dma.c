// SPDX-License-Identifier: GPL-2.0
/* Who needs DMA for a device that has none asks for one that has. */
#include <linux/dma-mapping.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct foo_dma {
	struct device *dma_dev;
};

/* What foo_display_probe_bad() should do: map for the device that does the DMA. */
static int foo_dma_probe_ok(struct platform_device *pdev)
{
	struct device_node *np = of_parse_phandle(pdev->dev.of_node, "foo,pipe", 0);
	struct platform_device *pipe = of_find_device_by_node(np);
	struct foo_dma *foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);

	of_node_put(np);
	if (!foo || !pipe)
		return -EPROBE_DEFER;
	foo->dma_dev = &pipe->dev;
	return dma_set_mask_and_coherent(foo->dma_dev, DMA_BIT_MASK(40));
}

/* A device that has no driver is configured from the node that it was found by. */
static int foo_dma_unit_ok(struct foo_dma *foo, struct device_node *np)
{
	struct platform_device *unit = of_find_device_by_node(np);

	if (!unit)
		return -ENODEV;
	foo->dma_dev = &unit->dev;
	return of_dma_configure(foo->dma_dev, np, true);
}

/* From any other node it may meet an IOMMU that its bus, if it has a driver, did not. */
static int foo_dma_unit_bad(struct foo_dma *foo, struct device_node *np, struct device_node *other)
{
	struct platform_device *unit = of_find_device_by_node(np);

	if (!unit)
		return -ENODEV;
	foo->dma_dev = &unit->dev;
	return of_dma_configure(foo->dma_dev, other, true); /* expect: dma-configure-outside-bus */
}

int foo_dma_units(struct foo_dma *foo, struct device_node *np)
{
	return foo_dma_unit_ok(foo, np) ?: foo_dma_unit_bad(foo, np, np->parent);
}

static struct platform_driver foo_dma_driver = {
	.probe	= foo_dma_probe_ok,
	.driver	= { .name = "foo-dma" },
};
module_platform_driver(foo_dma_driver);
