/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PCI_H
#define _LINUX_PCI_H

#include <linux/device.h>

struct pci_dev {
	struct device dev;
	unsigned int devfn;
	u16 vendor, device;
	unsigned int irq;
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	struct device_driver driver;
	bool driver_managed_dma;
};

extern const struct bus_type pci_bus_type;

#define to_pci_dev(n)		container_of((n), struct pci_dev, dev)
#define to_pci_driver(d)	container_of((d), struct pci_driver, driver)
#define dev_is_pci(d)		((d)->bus == &pci_bus_type)

static inline void *pci_get_drvdata(struct pci_dev *pdev)
{
	return dev_get_drvdata(&pdev->dev);
}

static inline void pci_set_drvdata(struct pci_dev *pdev, void *data)
{
	dev_set_drvdata(&pdev->dev, data);
}

struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from);
struct device *pci_get_host_bridge_device(struct pci_dev *dev);
void pci_put_host_bridge_device(struct device *dev);
void pci_dev_put(struct pci_dev *dev);
int pci_enable_device(struct pci_dev *dev);
void __iomem *pcim_iomap(struct pci_dev *pdev, int bar, unsigned long maxlen);
int __pci_register_driver(struct pci_driver *drv, struct module *owner);
#define pci_register_driver(drv) __pci_register_driver(drv, THIS_MODULE)

#endif
