// SPDX-License-Identifier: GPL-2.0
/* Qux IOMMU: everything a callback needs is in place before it registers. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#define QUX_TTBR	0x10
#define QUX_FAULT	0x20
#define QUX_STREAMS	16

struct qux_iommu {
	struct device *dev;
	void __iomem *regs;
	struct iommu_device iommu;
	struct iommu_group *groups[QUX_STREAMS];
	struct mutex lock;
	unsigned int faults;
};

struct qux_domain {
	struct iommu_domain domain;
	phys_addr_t ttbr;
};

static irqreturn_t qux_iommu_fault(int irq, void *cookie)
{
	struct qux_iommu *qux = cookie;

	qux->faults++;
	writel(readl(qux->regs + QUX_FAULT), qux->regs + QUX_FAULT);
	return IRQ_HANDLED;
}

static struct iommu_domain *qux_domain_alloc_paging(struct device *dev)
{
	struct qux_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	return domain ? &domain->domain : NULL;
}

static void qux_domain_free(struct iommu_domain *domain)
{
	kfree(container_of(domain, struct qux_domain, domain));
}

static int qux_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);

	writel(container_of(domain, struct qux_domain, domain)->ttbr, qux->regs + QUX_TTBR);
	return 0;
}

static struct iommu_device *qux_probe_device(struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);

	return qux ? &qux->iommu : ERR_PTR(-ENODEV);
}

static struct iommu_group *qux_device_group(struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);
	unsigned int sid = dev_iommu_fwspec_get(dev)->ids[0] % QUX_STREAMS;

	guard(mutex)(&qux->lock);
	if (qux->groups[sid])
		return iommu_group_ref_get(qux->groups[sid]);
	qux->groups[sid] = iommu_group_alloc();
	return qux->groups[sid];
}

static int qux_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops qux_iommu_ops = {
	.domain_alloc_paging	= qux_domain_alloc_paging,
	.probe_device		= qux_probe_device,
	.device_group		= qux_device_group,
	.of_xlate		= qux_of_xlate,
	.pgsize_bitmap		= SZ_4K,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= qux_attach_dev,
		.free		= qux_domain_free,
	},
};

static int qux_iommu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct qux_iommu *qux;
	int irq, ret;

	qux = devm_kzalloc(dev, sizeof(*qux), GFP_KERNEL);
	if (!qux)
		return -ENOMEM;
	qux->dev = dev;
	mutex_init(&qux->lock);
	qux->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(qux->regs))
		return PTR_ERR(qux->regs);
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	platform_set_drvdata(pdev, qux);

	ret = iommu_device_register(&qux->iommu, &qux_iommu_ops, dev);
	if (ret)
		return dev_err_probe(dev, ret, "not registered\n");

	/* Nothing that runs inside the registration needs power or the interrupt. */
	pm_runtime_enable(dev);
	return devm_request_irq(dev, irq, qux_iommu_fault, IRQF_SHARED, dev_name(dev), qux);
}

static const struct of_device_id qux_iommu_of_ids[] = {
	{ .compatible = "qux,iommu" },
	{ }
};

static struct platform_driver qux_iommu_driver = {
	.probe = qux_iommu_probe,
	.driver = {
		.name = "qux-iommu",
		.of_match_table = qux_iommu_of_ids,
	},
};
module_platform_driver(qux_iommu_driver);
MODULE_LICENSE("GPL");
