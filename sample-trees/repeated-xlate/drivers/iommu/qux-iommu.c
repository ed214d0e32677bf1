// SPDX-License-Identifier: GPL-2.0
/* Ways to look first, and ways not to lose what was there. */
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct qux_table {
	u64 entries[8];
};

struct qux_iommu {
	struct mutex lock;
	struct qux_table *table;
	unsigned int users;
	unsigned int limit;
	struct iommu_device iommu;
};

static struct qux_iommu qux;

static struct iommu_device *qux_probe_device(struct device *dev)
{
	return &qux.iommu;
}

/* The mask is the device's own member until the first call has allocated one. */
static int qux_mask_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	if (dev->dma_mask == &dev->coherent_dma_mask) {
		dev->dma_mask = kzalloc(sizeof(*dev->dma_mask), GFP_KERNEL);
		if (!dev->dma_mask)
			return -ENOMEM;
	}
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops qux_mask_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_mask_of_xlate_ok,
};

/* Allocates before it takes the lock, and gives the new one up where another was first. */
static int qux_race_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct qux_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return -ENOMEM;
	mutex_lock(&qux.lock);
	if (qux.table) {
		mutex_unlock(&qux.lock);
		kfree(table);
		return 0;
	}
	qux.table = table;
	mutex_unlock(&qux.lock);
	return 0;
}

static const struct iommu_ops qux_race_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_race_of_xlate_ok,
};

/* The old table is freed once the new one stands in its place. */
static int qux_grown_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct qux_table *old = qux.table, *table;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	if (old)
		memcpy(table, old, sizeof(*table));
	qux.table = table;
	kfree(old);
	return 0;
}

static const struct iommu_ops qux_grown_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_grown_of_xlate_ok,
};

/* Freed on one way only. */
static int qux_partly_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct qux_table *table = kzalloc(sizeof(*table), GFP_KERNEL); /* expect: repeated-xlate qux_iommu.table effect=leak */

	if (!table)
		return -ENOMEM;
	if (args->args_count > 1)
		kfree(qux.table);
	qux.table = table;
	return 0;
}

static const struct iommu_ops qux_partly_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_partly_of_xlate_bad,
};

static int qux_counted_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	if (qux.users++ == 0)
		qux.table = kzalloc(sizeof(*qux.table), GFP_KERNEL);
	return qux.table ? 0 : -ENOMEM;
}

static const struct iommu_ops qux_counted_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_counted_of_xlate_ok,
};

/* Looks at a count, which says when to stop and not whether there is a table. */
static int qux_limited_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	if (qux.limit > 8)
		return -ENOSPC;
	qux.limit += args->args_count;
	qux.table = kzalloc(sizeof(*qux.table), GFP_KERNEL); /* expect: repeated-xlate qux_iommu.table effect=leak */
	return qux.table ? 0 : -ENOMEM;
}

static const struct iommu_ops qux_limited_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_limited_of_xlate_bad,
};

static int qux_either_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	qux.table = qux.table ?: kzalloc(sizeof(*qux.table), GFP_KERNEL);
	return qux.table ? 0 : -ENOMEM;
}

static const struct iommu_ops qux_either_ops = {
	.probe_device	= qux_probe_device,
	.of_xlate	= qux_either_of_xlate_ok,
};

static const struct iommu_ops *qux_ops_of(int id)
{
	switch (id) {
	case 0:
		return &qux_mask_ops;
	case 1:
		return &qux_race_ops;
	case 2:
		return &qux_grown_ops;
	case 3:
		return &qux_partly_ops;
	case 4:
		return &qux_counted_ops;
	case 5:
		return &qux_limited_ops;
	default:
		return &qux_either_ops;
	}
}

static int qux_probe(struct platform_device *pdev)
{
	mutex_init(&qux.lock);
	return iommu_device_register(&qux.iommu, qux_ops_of(pdev->id), &pdev->dev);
}

static struct platform_driver qux_driver = {
	.probe	= qux_probe,
	.driver	= { .name = "qux-iommu" },
};
builtin_platform_driver(qux_driver);
