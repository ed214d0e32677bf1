// SPDX-License-Identifier: GPL-2.0
/* Late driver data that no in-window callback reads: its own client's, another device's, remove's. */
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

struct baz_iommu {
	unsigned int faults;
	struct iommu_device iommu;
};

struct baz_larb {
	u32 ports;
};

struct baz_client {
	u32 stream;
};

static struct baz_iommu *baz;

static struct iommu_device *baz_probe_device(struct device *dev)
{
	return &baz->iommu;
}

/* The driver data of a client belongs to the client's driver. */
static bool baz_is_attach_deferred_ok(struct device *dev)
{
	struct baz_client *client = dev_get_drvdata(dev);

	return client && client->stream;
}

/* A larb is a device of another driver, named by another node. */
static struct iommu_group *baz_device_group_ok(struct device *dev)
{
	struct device_node *np = of_parse_phandle(dev->of_node, "baz,larb", 0);
	struct platform_device *larb_pdev = of_find_device_by_node(np);
	struct baz_larb *larb;

	of_node_put(np);
	if (!larb_pdev)
		return ERR_PTR(-ENODEV);
	larb = platform_get_drvdata(larb_pdev);
	put_device(&larb_pdev->dev);
	return larb && larb->ports ? generic_device_group(dev) : ERR_PTR(-ENODEV);
}

/* The parent of a client is a bus bridge. */
static void baz_probe_finalize_ok(struct device *dev)
{
	u32 *bridge = dev_get_drvdata(dev->parent);

	if (bridge)
		dev_dbg(dev, "behind %u\n", *bridge);
}

static int baz_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops baz_ops = {
	.probe_device		= baz_probe_device,
	.probe_finalize		= baz_probe_finalize_ok,
	.device_group		= baz_device_group_ok,
	.of_xlate		= baz_of_xlate,
	.is_attach_deferred	= baz_is_attach_deferred_ok,
};

static irqreturn_t baz_fault_ok(int irq, void *cookie)
{
	struct baz_iommu *iommu = platform_get_drvdata(cookie);

	iommu->faults++;
	return IRQ_HANDLED;
}

static int baz_suspend_ok(struct device *dev)
{
	struct baz_iommu *iommu = dev_get_drvdata(dev);

	return iommu->faults ? -EBUSY : 0;
}

static ssize_t faults_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct baz_iommu *iommu = dev_get_drvdata(dev);

	return snprintf(buf, PAGE_SIZE, "%u\n", iommu->faults);
}
static DEVICE_ATTR_RO(faults);

static int baz_probe_ok(struct platform_device *pdev)
{
	int ret;

	baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);
	if (!baz)
		return -ENOMEM;

	ret = iommu_device_register(&baz->iommu, &baz_ops, &pdev->dev);
	if (ret)
		return ret;

	platform_set_drvdata(pdev, baz);
	return devm_request_irq(&pdev->dev, platform_get_irq(pdev, 0), baz_fault_ok, 0,
				"baz", pdev);
}

static void baz_remove_ok(struct platform_device *pdev)
{
	struct baz_iommu *iommu = platform_get_drvdata(pdev);

	iommu_device_unregister(&iommu->iommu);
}

static const struct dev_pm_ops baz_pm_ops = {
	.suspend = baz_suspend_ok,
};

static struct platform_driver baz_driver = {
	.probe	= baz_probe_ok,
	.remove	= baz_remove_ok,
	.driver	= { .name = "baz-iommu", .pm = &baz_pm_ops },
};
module_platform_driver(baz_driver);
