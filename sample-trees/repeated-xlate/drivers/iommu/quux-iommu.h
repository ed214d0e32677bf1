/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/iommu.h>

struct quux_iommu {
	struct iommu_domain *domain;
	struct iommu_domain *blocked;
	struct iommu_device iommu;
};

extern struct iommu_domain quux_identity_domain;

int quux_of_xlate_bad(struct device *dev, const struct of_phandle_args *args);
int quux_blocked_of_xlate_ok(struct device *dev, const struct of_phandle_args *args);
