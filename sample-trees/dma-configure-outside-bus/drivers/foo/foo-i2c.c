// SPDX-License-Identifier: GPL-2.0
/* Devices of a bus that leaves DMA alone, and devices without a node. */
#include <linux/acpi.h>
#include <linux/dma-mapping.h>
#include <linux/i2c.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>

struct foo_codec {
	struct device *dev;
};

/* Nobody has asked about this node before: this is the late probe. */
static int foo_codec_probe_bad(struct i2c_client *client)
{
	struct foo_codec *foo = devm_kzalloc(&client->dev, sizeof(*foo), GFP_KERNEL);

	if (!foo)
		return -ENOMEM;
	foo->dev = &client->dev;
	return of_dma_configure(foo->dev, foo->dev->of_node, true); /* expect: dma-configure-outside-bus foo->dev effect=warn */
}

static int foo_sensor_probe_bad(struct i2c_client *client)
{
	return acpi_dma_configure(&client->dev, DEV_DMA_COHERENT); /* expect: dma-configure-outside-bus client->dev effect=warn */
}

/* The controller does the DMA, and its bus has configured it. */
static int foo_flash_probe_ok(struct i2c_client *client)
{
	return dma_set_mask_and_coherent(client->dev.parent, DMA_BIT_MASK(32));
}

/* With no node there is no IOMMU to find: only masks and ops are set. */
static int foo_expander_probe_ok(struct i2c_client *client)
{
	return of_dma_configure(&client->dev, NULL, true);
}

static int foo_virtual_configure_ok(struct device *dev, struct device_node *np)
{
	return of_dma_configure(dev, np, true);
}

static int foo_virtual_probe(struct platform_device *pdev)
{
	return foo_virtual_configure_ok(&pdev->dev, NULL);
}

static struct i2c_driver foo_i2c_drivers[] = {
	{ .probe = foo_codec_probe_bad, .driver = { .name = "foo-codec" } },
	{ .probe = foo_sensor_probe_bad, .driver = { .name = "foo-sensor" } },
	{ .probe = foo_flash_probe_ok, .driver = { .name = "foo-flash" } },
	{ .probe = foo_expander_probe_ok, .driver = { .name = "foo-expander" } },
};

static struct platform_driver foo_virtual_driver = {
	.probe	= foo_virtual_probe,
	.driver	= { .name = "foo-virtual" },
};

static int __init foo_i2c_init(void)
{
	int i, ret = platform_driver_register(&foo_virtual_driver);

	for (i = 0; i < ARRAY_SIZE(foo_i2c_drivers) && !ret; i++)
		ret = i2c_add_driver(&foo_i2c_drivers[i]);
	return ret;
}
module_init(foo_i2c_init);
