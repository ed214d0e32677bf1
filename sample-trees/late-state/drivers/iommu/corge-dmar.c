// SPDX-License-Identifier: GPL-2.0
/* Hot-added units: written after registration, reached only through a list they join later. */
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/list.h>

struct corge_unit {
	struct list_head list;
	struct corge_iommu *iommu;
	u32 segment;
};

struct corge_iommu {
	struct corge_unit *unit;
	struct iommu_device iommu;
	u32 root;
};

static LIST_HEAD(corge_units);

static struct corge_iommu *corge_lookup(struct device *dev)
{
	struct corge_unit *unit;

	list_for_each_entry_rcu(unit, &corge_units, list) {
		if (unit->iommu && unit->segment == dev->can_match)
			return unit->iommu;
	}
	return NULL;
}

static struct iommu_device *corge_probe_device(struct device *dev)
{
	struct corge_iommu *iommu = corge_lookup(dev);

	return iommu ? &iommu->iommu : ERR_PTR(-ENODEV);
}

static int corge_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct corge_iommu *iommu = corge_lookup(dev);

	if (!iommu)
		return -ENODEV;
	iommu->root = iommu->unit->segment;
	return 0;
}

static const struct iommu_ops corge_ops = {
	.probe_device		= corge_probe_device,
	.device_group		= generic_device_group,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= corge_attach_dev,
	},
};

static int corge_alloc_iommu_ok(struct corge_unit *unit)
{
	struct corge_iommu *iommu = kzalloc(sizeof(*iommu), GFP_KERNEL);
	int ret;

	if (!iommu)
		return -ENOMEM;
	ret = iommu_device_register(&iommu->iommu, &corge_ops, NULL);
	if (ret) {
		kfree(iommu);
		return ret;
	}
	unit->iommu = iommu;
	iommu->unit = unit;
	return 0;
}

int corge_hot_add_ok(u32 segment)
{
	struct corge_unit *unit = kzalloc(sizeof(*unit), GFP_KERNEL);
	int ret;

	if (!unit)
		return -ENOMEM;
	unit->segment = segment;
	ret = corge_alloc_iommu_ok(unit);
	if (ret) {
		kfree(unit);
		return ret;
	}
	list_add_tail_rcu(&unit->list, &corge_units);
	return 0;
}
