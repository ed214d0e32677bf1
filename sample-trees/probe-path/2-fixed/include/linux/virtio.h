/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_VIRTIO_H
#define _LINUX_VIRTIO_H

#include <linux/device.h>

struct virtio_device {
	int index;
	struct device dev;
	u64 features;
	void *priv;
};

struct virtio_driver {
	struct device_driver driver;
	int (*probe)(struct virtio_device *vdev);
	void (*remove)(struct virtio_device *vdev);
};

#define dev_to_virtio(_dev)	container_of(_dev, struct virtio_device, dev)

void virtio_device_ready(struct virtio_device *vdev);
int register_virtio_driver(struct virtio_driver *drv);

#endif
