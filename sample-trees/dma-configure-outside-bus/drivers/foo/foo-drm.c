// SPDX-License-Identifier: GPL-2.0
/* Bound devices: the node of another device, their own, and component bind. */
#include <linux/acpi.h>
#include <linux/component.h>
#include <linux/of_device.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

/* The display has no "iommus" of its own: it borrows those of the first pipe. */
static int foo_display_probe_bad(struct platform_device *pdev)
{
	struct device_node *pipe = of_parse_phandle(pdev->dev.of_node, "foo,pipe", 0);
	int ret;

	if (!pipe)
		return -ENODEV;
	ret = of_dma_configure(&pdev->dev, pipe, true); /* expect: dma-configure-outside-bus */
	of_node_put(pipe);
	return ret;
}

/* The bus has done this a moment ago. */
static int foo_engine_probe_bad(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;

	return of_dma_configure(dev, dev->of_node, true); /* expect: dma-configure-outside-bus dev effect=redundant */
}

static int foo_acpi_probe_bad(struct platform_device *pdev)
{
	return acpi_dma_configure(&pdev->dev, DEV_DMA_COHERENT); /* expect: dma-configure-outside-bus pdev->dev effect=redundant */
}

/* Behind a controller of its own, which takes an id that the bus knows nothing of. */
static int foo_root_probe_bad(struct platform_device *pdev)
{
	u32 id = pdev->id;

	return acpi_dma_configure_id(&pdev->dev, DEV_DMA_COHERENT, &id); /* expect: dma-configure-outside-bus pdev->dev effect=warn */
}

static int foo_borrow_bad(struct device *dev, struct device_node *np)
{
	dev_dbg(dev, "borrows from %s\n", np->full_name);
	return of_dma_configure_id(dev, np, true, NULL); /* expect: dma-configure-outside-bus */
}

/* Of a component nothing here tells the bus. */
static int foo_master_bad(struct device *master)
{
	return of_dma_configure(master, master->of_node, true); /* expect: dma-configure-outside-bus master effect=redundant */
}

static int foo_component_bind(struct device *comp, struct device *master, void *data)
{
	int ret = foo_master_bad(master);

	if (ret)
		return ret;
	return foo_borrow_bad(comp, master->of_node);
}

static const struct component_ops foo_component_ops = {
	.bind = foo_component_bind,
};

static int foo_component_probe(struct platform_device *pdev)
{
	return component_add(&pdev->dev, &foo_component_ops);
}

static struct platform_driver foo_drivers[] = {
	{ .probe = foo_display_probe_bad, .driver = { .name = "foo-display" } },
	{ .probe = foo_engine_probe_bad, .driver = { .name = "foo-engine" } },
	{ .probe = foo_acpi_probe_bad, .driver = { .name = "foo-acpi" } },
	{ .probe = foo_root_probe_bad, .driver = { .name = "foo-root" } },
	{ .probe = foo_component_probe, .driver = { .name = "foo-component" } },
};

static int __init foo_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(foo_drivers) && !ret; i++)
		ret = platform_driver_register(&foo_drivers[i]);
	return ret;
}
module_init(foo_init);
