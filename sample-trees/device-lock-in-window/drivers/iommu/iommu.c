// SPDX-License-Identifier: GPL-2.0
/* Core: a device gets its group and default domain when it or its IOMMU appears. */
#include <linux/amba/bus.h>
#include <linux/buses.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>

struct group_device {
	struct list_head list;
	struct device *dev;
};

struct iommu_group {
	struct mutex mutex;
	struct list_head devices;
	struct list_head entry;
	struct iommu_domain *default_domain;
	struct iommu_domain *domain;
	void *iommu_data;
	unsigned int owner_cnt;
};

static LIST_HEAD(iommu_device_list);
static DEFINE_SPINLOCK(iommu_device_lock);
DEFINE_MUTEX(iommu_probe_device_lock);

static const struct bus_type * const iommu_buses[] = {
	&platform_bus_type,
	&amba_bustype,
	&pci_bus_type,
	&foo_bus_type,
	&bar_bus_type,
	&baz_bus_type,
	&qux_bus_type,
	&zap_bus_type,
};

static int bus_iommu_probe(const struct bus_type *bus);

int iommu_device_register(struct iommu_device *iommu, const struct iommu_ops *ops,
			  struct device *hwdev)
{
	int i, ret = 0;

	iommu->ops = ops;
	if (hwdev)
		iommu->fwnode = dev_fwnode(hwdev);

	spin_lock(&iommu_device_lock);
	list_add_tail(&iommu->list, &iommu_device_list);
	spin_unlock(&iommu_device_lock);

	for (i = 0; i < ARRAY_SIZE(iommu_buses) && !ret; i++)
		ret = bus_iommu_probe(iommu_buses[i]);
	if (ret)
		iommu_device_unregister(iommu);
	return ret;
}
EXPORT_SYMBOL_GPL(iommu_device_register);

void iommu_device_unregister(struct iommu_device *iommu)
{
	spin_lock(&iommu_device_lock);
	list_del(&iommu->list);
	spin_unlock(&iommu_device_lock);
}
EXPORT_SYMBOL_GPL(iommu_device_unregister);

const struct iommu_ops *iommu_ops_from_fwnode(const struct fwnode_handle *fwnode)
{
	const struct iommu_ops *ops = NULL;
	struct iommu_device *iommu;

	spin_lock(&iommu_device_lock);
	list_for_each_entry(iommu, &iommu_device_list, list) {
		if (iommu->fwnode == fwnode) {
			ops = iommu->ops;
			break;
		}
	}
	spin_unlock(&iommu_device_lock);
	return ops;
}

static struct dev_iommu *dev_iommu_get(struct device *dev)
{
	lockdep_assert_held(&iommu_probe_device_lock);
	if (!dev->iommu)
		dev->iommu = kzalloc(sizeof(*dev->iommu), GFP_KERNEL);
	return dev->iommu;
}

void dev_iommu_free(struct device *dev)
{
	struct dev_iommu *param = dev->iommu;

	dev->iommu = NULL;
	kfree(param->fwspec);
	kfree(param);
}

/* The walk meets the device that registers, whose own bind has it locked. */
static void iommu_ask_bus_bad(struct device *dev)
{
	device_lock(dev); /* expect: device-lock-in-window effect=deadlock */
	if (!dev->driver)
		dev->bus->dma_configure(dev);
	device_unlock(dev);
}

static int iommu_init_device(struct device *dev)
{
	const struct iommu_ops *ops;
	struct iommu_device *iommu_dev;
	struct iommu_group *group;
	int ret;

	if (!dev_iommu_get(dev))
		return -ENOMEM;

	/* An unbound device has not been through its bus yet: ask it who we are. */
	if (!dev->iommu->fwspec && !dev->driver && dev->bus->dma_configure) {
		mutex_unlock(&iommu_probe_device_lock);
		iommu_ask_bus_bad(dev);
		mutex_lock(&iommu_probe_device_lock);
		/* Another instance may have taken or dropped the device meanwhile. */
		if (!dev->iommu || dev->iommu_group)
			return -ENODEV;
	}

	ops = iommu_ops_from_fwnode(dev->iommu->fwspec ?
				    dev->iommu->fwspec->iommu_fwnode : NULL);
	if (!ops) {
		ret = -ENODEV;
		goto err_free;
	}

	if (!try_module_get(ops->owner)) {
		ret = -EINVAL;
		goto err_free;
	}

	iommu_dev = ops->probe_device(dev);
	if (IS_ERR(iommu_dev)) {
		ret = PTR_ERR(iommu_dev);
		goto err_put_module;
	}
	dev->iommu->iommu_dev = iommu_dev;

	group = ops->device_group(dev);
	if (IS_ERR_OR_NULL(group)) {
		ret = group ? PTR_ERR(group) : -EINVAL;
		goto err_release;
	}
	dev->iommu_group = group;

	if (ops->is_attach_deferred)
		dev->iommu->attach_deferred = ops->is_attach_deferred(dev);
	return 0;

err_release:
	if (ops->release_device)
		ops->release_device(dev);
err_put_module:
	module_put(ops->owner);
err_free:
	dev_iommu_free(dev);
	return ret;
}

