// SPDX-License-Identifier: GPL-2.0
/* Late fields that nothing inside the registration reads; power that something does need. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

struct grault_iommu {
	struct device *dev;
	void __iomem *regs;
	u32 *saved;
	u32 irq_mask;
	u32 *fault_log;
	struct device *debug;
	struct mutex remove_lock;
	int error;
	struct iommu_device iommu;
};

struct grault_master {
	u32 *saved;
	u32 *fault_log;
};

static int grault_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static struct iommu_device *grault_probe_device(struct device *dev)
{
	struct grault_iommu *grault = dev_iommu_priv_get(dev);

	return grault->error ? ERR_PTR(-EIO) : &grault->iommu;
}

/* A master of the same names, reached from the client's platform data. */
static void grault_probe_finalize(struct device *dev)
{
	struct grault_master *master = dev->platform_data;

	master->saved[0] = 1;
	master->fault_log[0] = 0;
}

static const struct iommu_ops grault_ops = {
	.probe_device	= grault_probe_device,
	.probe_finalize	= grault_probe_finalize,
	.device_group	= generic_device_group,
	.of_xlate	= grault_of_xlate,
};

static irqreturn_t grault_irq_ok(int irq, void *cookie)
{
	struct grault_iommu *grault = cookie;

	grault->fault_log[0] = readl(grault->regs) & grault->irq_mask;
	return IRQ_HANDLED;
}

static int grault_suspend_ok(struct device *dev)
{
	struct grault_iommu *grault = dev_get_drvdata(dev);

	grault->saved[0] = readl(grault->regs);
	return 0;
}

static ssize_t debug_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct grault_iommu *grault = dev_get_drvdata(dev);

	return snprintf(buf, PAGE_SIZE, "%s\n", dev_name(grault->debug));
}
static DEVICE_ATTR_RO(debug);

static void grault_remove_ok(struct platform_device *pdev)
{
	struct grault_iommu *grault = platform_get_drvdata(pdev);

	mutex_lock(&grault->remove_lock);
	iommu_device_unregister(&grault->iommu);
	mutex_unlock(&grault->remove_lock);
}

static int grault_probe_ok(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct grault_iommu *grault = devm_kzalloc(dev, sizeof(*grault), GFP_KERNEL);
	int ret;

	if (!grault)
		return -ENOMEM;
	platform_set_drvdata(pdev, grault);

	ret = iommu_device_register(&grault->iommu, &grault_ops, dev);
	if (ret) {
		grault->error = ret;
		return ret;
	}

	grault->saved = devm_kcalloc(dev, 16, sizeof(u32), GFP_KERNEL);
	grault->fault_log = devm_kcalloc(dev, 16, sizeof(u32), GFP_KERNEL);
	grault->debug = dev;
	grault->irq_mask = 0xff;
	mutex_init(&grault->remove_lock);
	pm_runtime_enable(dev);
	return devm_request_irq(dev, platform_get_irq(pdev, 0), grault_irq_ok, 0, "grault", grault);
}

static int grault_pm_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct grault_iommu *grault = dev_iommu_priv_get(dev);
	int ret;

	ret = pm_runtime_resume_and_get(grault->dev);
	if (ret)
		return ret;
	writel(1, grault->regs);
	pm_runtime_put(grault->dev);
	return 0;
}

static const struct iommu_ops grault_pm_ops = {
	.probe_device		= grault_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= grault_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= grault_pm_attach_dev,
	},
};

static int grault_pm_probe_bad(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct grault_iommu *grault = devm_kzalloc(dev, sizeof(*grault), GFP_KERNEL);
	int ret;

	if (!grault)
		return -ENOMEM;
	grault->dev = dev;
	platform_set_drvdata(pdev, grault);
	ret = iommu_device_register(&grault->iommu, &grault_pm_ops, dev); /* expect: late-state runtime PM grault_pm_attach_dev effect=declined */
	if (ret)
		return ret;
	pm_runtime_enable(dev);
	return 0;
}

static int grault_pm_probe_ok(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct grault_iommu *grault = devm_kzalloc(dev, sizeof(*grault), GFP_KERNEL);

	if (!grault)
		return -ENOMEM;
	grault->dev = dev;
	platform_set_drvdata(pdev, grault);
	pm_runtime_enable(dev);
	return iommu_device_register(&grault->iommu, &grault_pm_ops, dev);
}

static const struct dev_pm_ops grault_dev_pm_ops = {
	.suspend = grault_suspend_ok,
};

static struct platform_driver grault_drivers[] = {
	{
		.probe = grault_probe_ok,
		.remove = grault_remove_ok,
		.driver = { .name = "grault-iommu", .pm = &grault_dev_pm_ops },
	},
	{ .probe = grault_pm_probe_bad, .driver = { .name = "grault-pm" } },
	{ .probe = grault_pm_probe_ok, .driver = { .name = "grault-pm-ok" } },
};

static int __init grault_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(grault_drivers) && !ret; i++)
		ret = platform_driver_register(&grault_drivers[i]);
	return ret;
}
module_init(grault_init);
