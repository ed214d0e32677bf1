// SPDX-License-Identifier: GPL-2.0
/* Power of the instance: runtime PM and a clock that the callbacks need to reach its registers. */
#include <linux/clk.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#define WALDO_CTRL	0x10
#define WALDO_FLUSH	0x14

struct waldo_iommu {
	struct device *dev;
	void __iomem *regs;
	struct clk *bus_clk;
	struct clk *core_clk;
	struct iommu_device iommu;
};

static int waldo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static struct iommu_device *waldo_probe_device(struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);

	return &waldo->iommu;
}

static int waldo_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);
	int ret = pm_runtime_resume_and_get(waldo->dev);

	if (ret < 0)
		return ret;
	writel(1, waldo->regs + WALDO_CTRL);
	pm_runtime_put(waldo->dev);
	return 0;
}

static void waldo_probe_finalize(struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);

	pm_runtime_get_sync(waldo->dev);
	writel(1, waldo->regs + WALDO_FLUSH);
	pm_runtime_put(waldo->dev);
}

/* The client's own runtime PM is none of the instance's. */
static bool waldo_is_attach_deferred(struct device *dev)
{
	return pm_runtime_get_if_in_use(dev) < 0;
}

static const struct iommu_ops waldo_ops = {
	.probe_device		= waldo_probe_device,
	.probe_finalize		= waldo_probe_finalize,
	.device_group		= generic_device_group,
	.of_xlate		= waldo_of_xlate,
	.is_attach_deferred	= waldo_is_attach_deferred,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= waldo_attach_dev,
	},
};

static struct waldo_iommu *waldo_alloc(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = devm_kzalloc(&pdev->dev, sizeof(*waldo), GFP_KERNEL);

	if (!waldo)
		return NULL;
	waldo->dev = &pdev->dev;
	waldo->regs = devm_platform_ioremap_resource(pdev, 0);
	waldo->bus_clk = devm_clk_get(&pdev->dev, "bus");
	waldo->core_clk = devm_clk_get(&pdev->dev, "core");
	platform_set_drvdata(pdev, waldo);
	return waldo;
}

static int waldo_probe_bad(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = iommu_device_register(&waldo->iommu, &waldo_ops, &pdev->dev); /* expect: late-state runtime PM waldo_attach_dev effect=declined; late-state runtime PM waldo_probe_finalize effect=unready */
	if (ret)
		return ret;
	pm_runtime_enable(&pdev->dev);
	return 0;
}

static int waldo_probe_ok(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	pm_runtime_enable(&pdev->dev);
	ret = iommu_device_register(&waldo->iommu, &waldo_ops, &pdev->dev);
	if (ret)
		pm_runtime_disable(&pdev->dev);
	return ret;
}

/* A device that may lack runtime PM altogether asks first. */
static int waldo_careful_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);
	int ret;

	if (pm_runtime_enabled(waldo->dev)) {
		ret = pm_runtime_resume_and_get(waldo->dev);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Programmed when the device resumes, if it is not in use. */
static void waldo_lazy_probe_finalize(struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);

	if (pm_runtime_get_if_in_use(waldo->dev) <= 0)
		return;
	writel(1, waldo->regs + WALDO_FLUSH);
	pm_runtime_put(waldo->dev);
}

static const struct iommu_ops waldo_careful_ops = {
	.probe_device		= waldo_probe_device,
	.probe_finalize		= waldo_lazy_probe_finalize,
	.device_group		= generic_device_group,
	.of_xlate		= waldo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= waldo_careful_attach_dev,
	},
};

static int waldo_careful_probe_ok(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = iommu_device_register(&waldo->iommu, &waldo_careful_ops, &pdev->dev);
	if (ret)
		return ret;
	pm_runtime_enable(&pdev->dev);
	return 0;
}

static int waldo_clocked_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct waldo_iommu *waldo = dev_iommu_priv_get(dev);
	int ret = clk_enable(waldo->core_clk);

	if (ret)
		return ret;
	writel(1, waldo->regs + WALDO_CTRL);
	clk_disable(waldo->core_clk);
	return 0;
}

static const struct iommu_ops waldo_clocked_ops = {
	.probe_device		= waldo_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= waldo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= waldo_clocked_attach_dev,
	},
};

static int waldo_clock_probe_bad(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = iommu_device_register(&waldo->iommu, &waldo_clocked_ops, &pdev->dev); /* expect: late-state waldo_iommu.bus_clk waldo_clocked_attach_dev effect=unready */
	if (ret)
		return ret;
	return clk_prepare_enable(waldo->bus_clk);
}

static int waldo_clock_probe_ok(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = clk_prepare_enable(waldo->bus_clk);
	if (ret)
		return ret;
	return iommu_device_register(&waldo->iommu, &waldo_clocked_ops, &pdev->dev);
}

/* The callback switches on for itself what probe keeps on for the interrupt. */
static int waldo_core_probe_ok(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = iommu_device_register(&waldo->iommu, &waldo_clocked_ops, &pdev->dev);
	if (ret)
		return ret;
	return clk_enable(waldo->core_clk);
}

/* Nothing that the core asks for by itself is attached. */
static struct iommu_domain *waldo_picky_domain_alloc(unsigned int type)
{
	if (type != IOMMU_DOMAIN_UNMANAGED)
		return NULL;
	return kzalloc(sizeof(struct iommu_domain), GFP_KERNEL);
}

static const struct iommu_ops waldo_picky_ops = {
	.domain_alloc		= waldo_picky_domain_alloc,
	.probe_device		= waldo_probe_device,
	.device_group		= generic_device_group,
	.of_xlate		= waldo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= waldo_attach_dev,
	},
};

static int waldo_picky_probe_ok(struct platform_device *pdev)
{
	struct waldo_iommu *waldo = waldo_alloc(pdev);
	int ret;

	if (!waldo)
		return -ENOMEM;
	ret = iommu_device_register(&waldo->iommu, &waldo_picky_ops, &pdev->dev);
	if (ret)
		return ret;
	pm_runtime_enable(&pdev->dev);
	return 0;
}

static struct platform_driver waldo_drivers[] = {
	{ .probe = waldo_probe_bad, .driver = { .name = "waldo-iommu" } },
	{ .probe = waldo_probe_ok, .driver = { .name = "waldo-early" } },
	{ .probe = waldo_careful_probe_ok, .driver = { .name = "waldo-careful" } },
	{ .probe = waldo_clock_probe_bad, .driver = { .name = "waldo-clock" } },
	{ .probe = waldo_clock_probe_ok, .driver = { .name = "waldo-clocked" } },
	{ .probe = waldo_core_probe_ok, .driver = { .name = "waldo-core" } },
	{ .probe = waldo_picky_probe_ok, .driver = { .name = "waldo-picky" } },
};

static int __init waldo_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(waldo_drivers) && !ret; i++)
		ret = platform_driver_register(&waldo_drivers[i]);
	return ret;
}
module_init(waldo_init);
