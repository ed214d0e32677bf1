// SPDX-License-Identifier: GPL-2.0
/* Fields of the instance: pointers, numbers and a nested struct, filled in too late. */
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

#define FOO_IDR0	0x0
#define FOO_IDR1	0x4

struct foo_features {
	u32 streams;
	bool coherent;
};

struct foo_iommu {
	struct device *dev;
	void __iomem *regs;
	u32 version;
	u32 *stream_map;
	struct foo_features feat;
	const struct foo_iommu_ops *impl;
	struct iommu_device iommu;
};

struct foo_iommu_ops {
	void (*reset)(struct foo_iommu *foo, u32 stream);
};

struct foo_domain {
	struct iommu_domain domain;
	u32 *stream_map;
	u32 version;
};

static struct foo_iommu *dev_to_foo(struct device *dev)
{
	return dev_iommu_priv_get(dev);
}

static int foo_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static struct iommu_device *foo_probe_device(struct device *dev)
{
	struct foo_iommu *foo = dev_to_foo(dev);
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (fwspec->ids[0] >= foo->feat.streams)
		return ERR_PTR(-EINVAL);
	return &foo->iommu;
}

static bool foo_capable(struct device *dev, enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return dev_to_foo(dev)->version >= 2;
	default:
		return false;
	}
}

static void foo_mark(struct foo_iommu *foo, struct iommu_fwspec *fwspec)
{
	unsigned int i;

	for (i = 0; i < fwspec->num_ids; i++)
		foo->stream_map[fwspec->ids[i]] = 1;
}

static int foo_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct foo_iommu *foo = dev_to_foo(dev);

	foo_mark(foo, dev_iommu_fwspec_get(dev));
	return 0;
}

static void foo_probe_finalize(struct device *dev)
{
	struct foo_iommu *foo = dev_to_foo(dev);

	foo->impl->reset(foo, 0);
}

static const struct iommu_ops foo_ops = {
	.capable		= foo_capable,
	.probe_device		= foo_probe_device,
	.probe_finalize		= foo_probe_finalize,
	.device_group		= generic_device_group,
	.of_xlate		= foo_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= foo_attach_dev,
	},
};

static void foo_reset(struct foo_iommu *foo, u32 stream)
{
	writel(stream, foo->regs);
}

static const struct foo_iommu_ops foo_v1_impl = { .reset = foo_reset };

static void foo_read_features(struct foo_iommu *foo)
{
	u32 idr = readl(foo->regs + FOO_IDR1);

	foo->feat.streams = idr & 0xff;
	foo->feat.coherent = idr & BIT(31);
}

static int foo_probe_bad(struct platform_device *pdev)
{
	struct foo_iommu *foo;
	int ret;

	foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);
	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	foo->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(foo->regs))
		return PTR_ERR(foo->regs);
	platform_set_drvdata(pdev, foo);

	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev); /* expect: late-state foo_iommu.version foo_capable effect=wrong-value; late-state foo_iommu.stream_map foo_attach_dev effect=crash; late-state foo_iommu.feat.streams foo_probe_device effect=declined; late-state foo_iommu.impl foo_probe_finalize effect=crash */
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot register\n");

	foo_read_features(foo);
	foo->version = readl(foo->regs + FOO_IDR0) & 0xf;
	foo->impl = &foo_v1_impl;
	foo->stream_map = devm_kcalloc(&pdev->dev, foo->feat.streams, sizeof(u32), GFP_KERNEL);
	return foo->stream_map ? 0 : -ENOMEM;
}

static int foo_probe_ok(struct platform_device *pdev)
{
	struct foo_iommu *foo;
	int ret;

	foo = devm_kzalloc(&pdev->dev, sizeof(*foo), GFP_KERNEL);
	if (!foo)
		return -ENOMEM;
	foo->dev = &pdev->dev;
	foo->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(foo->regs))
		return PTR_ERR(foo->regs);
	foo_read_features(foo);
	foo->version = readl(foo->regs + FOO_IDR0) & 0xf;
	foo->impl = &foo_v1_impl;
	foo->stream_map = devm_kcalloc(&pdev->dev, foo->feat.streams, sizeof(u32), GFP_KERNEL);
	if (!foo->stream_map)
		return -ENOMEM;
	platform_set_drvdata(pdev, foo);

	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
	if (ret) {
		foo->stream_map = NULL;
		foo->impl = NULL;
	}
	return ret;
}

/* A domain made after registration: its fields only look like those of the instance. */
static int foo_domain_probe_ok(struct platform_device *pdev)
{
	struct foo_iommu *foo = platform_get_drvdata(pdev);
	struct foo_domain *dom;
	int ret;

	ret = iommu_device_register(&foo->iommu, &foo_ops, &pdev->dev);
	if (ret)
		return ret;

	dom = devm_kzalloc(&pdev->dev, sizeof(*dom), GFP_KERNEL);
	if (!dom)
		return -ENOMEM;
	dom->version = 1;
	dom->stream_map = devm_kcalloc(&pdev->dev, 4, sizeof(u32), GFP_KERNEL);
	return dom->stream_map ? 0 : -ENOMEM;
}

static struct platform_driver foo_drivers[] = {
	{ .probe = foo_probe_bad, .driver = { .name = "foo-iommu" } },
	{ .probe = foo_probe_ok, .driver = { .name = "foo-early" } },
	{ .probe = foo_domain_probe_ok, .driver = { .name = "foo-domain" } },
};

static int __init foo_init(void)
{
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(foo_drivers) && !ret; i++)
		ret = platform_driver_register(&foo_drivers[i]);
	return ret;
}
module_init(foo_init);