static void iommu_deinit_device(struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	if (ops->release_device)
		ops->release_device(dev);
	dev->iommu_group = NULL;
	module_put(ops->owner);
	dev_iommu_free(dev);
}

static int iommu_attach_to(struct iommu_domain *domain, struct device *dev)
{
	if (dev->iommu->attach_deferred)
		return 0;
	return domain->ops->attach_dev(domain, dev);
}

static struct iommu_domain *iommu_alloc_default_domain(struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	unsigned int type = IOMMU_DOMAIN_DMA;
	struct iommu_domain *domain;

	if (ops->def_domain_type && ops->def_domain_type(dev))
		type = ops->def_domain_type(dev);
	if (type == IOMMU_DOMAIN_IDENTITY && ops->identity_domain)
		return ops->identity_domain;

	if (ops->domain_alloc_paging)
		domain = ops->domain_alloc_paging(dev);
	else
		domain = ops->domain_alloc(type);
	if (IS_ERR_OR_NULL(domain))
		return domain ?: ERR_PTR(-ENOMEM);

	domain->type = type;
	domain->owner = ops;
	if (!domain->ops)
		domain->ops = ops->default_domain_ops;
	if (!domain->pgsize_bitmap)
		domain->pgsize_bitmap = ops->pgsize_bitmap;
	return domain;
}

int iommu_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
	      size_t size, int prot, gfp_t gfp)
{
	const struct iommu_domain_ops *ops = domain->ops;
	size_t mapped = 0;
	int ret;

	ret = ops->map_pages(domain, iova, paddr, SZ_4K, size / SZ_4K, prot, gfp, &mapped);
	if (!ret && ops->iotlb_sync_map)
		ret = ops->iotlb_sync_map(domain, iova, size);
	return ret;
}

phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	return domain->ops->iova_to_phys(domain, iova);
}

static int iommu_create_device_direct_mappings(struct iommu_domain *domain, struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_resv_region *region;
	LIST_HEAD(regions);
	int ret = 0;

	if (ops->get_resv_regions)
		ops->get_resv_regions(dev, &regions);
	list_for_each_entry(region, &regions, list) {
		if (iommu_iova_to_phys(domain, region->start))
			continue;
		ret = iommu_map(domain, region->start, region->start, region->length,
				region->prot, GFP_KERNEL);
		if (ret)
			break;
	}
	return ret;
}

static int iommu_setup_default_domain(struct iommu_group *group)
{
	struct group_device *gdev;
	struct iommu_domain *domain;
	int ret;

	lockdep_assert_held(&group->mutex);
	if (group->default_domain)
		return 0;

	gdev = list_first_entry(&group->devices, struct group_device, list);
	domain = iommu_alloc_default_domain(gdev->dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);

	list_for_each_entry(gdev, &group->devices, list) {
		iommu_create_device_direct_mappings(domain, gdev->dev);
		ret = iommu_attach_to(domain, gdev->dev);
		if (ret)
			goto err_free;
	}
	group->default_domain = domain;
	group->domain = domain;
	return 0;

err_free:
	if (domain->ops->free)
		domain->ops->free(domain);
	return ret;
}

bool device_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	return ops->capable && ops->capable(dev, cap);
}

static void iommu_setup_dma_ops(struct device *dev)
{
	if (device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		dev->dma_coherent = true;
}

static void iommu_group_do_probe_finalize(struct device *dev)
{
	const struct iommu_ops *ops = dev_iommu_ops(dev);

	if (ops->probe_finalize)
		ops->probe_finalize(dev);
}

static int __iommu_probe_device(struct device *dev, struct list_head *group_list)
{
	struct group_device *gdev;
	struct iommu_group *group;
	int ret;

	lockdep_assert_held(&iommu_probe_device_lock);
	if (dev->iommu_group)
		return 0;

	ret = iommu_init_device(dev);
	if (ret)
		return ret;

	group = dev->iommu_group;
	gdev = kzalloc(sizeof(*gdev), GFP_KERNEL);
	if (!gdev) {
		iommu_deinit_device(dev);
		return -ENOMEM;
	}
	gdev->dev = dev;

	mutex_lock(&group->mutex);
	list_add_tail(&gdev->list, &group->devices);
	if (group->domain)
		ret = iommu_attach_to(group->domain, dev);
	else if (!group_list)
		ret = iommu_setup_default_domain(group);
	else if (list_empty(&group->entry))
		list_add_tail(&group->entry, group_list);
	if (!ret && group->default_domain)
		iommu_setup_dma_ops(dev);
	if (ret)
		list_del(&gdev->list);
	mutex_unlock(&group->mutex);

	if (ret) {
		kfree(gdev);
		iommu_deinit_device(dev);
	}
	return ret;
}

int iommu_probe_device(struct device *dev)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = __iommu_probe_device(dev, NULL);
	mutex_unlock(&iommu_probe_device_lock);
	if (!ret)
		iommu_group_do_probe_finalize(dev);
	return ret;
}

