# SPDX-License-Identifier: GPL-2.0-only
"""A walk that another thread does: its callbacks run, but the registration need not wait."""

from __future__ import annotations

import pytest
from text_tree import case_of

from kscan.change.outcome import window_of
from kscan.change.reach import shifts
from kscan.hazards.case import Case
from kscan.model import Confidence, Finding
from kscan.program.calls import Slot
from kscan.rules.device_lock_in_window import device_lock_in_window
from kscan.rules.late_global import late_global

OF_XLATE = Slot("iommu_ops", "of_xlate")

TREE = """
include/linux/iommu.h
    struct work_struct {{ void (*func)(struct work_struct *work); }};
    struct device {{ void *data; }};
    struct iommu_ops {{ int (*of_xlate)(struct device *dev); }};
    struct iommu_device {{ const struct iommu_ops *ops; struct work_struct work; }};
    struct other {{ struct work_struct work; }};
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw);
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    int iommu_fwspec_init(void) {{ return 0; }}
    static int walk(struct iommu_device *i)
    {{
        iommu_fwspec_init();
        return i->ops->of_xlate(0);
    }}
    static void walk_fn(struct work_struct *work) {{ walk(to_instance(work)); }}
    static void other_fn(struct work_struct *work) {{ }}
    static int walk_thread(void *i) {{ return walk(i); }}
    static int ending_thread(struct iommu_device *i) {{ walk(i); complete(&i->done); return 0; }}
    static void ending_fn(struct work_struct *work) {{ walk(0); complete_all(&walked); }}
    {globals}
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {{
        struct other *other = other_of(i);
        i->ops = ops;
        {body}
        return 0;
    }}
drivers/iommu/foo.c
    #include <linux/iommu.h>
    static struct device *foo_dev;
    static struct iommu_ops foo_ops;
    static int foo_of_xlate(struct device *dev)
    {{
        device_lock(dev);
        return foo_dev->data ? 0 : -1;
    }}
    static struct iommu_ops foo_ops = {{ .of_xlate = foo_of_xlate }};
    static int foo_probe(struct device *dev)
    {{
        iommu_device_register(0, &foo_ops, dev);
        foo_dev = dev;
        return 0;
    }}
"""

MADE = "INIT_WORK(&i->work, walk_fn); "
WAITED = (" flush_work(&i->work);", "")


def case(body: str, top: str = "") -> Case:
    return case_of(TREE.format(body=body, globals=top), as_is=True)


def found(body: str) -> list[Finding]:
    return list(late_global.check(case(body)))


@pytest.mark.parametrize(
    ("body", "top"),
    [
        (MADE + "queue_work(system_wq, &i->work);", ""),
        (MADE + "schedule_work(&i->work);", ""),
        (MADE + "flush_work(&i->work); schedule_work(&i->work);", ""),
        (MADE + "schedule_work(&i->work); flush_work(&other->work);", ""),
        (MADE + "queue_work(i->queue, &i->work); flush_workqueue(other->queue);", ""),
        (MADE + "flush_workqueue(i->queue); queue_work(i->queue, &i->work);", ""),
        (MADE + "schedule_work(&i->work); flush_workqueue(system_wq);", ""),
        ("schedule_work(&walking);", "static DECLARE_WORK(walking, walk_fn);"),
        ('kthread_run(walk_thread, i, "walk");', ""),
        ('kthread_run(walk_thread, i, "walk"); wait_for_completion(&i->done);', ""),
        ('kthread_run(ending_thread, i, "walk"); wait_for_completion(&i->other);', ""),
        ('wait_for_completion(&i->done); kthread_run(ending_thread, i, "walk");', ""),
        ('kthread_run(ending_thread, i, "x"); wait_for_completion_timeout(&i->done, 1);', ""),
    ],
)
def test_what_is_queued_runs_later(body: str, top: str) -> None:
    window = case(body, top).window
    assert window.is_called(OF_XLATE)
    assert window.runs_later(OF_XLATE)


@pytest.mark.parametrize(
    "body",
    [
        MADE + "schedule_work(&i->work); flush_work(&i->work);",
        MADE + "schedule_work(&i->work); walk(i);",
        MADE + "queue_work(i->queue, &i->work); flush_workqueue(i->queue);",
        MADE + "queue_work_on(2, queue, &i->work); drain_workqueue(queue);",
        'kthread_run(ending_thread, i, "walk"); wait_for_completion(&i->done);',
        "INIT_WORK(&i->work, ending_fn); schedule_work(&i->work); wait_for_completion(&walked);",
        "walk(i);",
    ],
)
def test_what_is_waited_for_runs_inside(body: str) -> None:
    window = case(body).window
    assert window.is_called(OF_XLATE)
    assert not window.runs_later(OF_XLATE)


@pytest.mark.parametrize(
    ("body", "top"),
    [
        (MADE, ""),
        (MADE + "schedule_work(&other->work);", ""),
        ("INIT_WORK(&other->work, walk_fn); schedule_work(&i->work);", ""),
        (MADE + "cancel_work_sync(&i->work);", ""),
        ("schedule_work(&walking);", "static DECLARE_WORK(walking, other_fn);"),
    ],
)
def test_what_nobody_queues_does_not_run(body: str, top: str) -> None:
    assert not case(body, top).window.is_called(OF_XLATE)


def test_a_late_write_races_with_what_is_queued() -> None:
    (inside,) = found("walk(i);")
    (later,) = found(MADE + "schedule_work(&i->work);")
    assert inside.fingerprint == later.fingerprint
    assert (inside.confidence, later.confidence) == (Confidence.HIGH, Confidence.MEDIUM)
    assert "has run foo_of_xlate(), which" in inside.message
    assert "lets foo_of_xlate() run, which" in later.message
    assert "has walk_fn run later" in [step.note for step in later.trace]


def test_a_device_lock_is_let_go_of_where_nobody_waits() -> None:
    assert list(device_lock_in_window.check(case("walk(i);")))
    assert list(
        device_lock_in_window.check(case(MADE + "schedule_work(&i->work); flush_work(&i->work);"))
    )
    assert not list(device_lock_in_window.check(case(MADE + "schedule_work(&i->work);")))


def test_a_change_from_one_to_the_other_is_told_with_who_leaves_what_to_the_thread() -> None:
    inside, later = (window_of(case(MADE + "schedule_work(&i->work);" + f)) for f in WAITED)
    (shift,) = shifts([later], [inside])
    assert (shift.caller, shift.runner) == ("iommu_device_register", "walk_fn")
    assert "iommu_ops.of_xlate" in shift.slots
    assert shift.is_later
