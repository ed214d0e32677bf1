/* SPDX-License-Identifier: GPL-2.0 */
#ifndef XYZZY_OPS_H
#define XYZZY_OPS_H

#define XYZZY_PASTED(prefix, name) prefix##_##name

#define XYZZY_DOMAIN_OPS(prefix) \
	&(const struct iommu_domain_ops) { \
		.attach_dev	= XYZZY_PASTED(prefix, attach_dev), \
	}

#define XYZZY_GROUP \
	.device_group		= generic_device_group,

/* What every generation has; the translation of a phandle is its own. */
#define XYZZY_COMMON_OPS(prefix) \
	XYZZY_GROUP \
	.probe_device		= prefix##_probe_device, \
	.default_domain_ops	= XYZZY_DOMAIN_OPS(prefix)

#define XYZZY_DRIVER(prefix, _probe) { \
	.probe = _probe, \
	.driver = { .name = #prefix "-iommu" }, \
}

#endif
