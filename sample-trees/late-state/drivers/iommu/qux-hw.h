/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QUX_HW_H
#define _QUX_HW_H

#include <linux/iommu.h>

struct qux_hw {
	u32 *regs;
	u32 id_bits;
	u32 ports;
};

struct qux_iommu {
	struct device *dev;
	struct qux_hw *hw;
	u32 id_bits;
	u32 resets;
	u32 page_sizes;
	struct iommu_device iommu;
};

void qux_hw_probe(struct qux_iommu *qux);
void qux_hw_set_sizes(struct qux_iommu *qux, u32 sizes);

static inline bool qux_id_fits(struct qux_iommu *qux, u32 id)
{
	return !(id >> qux->id_bits);
}

#endif
