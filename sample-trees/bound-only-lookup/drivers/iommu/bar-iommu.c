// SPDX-License-Identifier: GPL-2.0
/* By node in of_xlate, and by walking every bound device. */
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/platform_device.h>

struct bar_iommu {
	struct device *dev;
	u32 streams;
	struct iommu_device iommu;
};

struct bar_search {
	const struct device_node *np;
	struct bar_iommu *found;
};

static struct platform_driver bar_driver;

static int bar_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct device *found = driver_find_device_by_of_node(&bar_driver.driver, args->np); /* expect: bound-only-lookup */

	if (!found)
		return -EPROBE_DEFER;
	dev_iommu_priv_set(dev, dev_get_drvdata(found));
	put_device(found);
	return 0;
}

static struct iommu_device *bar_probe_device(struct device *dev)
{
	struct bar_iommu *bar = dev_iommu_priv_get(dev);

	return bar ? &bar->iommu : ERR_PTR(-ENODEV);
}

static int bar_match(struct device *dev, void *data)
{
	struct bar_search *search = data;

	if (dev->of_node != search->np)
		return 0;
	search->found = dev_get_drvdata(dev);
	return 1;
}

static bool bar_capable_bad(struct device *dev, enum iommu_cap cap)
{
	struct bar_search search = { .np = dev->of_node };

	driver_for_each_device(&bar_driver.driver, NULL, &search, bar_match); /* expect: bound-only-lookup */
	return search.found && search.found->streams > 1;
}

static const struct iommu_ops bar_ops = {
	.capable	= bar_capable_bad,
	.probe_device	= bar_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= bar_of_xlate_bad,
};

static int bar_count(struct device *dev, void *data)
{
	unsigned int *count = data;

	(*count)++;
	return 0;
}

/* Not inside any registration: by now every probe has returned. */
static ssize_t instances_show_ok(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int count = 0;

	driver_for_each_device(&bar_driver.driver, NULL, &count, bar_count);
	return snprintf(buf, PAGE_SIZE, "%u\n", count);
}

static struct device_attribute dev_attr_instances = {
	.attr = { .name = "instances", .mode = 0444 },
	.show = instances_show_ok,
};

static int bar_probe(struct platform_device *pdev)
{
	struct bar_iommu *bar = devm_kzalloc(&pdev->dev, sizeof(*bar), GFP_KERNEL);

	if (!bar)
		return -ENOMEM;
	bar->dev = &pdev->dev;
	bar->streams = 16;
	platform_set_drvdata(pdev, bar);
	return iommu_device_register(&bar->iommu, &bar_ops, &pdev->dev);
}

static void bar_remove_ok(struct platform_device *pdev)
{
	struct device *first = driver_find_device(&bar_driver.driver, NULL, NULL, device_match_name);

	put_device(first);
}

static struct platform_driver bar_driver = {
	.probe	= bar_probe,
	.remove	= bar_remove_ok,
	.driver	= { .name = "bar-iommu" },
};
module_platform_driver(bar_driver);
