// SPDX-License-Identifier: GPL-2.0
/* Locks, lists, completions, work and timers that a callback uses before they are ready. */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

struct baz_iommu {
	struct device *dev;
	struct mutex lock;
	spinlock_t hw_lock;
	struct completion done;
	struct work_struct work;
	struct work_struct fault_work;
	struct timer_list timer;
	struct list_head domains;
	struct iommu_device iommu;
};

struct baz_domain {
	struct iommu_domain domain;
	struct list_head list;
};

static int baz_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	struct platform_device *pdev = of_find_device_by_node(args->np);

	if (!pdev)
		return -ENODEV;
	dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
	put_device(&pdev->dev);
	return 0;
}

static struct iommu_device *baz_probe_device(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);
	unsigned long flags;

	spin_lock_irqsave(&baz->hw_lock, flags);
	spin_unlock_irqrestore(&baz->hw_lock, flags);
	return &baz->iommu;
}

static struct iommu_group *baz_device_group(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	guard(mutex)(&baz->lock);
	return generic_device_group(dev);
}

static void baz_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	schedule_work(&baz->work);
}

static void baz_probe_finalize(struct device *dev)
{
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	mod_timer(&baz->timer, 100);
}

static int baz_wait(struct baz_iommu *baz)
{
	return wait_for_completion_timeout(&baz->done, 100) ? 0 : -ETIMEDOUT;
}

static int baz_attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct baz_domain *dom = container_of(domain, struct baz_domain, domain);
	struct baz_iommu *baz = dev_iommu_priv_get(dev);

	list_add(&dom->list, &baz->domains);
	return baz_wait(baz);
}

static const struct iommu_ops baz_ops = {
	.probe_device		= baz_probe_device,
	.probe_finalize		= baz_probe_finalize,
	.device_group		= baz_device_group,
	.get_resv_regions	= baz_get_resv_regions,
	.of_xlate		= baz_of_xlate,
	.default_domain_ops	= &(const struct iommu_domain_ops) {
		.attach_dev	= baz_attach_dev,
	},
};

static void baz_work(struct work_struct *work)
{
}

static void baz_fault_work_ok(struct work_struct *work)
{
	struct baz_iommu *baz = container_of(work, struct baz_iommu, fault_work);

	dev_err(baz->dev, "fault\n");
}

static void baz_expired(struct timer_list *timer)
{
}

static irqreturn_t baz_irq_ok(int irq, void *cookie)
{
	struct baz_iommu *baz = cookie;

	schedule_work(&baz->fault_work);
	return IRQ_HANDLED;
}

static void baz_init_state(struct baz_iommu *baz)
{
	mutex_init(&baz->lock);
	spin_lock_init(&baz->hw_lock);
	init_completion(&baz->done);
	INIT_WORK(&baz->work, baz_work);
	INIT_LIST_HEAD(&baz->domains);
	timer_setup(&baz->timer, baz_expired, 0);
}

static int baz_probe_bad(struct platform_device *pdev)
{
	struct baz_iommu *baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);
	int ret;

	if (!baz)
		return -ENOMEM;
	baz->dev = &pdev->dev;
	platform_set_drvdata(pdev, baz);
	ret = iommu_device_register(&baz->iommu, &baz_ops, &pdev->dev); /* expect: late-state baz_iommu.hw_lock baz_probe_device effect=unready; late-state baz_iommu.lock baz_device_group effect=unready; late-state baz_iommu.work baz_get_resv_regions effect=unready; late-state baz_iommu.timer baz_probe_finalize effect=unready; late-state baz_iommu.done baz_attach_dev effect=unready; late-state baz_iommu.domains baz_attach_dev effect=unready */
	if (ret)
		return ret;
	mutex_init(&baz->lock);
	spin_lock_init(&baz->hw_lock);
	init_completion(&baz->done);
	INIT_WORK(&baz->work, baz_work);
	INIT_LIST_HEAD(&baz->domains);
	timer_setup(&baz->timer, baz_expired, 0);
	return 0;
}

static int baz_probe_ok(struct platform_device *pdev)
{
	struct baz_iommu *baz = devm_kzalloc(&pdev->dev, sizeof(*baz), GFP_KERNEL);
	int ret;

	if (!baz)
		return -ENOMEM;
	baz->dev = &pdev->dev;
	platform_set_drvdata(pdev, baz);
	baz_init_state(baz);
	ret = iommu_device_register(&baz->iommu, &baz_ops, &pdev->dev);
	if (ret)
		return ret;

	/* The interrupt is the only one to schedule this, and comes after it. */
	INIT_WORK(&baz->fault_work, baz_fault_work_ok);
	return devm_request_irq(&pdev->dev, platform_get_irq(pdev, 0), baz_irq_ok, 0, "baz", baz);
}

static struct platform_driver baz_driver = {
	.probe	= baz_probe_bad,
	.driver	= { .name = "baz-iommu" },
};
module_platform_driver(baz_driver);

static struct platform_driver baz_ok_driver = {
	.probe	= baz_probe_ok,
	.driver	= { .name = "baz-ok" },
};
module_platform_driver(baz_ok_driver);
