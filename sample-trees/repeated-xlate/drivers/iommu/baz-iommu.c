// SPDX-License-Identifier: GPL-2.0
/* Lists, shared state, and what is dropped between two calls for one client. */
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

struct baz_iommu {
	struct device *dev;
	struct iommu_domain *domain;
	unsigned int clients;
	struct list_head masters;
	struct list_head owner_node;
	struct iommu_device iommu;
};

struct baz_master {
	struct list_head list;
	u32 sid;
};

struct baz_owner {
	struct list_head controllers;
};

static struct iommu_domain baz_identity_domain;
static struct baz_master baz_slots[16];

static struct baz_iommu *baz_find(struct device_node *np)
{
	struct platform_device *pdev = of_find_device_by_node(np);
	struct baz_iommu *baz;

	if (!pdev)
		return NULL;
	baz = platform_get_drvdata(pdev);
	put_device(&pdev->dev);
	return baz;
}

static struct iommu_device *baz_probe_device(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	return baz ? &baz->iommu : ERR_PTR(-ENODEV);
}

/* The same entry joins twice, and the list is a ring with a short cut. */
static int baz_list_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);
	struct baz_master *master = &baz_slots[args->args[0] % ARRAY_SIZE(baz_slots)];

	if (!baz)
		return -ENODEV;
	list_add_tail(&master->list, &baz->masters); /* expect: repeated-xlate */
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static const struct iommu_ops baz_list_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_list_of_xlate_bad,
};

static bool baz_is_listed(struct baz_iommu *baz, struct baz_master *master)
{
	struct baz_master *pos;

	list_for_each_entry(pos, &baz->masters, list) {
		if (pos == master)
			return true;
	}
	return false;
}

static int baz_list_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);
	struct baz_master *master = &baz_slots[args->args[0] % ARRAY_SIZE(baz_slots)];

	if (!baz)
		return -ENODEV;
	if (!baz_is_listed(baz, master))
		list_add_tail(&master->list, &baz->masters);
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static int baz_empty_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);
	struct baz_master *master = &baz_slots[args->args[0] % ARRAY_SIZE(baz_slots)];

	if (!baz)
		return -ENODEV;
	if (list_empty(&master->list))
		list_add_tail(&master->list, &baz->masters);
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static int baz_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	baz->domain = domain;
	return 0;
}

static const struct iommu_domain_ops baz_domain_ops = {
	.attach_dev	= baz_attach_dev,
};

/* A client that comes back while another one is attached resets them both. */
static int baz_reset_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);

	if (!baz)
		return -ENODEV;
	baz->domain = &baz_identity_domain; /* expect: repeated-xlate */
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static const struct iommu_ops baz_reset_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_reset_of_xlate_bad,
	.default_domain_ops = &baz_domain_ops,
};

static int baz_count_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);

	if (!baz)
		return -ENODEV;
	baz->clients++; /* expect: repeated-xlate */
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static const struct iommu_ops baz_count_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_count_of_xlate_bad,
};

static int baz_reset_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);

	if (!baz)
		return -ENODEV;
	if (!baz->domain)
		baz->domain = &baz_identity_domain;
	dev_iommu_priv_set(dev, baz);
	return 0;
}

/* Says who is there, the same each time. */
static int baz_flag_of_xlate_ok(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_iommu *baz = baz_find(args->np);

	if (!baz)
		return -ENODEV;
	baz->dev = dev;
	dev_iommu_priv_set(dev, baz);
	return 0;
}

static const struct iommu_ops baz_flag_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_flag_of_xlate_ok,
};

static const struct iommu_ops baz_listed_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_list_of_xlate_ok,
};

static const struct iommu_ops baz_empty_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_empty_of_xlate_ok,
};

static const struct iommu_ops baz_kept_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_reset_of_xlate_ok,
};

/*
 * A client behind two instances has of_xlate called for each. When the second
 * is not there yet the core drops dev->iommu, and the owner with it; the first
 * instance stays on a list that nobody holds any more.
 */
static int baz_owner_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_owner *owner = dev_iommu_priv_get(dev);
	struct baz_iommu *baz = baz_find(args->np), *entry;

	if (!baz)
		return -ENODEV;
	if (!owner) {
		owner = kzalloc(sizeof(*owner), GFP_KERNEL);
		if (!owner)
			return -ENOMEM;
		INIT_LIST_HEAD(&owner->controllers);
		dev_iommu_priv_set(dev, owner);
	}
	list_for_each_entry(entry, &owner->controllers, owner_node) {
		if (entry == baz)
			return 0;
	}
	list_add_tail(&baz->owner_node, &owner->controllers); /* expect: repeated-xlate */
	return 0;
}

static const struct iommu_ops baz_owner_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_owner_of_xlate_bad,
};

/* The list remembers that there is a master, and what is dropped says which one. */
static int baz_first_of_xlate_bad(struct device *dev, const struct of_phandle_args *args)
{
	struct baz_master *master = dev_iommu_priv_get(dev);
	struct baz_iommu *baz = baz_find(args->np);

	if (!baz)
		return -ENODEV;
	if (list_empty(&baz->masters)) {
		master = kzalloc(sizeof(*master), GFP_KERNEL);
		if (!master)
			return -ENOMEM;
		list_add(&master->list, &baz->masters);
		dev_iommu_priv_set(dev, master);
	}
	master->sid = args->args[0]; /* expect: repeated-xlate dev_iommu.priv effect=crash */
	return 0;
}

static const struct iommu_ops baz_first_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_first_of_xlate_bad,
};

static const struct iommu_ops *baz_ops_of(unsigned int variant)
{
	switch (variant) {
	case 0:
		return &baz_list_ops;
	case 1:
		return &baz_reset_ops;
	case 2:
		return &baz_count_ops;
	case 3:
		return &baz_owner_ops;
	case 4:
		return &baz_listed_ops;
	case 5:
		return &baz_empty_ops;
	case 6:
		return &baz_first_ops;
	case 7:
		return &baz_flag_ops;
	default:
		return &baz_kept_ops;
	}
}

static int baz_probe(struct platform_device *pdev)
{
	struct baz_iommu *baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);

	if (!baz)
		return -ENOMEM;
	baz->dev = &pdev->dev;
	INIT_LIST_HEAD(&baz->masters);
	platform_set_drvdata(pdev, baz);
	return iommu_device_register(&baz->iommu, baz_ops_of(pdev->id), &pdev->dev);
}

static struct platform_driver baz_driver = {
	.probe	= baz_probe,
	.driver	= { .name = "baz-iommu" },
};
builtin_platform_driver(baz_driver);
