// SPDX-License-Identifier: GPL-2.0
/* Two causes for one look-up that finds nothing: not bound yet, and no driver data either. */
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/virtio.h>

struct baz_viommu {
	struct iommu_device iommu;
};

static struct virtio_driver baz_driver;

static int baz_match_node(struct device *dev, const void *data)
{
	return device_match_fwnode(dev->parent, data);
}

static struct baz_viommu *baz_get_by_fwnode_bad(struct fwnode_handle *fwnode)
{
	struct device *dev = driver_find_device(&baz_driver.driver, NULL, fwnode, baz_match_node); /* expect: bound-only-lookup */

	put_device(dev);
	return dev ? dev_to_virtio(dev)->priv : NULL;
}

static struct iommu_device *baz_probe_device(struct device *dev)
{
	struct baz_viommu *viommu = baz_get_by_fwnode_bad(dev_iommu_fwspec_get(dev)->iommu_fwnode);

	return viommu ? &viommu->iommu : ERR_PTR(-ENODEV);
}

static int baz_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops baz_ops = {
	.probe_device	= baz_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= baz_of_xlate,
};

static int baz_probe(struct virtio_device *vdev)
{
	struct baz_viommu *viommu = devm_kzalloc(&vdev->dev, sizeof(*viommu), GFP_KERNEL);
	int ret;

	if (!viommu)
		return -ENOMEM;
	virtio_device_ready(vdev);
	ret = iommu_device_register(&viommu->iommu, &baz_ops, vdev->dev.parent);
	if (ret)
		return ret;
	vdev->priv = viommu;
	return 0;
}

static struct virtio_driver baz_driver = {
	.driver	= { .name = "baz-viommu" },
	.probe	= baz_probe,
};

static int __init baz_init(void)
{
	return register_virtio_driver(&baz_driver);
}
device_initcall(baz_init);
