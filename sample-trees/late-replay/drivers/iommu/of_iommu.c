// SPDX-License-Identifier: GPL-2.0
/* The "iommus" property of a client node, told to the IOMMU driver it points at. */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/of_iommu.h>

static int of_iommu_xlate(struct device *dev, struct of_phandle_args *iommu_spec)
{
	const struct iommu_ops *ops;
	int ret;

	ret = iommu_fwspec_init(dev, of_fwnode_handle(iommu_spec->np));
	if (ret)
		return ret;

	ops = iommu_ops_from_fwnode(&iommu_spec->np->fwnode);
	if (!ops->of_xlate)
		return -ENODEV;
	return ops->of_xlate(dev, iommu_spec);
}

static int of_iommu_configure_device(struct device_node *master_np, struct device *dev)
{
	struct of_phandle_args iommu_spec;
	int ret = -ENODEV, idx = 0;

	while (!of_parse_phandle_with_args(master_np, "iommus", "#iommu-cells",
					   idx, &iommu_spec)) {
		ret = of_iommu_xlate(dev, &iommu_spec);
		of_node_put(iommu_spec.np);
		idx++;
		if (ret)
			break;
	}
	return ret;
}

/* Runs inside the probe it replays, and again when a driver binds. */
static int of_iommu_replay_bad(struct device *dev)
{
	if (!dev->bus)
		return 0;
	return iommu_probe_device(dev); /* expect: late-replay */
}

int of_iommu_configure(struct device *dev, struct device_node *master_np, const u32 *id)
{
	bool had_iommu;
	int ret;

	if (!master_np)
		return -ENODEV;

	mutex_lock(&iommu_probe_device_lock);
	if (dev_iommu_fwspec_get(dev)) {
		mutex_unlock(&iommu_probe_device_lock);
		return 0;
	}

	had_iommu = dev->iommu;
	ret = of_iommu_configure_device(master_np, dev);
	if (ret && had_iommu)
		iommu_fwspec_free(dev);
	else if (ret && dev->iommu)
		dev_iommu_free(dev);
	mutex_unlock(&iommu_probe_device_lock);

	return ret ?: of_iommu_replay_bad(dev);
}