static int probe_iommu_group(struct device *dev, void *data)
{
	int ret;

	mutex_lock(&iommu_probe_device_lock);
	ret = __iommu_probe_device(dev, data);
	mutex_unlock(&iommu_probe_device_lock);
	return ret == -ENODEV ? 0 : ret;
}

static int bus_iommu_probe(const struct bus_type *bus)
{
	struct iommu_group *group, *next;
	struct group_device *gdev;
	LIST_HEAD(group_list);
	int ret;

	ret = bus_for_each_dev(bus, NULL, &group_list, probe_iommu_group);
	if (ret)
		return ret;

	list_for_each_entry_safe(group, next, &group_list, entry) {
		mutex_lock(&group->mutex);
		list_del_init(&group->entry);
		ret = iommu_setup_default_domain(group);
		if (!ret) {
			list_for_each_entry(gdev, &group->devices, list)
				iommu_setup_dma_ops(gdev->dev);
		}
		mutex_unlock(&group->mutex);
		if (ret)
			return ret;

		list_for_each_entry(gdev, &group->devices, list)
			iommu_group_do_probe_finalize(gdev->dev);
	}
	return 0;
}

int iommu_fwspec_init(struct device *dev, struct fwnode_handle *iommu_fwnode)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (!iommu_ops_from_fwnode(iommu_fwnode))
		return -EPROBE_DEFER;
	if (fwspec)
		return fwspec->iommu_fwnode == iommu_fwnode ? 0 : -EINVAL;
	if (!dev_iommu_get(dev))
		return -ENOMEM;

	fwspec = kzalloc(sizeof(*fwspec), GFP_KERNEL);
	if (!fwspec)
		return -ENOMEM;
	fwspec->iommu_fwnode = iommu_fwnode;
	dev_iommu_fwspec_set(dev, fwspec);
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_init);

void iommu_fwspec_free(struct device *dev)
{
	kfree(dev_iommu_fwspec_get(dev));
	dev_iommu_fwspec_set(dev, NULL);
}
EXPORT_SYMBOL_GPL(iommu_fwspec_free);

int iommu_fwspec_add_ids(struct device *dev, const u32 *ids, int num_ids)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);

	if (!fwspec || fwspec->num_ids + num_ids > ARRAY_SIZE(fwspec->ids))
		return -EINVAL;
	while (num_ids--)
		fwspec->ids[fwspec->num_ids++] = *ids++;
	return 0;
}
EXPORT_SYMBOL_GPL(iommu_fwspec_add_ids);

int iommu_device_use_default_domain(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;
	int ret = 0;

	if (!group)
		return 0;

	mutex_lock(&group->mutex);
	if (group->domain != group->default_domain)
		ret = -EBUSY;
	else
		group->owner_cnt++;
	mutex_unlock(&group->mutex);
	return ret;
}

int iommu_attach_device_pasid(struct iommu_domain *domain, struct device *dev, u32 pasid)
{
	if (!domain->ops->set_dev_pasid)
		return -EOPNOTSUPP;
	return domain->ops->set_dev_pasid(domain, dev, pasid);
}
EXPORT_SYMBOL_GPL(iommu_attach_device_pasid);

void iommu_group_page_response(struct device *dev, struct iopf_fault *evt,
			       struct iommu_page_response *msg)
{
	dev_iommu_ops(dev)->page_response(dev, evt, msg);
}
EXPORT_SYMBOL_GPL(iommu_group_page_response);

struct iommu_group *iommu_group_alloc(void)
{
	struct iommu_group *group;

	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);
	mutex_init(&group->mutex);
	INIT_LIST_HEAD(&group->devices);
	INIT_LIST_HEAD(&group->entry);
	return group;
}
EXPORT_SYMBOL_GPL(iommu_group_alloc);

struct iommu_group *generic_device_group(struct device *dev)
{
	return iommu_group_alloc();
}
EXPORT_SYMBOL_GPL(generic_device_group);
