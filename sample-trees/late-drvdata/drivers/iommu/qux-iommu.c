// SPDX-License-Identifier: GPL-2.0
/* The same on other buses: AMBA, I2C, PCI, virtio. */
#include <linux/amba/bus.h>
#include <linux/i2c.h>
#include <linux/iommu.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/virtio.h>

extern const struct bus_type virtio_bus;

struct qux_iommu {
	u32 features;
	struct iommu_device iommu;
};

static struct iommu_device *qux_probe_device(struct device *dev)
{
	struct qux_iommu *qux = dev_iommu_priv_get(dev);

	return qux ? &qux->iommu : ERR_PTR(-ENODEV);
}

static int qux_amba_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct device *found = bus_find_device_by_of_node(&amba_bustype, args->np);
	struct qux_iommu *qux;

	if (!found)
		return -ENODEV;
	qux = amba_get_drvdata(to_amba_device(found));
	put_device(found);
	if (!(qux->features & BIT(args->args[0])))
		return -EINVAL;
	dev_iommu_priv_set(dev, qux);
	return 0;
}

static const struct iommu_ops qux_amba_ops = {
	.probe_device	= qux_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= qux_amba_of_xlate,
};

static int qux_amba_probe_bad(struct amba_device *adev, const struct amba_id *id)
{
	struct qux_iommu *qux = devm_kzalloc(&adev->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	ret = iommu_device_register(&qux->iommu, &qux_amba_ops, &adev->dev); /* expect: late-drvdata driver data qux_amba_of_xlate effect=crash */
	if (ret)
		return ret;
	amba_set_drvdata(adev, qux);
	return 0;
}

static int qux_amba_probe_ok(struct amba_device *adev, const struct amba_id *id)
{
	struct qux_iommu *qux = devm_kzalloc(&adev->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	amba_set_drvdata(adev, qux);
	return iommu_device_register(&qux->iommu, &qux_amba_ops, &adev->dev);
}

static int qux_i2c_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct i2c_client *client = of_find_i2c_device_by_node(args->np);
	struct qux_iommu *qux;

	if (!client)
		return -ENODEV;
	qux = i2c_get_clientdata(client);
	put_device(&client->dev);
	if (!qux)
		return -ENODEV;
	dev_iommu_priv_set(dev, qux);
	return 0;
}

static const struct iommu_ops qux_i2c_ops = {
	.probe_device	= qux_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= qux_i2c_of_xlate,
};

static int qux_i2c_probe_bad(struct i2c_client *client)
{
	struct qux_iommu *qux = devm_kzalloc(&client->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	ret = iommu_device_register(&qux->iommu, &qux_i2c_ops, &client->dev); /* expect: late-drvdata driver data qux_i2c_of_xlate effect=declined */
	if (ret)
		return ret;
	i2c_set_clientdata(client, qux);
	return 0;
}

static int qux_i2c_probe_ok(struct i2c_client *client)
{
	struct qux_iommu *qux = devm_kzalloc(&client->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	i2c_set_clientdata(client, qux);
	return iommu_device_register(&qux->iommu, &qux_i2c_ops, &client->dev);
}

static int qux_pci_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct device *found = bus_find_device_by_of_node(&pci_bus_type, args->np);
	struct qux_iommu *qux = found ? pci_get_drvdata(to_pci_dev(found)) : NULL;

	put_device(found);
	if (!qux)
		return -ENODEV;
	dev_iommu_priv_set(dev, qux);
	return 0;
}

static const struct iommu_ops qux_pci_ops = {
	.probe_device	= qux_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= qux_pci_of_xlate,
};

static int qux_pci_probe_bad(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = iommu_device_register(&qux->iommu, &qux_pci_ops, &pdev->dev); /* expect: late-drvdata driver data qux_pci_of_xlate effect=declined */
	if (ret)
		return ret;
	pci_set_drvdata(pdev, qux);
	return 0;
}

static int qux_pci_probe_ok(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qux_iommu *qux = devm_kzalloc(&pdev->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	pci_set_drvdata(pdev, qux);
	return iommu_device_register(&qux->iommu, &qux_pci_ops, &pdev->dev);
}

static struct iommu_device *qux_virtio_probe_device(struct device *dev)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	struct device *found = bus_find_device_by_fwnode(&virtio_bus, fwspec->iommu_fwnode);
	struct qux_iommu *qux;

	if (!found)
		return ERR_PTR(-ENODEV);
	qux = dev_to_virtio(found)->priv;
	put_device(found);
	if (!qux->features)
		return ERR_PTR(-ENODEV);
	return &qux->iommu;
}

static int qux_virtio_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return iommu_fwspec_add_ids(dev, args->args, 1);
}

static const struct iommu_ops qux_virtio_ops = {
	.probe_device	= qux_virtio_probe_device,
	.device_group	= generic_device_group,
	.of_xlate	= qux_virtio_of_xlate,
};

static int qux_virtio_probe_bad(struct virtio_device *vdev)
{
	struct qux_iommu *qux = devm_kzalloc(&vdev->dev, sizeof(*qux), GFP_KERNEL);
	int ret;

	if (!qux)
		return -ENOMEM;
	qux->features = vdev->features;
	virtio_device_ready(vdev);
	ret = iommu_device_register(&qux->iommu, &qux_virtio_ops, vdev->dev.parent); /* expect: late-drvdata driver data qux_virtio_probe_device effect=crash */
	if (ret)
		return ret;
	vdev->priv = qux;
	return 0;
}

static int qux_virtio_probe_ok(struct virtio_device *vdev)
{
	struct qux_iommu *qux = devm_kzalloc(&vdev->dev, sizeof(*qux), GFP_KERNEL);

	if (!qux)
		return -ENOMEM;
	qux->features = vdev->features;
	vdev->priv = qux;
	virtio_device_ready(vdev);
	return iommu_device_register(&qux->iommu, &qux_virtio_ops, vdev->dev.parent);
}

static struct amba_driver qux_amba_drivers[] = {
	{ .drv = { .name = "qux-amba" }, .probe = qux_amba_probe_bad },
	{ .drv = { .name = "qux-amba-ok" }, .probe = qux_amba_probe_ok },
};

static struct i2c_driver qux_i2c_drivers[] = {
	{ .driver = { .name = "qux-i2c" }, .probe = qux_i2c_probe_bad },
	{ .driver = { .name = "qux-i2c-ok" }, .probe = qux_i2c_probe_ok },
};

static struct pci_driver qux_pci_drivers[] = {
	{ .name = "qux-pci", .probe = qux_pci_probe_bad },
	{ .name = "qux-pci-ok", .probe = qux_pci_probe_ok },
};

static struct virtio_driver qux_virtio_drivers[] = {
	{ .driver = { .name = "qux-virtio" }, .probe = qux_virtio_probe_bad },
	{ .driver = { .name = "qux-virtio-ok" }, .probe = qux_virtio_probe_ok },
};

static int __init qux_init(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		amba_driver_register(&qux_amba_drivers[i]);
		i2c_add_driver(&qux_i2c_drivers[i]);
		pci_register_driver(&qux_pci_drivers[i]);
		register_virtio_driver(&qux_virtio_drivers[i]);
	}
	return 0;
}
module_init(qux_init);
