// SPDX-License-Identifier: GPL-2.0
/* Late globals that nothing inside the registration reads. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

struct garply_iommu {
	void __iomem *regs;
	struct iommu_device iommu;
};

static struct garply_iommu *garply;
static struct device *garply_fault_dev;
static struct device *garply_pm_dev;
static void __iomem *garply_debug_regs;
static u32 *garply_saved;
static struct device *garply_response_dev;
static int garply_last_error;
static struct device *garply_failed_dev;

static struct iommu_device *garply_probe_device(struct device *dev)
{
	if (garply_last_error)
		dev_warn(dev, "an instance failed: %d\n", garply_last_error);
	return &garply->iommu;
}

static int garply_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

/* None of these four runs inside iommu_device_register(). */
static void garply_page_response_ok(struct device *dev, struct iopf_fault *evt,
				 struct iommu_page_response *msg)
{
	dev_dbg(dev, "answered by %s\n", garply_response_dev->init_name);
}

static int garply_set_dev_pasid_ok(struct iommu_domain *domain, struct device *dev, u32 pasid)
{
	return garply_response_dev->can_match ? 0 : -EINVAL;
}

static void *garply_hw_info_ok(struct device *dev, u32 *length, u32 *type)
{
	*length = garply_saved[0];
	return NULL;
}

static int garply_dev_enable_feat_ok(struct device *dev, int feature)
{
	return garply_saved[1] & BIT(feature) ? 0 : -ENODEV;
}

static const struct iommu_ops garply_ops = {
	.hw_info		= garply_hw_info_ok,
	.probe_device		= garply_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= garply_of_xlate,
	.dev_enable_feat	= garply_dev_enable_feat_ok,
	.page_response		= garply_page_response_ok,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.set_dev_pasid	= garply_set_dev_pasid_ok,
	},
};

static irqreturn_t garply_fault_ok(int irq, void *cookie)
{
	report_iommu_fault(NULL, garply_fault_dev, readl(garply->regs), 0);
	dev_err(garply_fault_dev->parent, "fault\n");
	return IRQ_HANDLED;
}

static int garply_suspend_ok(struct device *dev)
{
	garply_saved[0] = readl(garply->regs);
	dev_dbg(garply_pm_dev->parent, "saved\n");
	return 0;
}

static ssize_t regs_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return snprintf(buf, PAGE_SIZE, "%x\n", readl(garply_debug_regs));
}
static DEVICE_ATTR_RO(regs);

static int garply_probe_ok(struct platform_device *pdev)
{
	int irq = platform_get_irq(pdev, 0);
	int ret;

	garply = devm_kzalloc(&pdev->dev, sizeof(*garply), GFP_KERNEL);
	if (!garply)
		return -ENOMEM;

	ret = iommu_device_register(&garply->iommu, &garply_ops, &pdev->dev);
	if (ret) {
		garply_last_error = ret;
		garply_failed_dev = &pdev->dev;
		return ret;
	}

	garply_saved = devm_kcalloc(&pdev->dev, 64, sizeof(*garply_saved), GFP_KERNEL);
	garply_pm_dev = &pdev->dev;
	garply_fault_dev = &pdev->dev;
	garply_response_dev = &pdev->dev;
	garply_debug_regs = garply->regs + 0x1000;
	pm_runtime_enable(&pdev->dev);
	return devm_request_irq(&pdev->dev, irq, garply_fault_ok, 0, "garply", garply);
}

static void garply_remove_ok(struct platform_device *pdev)
{
	dev_dbg(garply_debug_regs ? garply_pm_dev : &pdev->dev, "gone\n");
	iommu_device_unregister(&garply->iommu);
}

static const struct dev_pm_ops garply_pm_ops = {
	.suspend = garply_suspend_ok,
};

static struct platform_driver garply_driver = {
	.probe	= garply_probe_ok,
	.remove	= garply_remove_ok,
	.driver	= { .name = "garply-iommu", .pm = &garply_pm_ops },
};
module_platform_driver(garply_driver);
