// SPDX-License-Identifier: GPL-2.0
/* Looked up on the bus, in a list of the driver's own, or among another driver's devices. */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct qux_iommu {
	struct device *dev;
	struct list_head list;
	struct iommu_device iommu;
};

static struct platform_driver qux_driver;
static LIST_HEAD(qux_list);

/* The memory controller in front is a device of another driver, bound long before. */
static struct platform_driver qux_smi_driver = {
	.driver = { .name = "qux-smi" },
};

static struct qux_iommu *qux_on_bus_ok(struct fwnode_handle *fwnode)
{
	struct device *dev = bus_find_device_by_fwnode(&platform_bus_type, fwnode);

	put_device(dev);
	return dev ? dev_get_drvdata(dev) : NULL;
}

static struct qux_iommu *qux_listed_ok(struct device_node *np)
{
	struct qux_iommu *qux;

	list_for_each_entry(qux, &qux_list, list) {
		if (qux->dev->of_node == np)
			return qux;
	}
	return NULL;
}

static struct iommu_device *qux_probe_device_ok(struct device *dev)
{
	struct qux_iommu *qux = qux_on_bus_ok(dev_iommu_fwspec_get(dev)->iommu_fwnode);

	return qux ? &qux->iommu : ERR_PTR(-ENODEV);
}

static int qux_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct qux_iommu *qux = qux_listed_ok(args->np);

	if (!qux)
		return -ENODEV;
	dev_iommu_priv_set(dev, qux);
	return 0;
}

static struct iommu_group *qux_device_group_ok(struct device *dev)
{
	struct device_node *np = of_parse_phandle(dev->of_node, "qux,smi", 0);
	struct device *smi = driver_find_device_by_of_node(&qux_smi_driver.driver, np);

	of_node_put(np);
	if (!smi)
		return ERR_PTR(-EPROBE_DEFER);
	put_device(smi);
	return generic_device_group(dev);
}

static const struct iommu_ops qux_ops = {
	.probe_device	= qux_probe_device_ok,
	.device_group	= qux_device_group_ok,
	.of_xlate	= qux_of_xlate_ok,
};

static int qux_probe(struct platform_device *pdev)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	qux->dev = &pdev->dev;
	platform_set_drvdata(pdev, qux);
	list_add(&qux->list, &qux_list);
	return iommu_device_register(&qux->iommu, &qux_ops, &pdev->dev);
}

/* Outside every window: a panic notifier. */
int qux_flush_all_ok(void)
{
	struct device *dev = driver_find_device(&qux_driver.driver, NULL, "qux", device_match_name);

	put_device(dev);
	return dev ? 0 : -ENODEV;
}

static struct platform_driver qux_driver = {
	.probe	= qux_probe,
	.driver	= { .name = "qux-iommu" },
};
module_platform_driver(qux_driver);
