// SPDX-License-Identifier: GPL-2.0
/* The hardware side of the Qux IOMMU: setters that qux-core.c calls. */
#include "qux-hw.h"

void qux_hw_probe(struct qux_iommu *qux)
{
	struct qux_hw *hw = devm_kzalloc(qux->dev, sizeof(*hw), GFP_KERNEL);

	if (!hw)
		return;
	hw->ports = 4;
	hw->id_bits = 8;
	qux->hw = hw;
	qux->id_bits = hw->id_bits;
}

void qux_hw_set_sizes(struct qux_iommu *qux, u32 sizes)
{
	qux->page_sizes = sizes;
}
