/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_OF_IOMMU_H
#define _LINUX_OF_IOMMU_H

struct device;
struct device_node;
struct list_head;

int of_iommu_configure(struct device *dev, struct device_node *master_np, const u32 *id);
void of_iommu_get_resv_regions(struct device *dev, struct list_head *list);

#endif
