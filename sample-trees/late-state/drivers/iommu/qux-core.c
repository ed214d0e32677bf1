// SPDX-License-Identifier: GPL-2.0
/* Fields set in another file, in a caller, and fields of the same name that are not meant. */
#include <linux/of_platform.h>
#include <linux/platform_device.h>

#include "qux-hw.h"

struct qux_fault {
	u32 resets;
	u32 ports;
};

static struct qux_fault qux_fault;

static int qux_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);
	struct qux_iommu *qux;
	int ret = 0;

	if (!pdev)
		return -ENODEV;
	qux = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	if (!qux_id_fits(qux, args->args[0]))
		ret = -EINVAL;
	dev_iommu_priv_set(dev, qux);
	return ret;
}

static struct iommu_device *qux_probe_device(struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);

	return qux->hw->ports ? &qux->iommu : ERR_PTR(-ENODEV);
}

static int qux_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);

	if (!qux->page_sizes)
		return -EINVAL;
	domain->pgsize_bitmap = qux->page_sizes;
	qux->resets++;
	return 0;
}

static const struct iommu_ops qux_ops = {
	.probe_device		= qux_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= qux_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= qux_attach_dev,
	},
};

static int qux_register_bad(struct qux_iommu *qux)
{
	return iommu_device_register(&qux->iommu, &qux_ops, qux->dev); /* expect: late-state qux_iommu.hw qux_probe_device effect=crash; late-state qux_iommu.id_bits qux_of_xlate; late-state qux_iommu.page_sizes qux_attach_dev effect=declined */
}

static int qux_probe_bad(struct platform_device *pdev)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	qux->dev = &pdev->dev;
	platform_set_drvdata(pdev, qux);
	ret = qux_register_bad(qux);
	if (ret)
		return ret;
	qux_hw_probe(qux);
	qux_hw_set_sizes(qux, SZ_4K);
	return 0;
}

static int qux_register_ok(struct qux_iommu *qux)
{
	int ret = iommu_device_register(&qux->iommu, &qux_ops, qux->dev);

	if (ret)
		return ret;

	/* Fields of these names exist in two structs: these are not the instance's. */
	qux_fault.resets = 1;
	qux_fault.ports = qux->hw->ports;
	return 0;
}

static int qux_probe_ok(struct platform_device *pdev)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	qux->dev = &pdev->dev;
	qux_hw_probe(qux);
	if (!qux->page_sizes)
		qux_hw_set_sizes(qux, SZ_4K);
	platform_set_drvdata(pdev, qux);
	return qux_register_ok(qux);
}

/* What is written is what the allocation left there. */
static int qux_zero_probe_ok(struct platform_device *pdev)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	qux->dev = &pdev->dev;
	qux_hw_probe(qux);
	qux_hw_set_sizes(qux, SZ_4K);
	platform_set_drvdata(pdev, qux);
	ret = iommu_device_register(&qux->iommu, &qux_ops, qux->dev);
	if (ret)
		return ret;
	qux->resets = 0;
	return 0;
}

static struct platform_driver qux_drivers[] = {
	{ .probe = qux_probe_bad, .driver = { .name = "qux-iommu" } },
	{ .probe = qux_probe_ok, .driver = { .name = "qux-ok" } },
	{ .probe = qux_zero_probe_ok, .driver = { .name = "qux-zero" } },
};

static int __init qux_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(qux_drivers) && !ret; i++)
		ret = platform_driver_register(&qux_drivers[i]);
	return ret;
}
module_init(qux_init);
