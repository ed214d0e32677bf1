# SPDX-License-Identifier: GPL-2.0-only
"""Locks that are held while a window runs, and that what runs in it waits for."""

from __future__ import annotations

import pytest
from text_tree import case_of

from kscan.model import Confidence, Finding
from kscan.rules.lock_held_in_window import lock_held_in_window

TREE = """
include/linux/iommu.h
    struct mutex {{ int owner; }};
    struct rw_semaphore {{ int count; }};
    struct device {{ struct mutex mutex; struct mutex *other; }};
    struct group {{ struct mutex lock; }};
    struct iommu_ops {{ int (*of_xlate)(struct device *dev); }};
    struct iommu_device {{ const struct iommu_ops *ops; }};
    extern struct mutex core_lock;
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw);
    int core_count(struct group *group);
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    struct mutex core_lock;
    static struct mutex walk_lock;
    static struct rw_semaphore core_sem;
    int iommu_fwspec_init(void) {{ return 0; }}
    int core_count(struct group *group)
    {{
        mutex_lock(&group->lock);
        mutex_unlock(&group->lock);
        return 0;
    }}
    static void inner(struct group *group, int flag)
    {{
        {inner}
    }}
    static int walk(const struct iommu_ops *ops, struct group *group)
    {{
        iommu_fwspec_init();
        {walk}
        return 0;
    }}
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {{
        i->ops = ops;
        return walk(ops, hw);
    }}
drivers/iommu/foo.c
    #include <linux/iommu.h>
    struct foo {{ struct mutex lock; struct iommu_device iommu; }};
    struct other {{ struct mutex lock; }};
    static struct mutex one, two;
    static struct rw_semaphore sem;
    static int foo_use(struct foo *foo, struct other *other, struct group *group)
    {{
        {use}
        return 0;
    }}
    static int foo_of_xlate(struct device *dev)
    {{
        {callback}
        return 0;
    }}
    static struct iommu_ops foo_ops = {{ .of_xlate = foo_of_xlate }};
    static int foo_register(struct foo *foo, int flag)
    {{
        {register}
        iommu_device_register(&foo->iommu, &foo_ops, 0);
        return 0;
    }}
    static int foo_probe(struct foo *foo, int flag)
    {{
        {before}
        foo_register(foo, flag);
        {after}
        return 0;
    }}
"""
CALLS = "ops->of_xlate(0);"
USES = "foo_use(0, 0, 0);"
TAKE, DROP = "mutex_lock(&one);", "mutex_unlock(&one);"
BOTH = f"{TAKE} {DROP}"


def told(**parts: str) -> list[Finding]:
    """What the rule says of the tree with these `parts`."""
    blank = dict.fromkeys(("inner", "use", "register", "before", "after"), "")
    known = {**blank, "walk": CALLS, "callback": USES, **parts}
    return list(lock_held_in_window.check(case_of(TREE.format(**known))))


def held(take: str, use: str, drop: str = "", **parts: str) -> list[Finding]:
    """What it says where the probe holds a lock, and the callback takes one."""
    return told(before=take, after=drop, use=use, **parts)


@pytest.mark.parametrize(
    ("take", "use", "drop", "sure"),
    [
        (TAKE, BOTH, DROP, Confidence.HIGH),
        ("guard(mutex)(&one);", BOTH, "", Confidence.HIGH),
        (TAKE, "guard(mutex)(&one);", DROP, Confidence.HIGH),
        (TAKE, "scoped_guard(mutex, &one) { other = 0; }", DROP, Confidence.HIGH),
        ("spin_lock(&one);", "spin_lock_irqsave(&one, flags);", "", Confidence.HIGH),
        ("down_read(&sem);", "down_write(&sem);", "up_read(&sem);", Confidence.HIGH),
        ("mutex_lock(&foo->lock);", "mutex_lock(&foo->lock);", "", Confidence.MEDIUM),
        (TAKE, f"if (foo) {DROP} {TAKE}", DROP, Confidence.HIGH),
    ],
)
def test_the_probe_holds_what_a_callback_waits_for(
    take: str, use: str, drop: str, sure: Confidence
) -> None:
    (found,) = held(take, use, drop)
    assert found.confidence is sure
    assert found.callback is not None and found.callback.function == "foo_of_xlate"
    assert [step.location.function for step in found.trace[:2]] == ["foo_probe", "foo_register"]
    assert found.trace[-1].location.function == found.primary.function == "foo_use"


@pytest.mark.parametrize(
    ("take", "use"),
    [
        (BOTH, BOTH),
        (TAKE, "mutex_lock(&two);"),
        (TAKE, "if (mutex_trylock(&one)) return 1;"),
        (TAKE, "mutex_lock_nested(&one, 1);"),
        (TAKE, f"{DROP} {TAKE}"),
        (f"if (flag) {TAKE}", BOTH),
        ("down_read(&sem);", "down_read(&sem);"),
        ("guard(rwsem_read)(&sem);", "down_read(&sem);"),
        ("scoped_guard(mutex, &one) { flag = 1; }", BOTH),
        ("if (flag) { guard(mutex)(&one); flag = 0; }", BOTH),
        ("mutex_lock(&foo->lock);", "mutex_lock(&other->lock);"),
        ("struct mutex *it = &one; mutex_lock(it);", "mutex_lock(it);"),
    ],
)
def test_nothing_is_told_of_a_lock_that_is_free_or_another_one(take: str, use: str) -> None:
    assert not held(take, use)


def test_a_function_on_the_way_drops_the_lock() -> None:
    assert held(TAKE, BOTH)
    assert not held(TAKE, BOTH, register=DROP)
    assert not held(TAKE, BOTH, callback=f"{DROP} {USES} {TAKE}")
    assert not held("mutex_lock(&core_lock);", "mutex_lock(&core_lock);",
                    walk=f"mutex_unlock(&core_lock); {CALLS} mutex_lock(&core_lock);")  # fmt: skip


@pytest.mark.parametrize(
    ("walk", "inner", "many"),
    [
        ("mutex_lock(&walk_lock); inner(0, 0); mutex_unlock(&walk_lock);", 0, 1),
        ("guard(mutex)(&walk_lock); inner(0, 0);", 0, 1),
        ("mutex_lock(&walk_lock); mutex_unlock(&walk_lock); inner(0, 0);", 0, 0),
        ("mutex_lock(&walk_lock); inner(0, 0);", "if (group)", 0),
        ("mutex_lock(&walk_lock); inner(group, 0);", "if (group)", 1),
    ],
)
def test_the_walk_holds_what_it_takes_again(walk: str, inner: str, many: int) -> None:
    takes = "deeper(group);" if inner else "mutex_lock(&walk_lock);"
    code = TREE.replace("static void inner", DEEPER + "    static void inner") if inner else TREE
    parts = dict.fromkeys(("use", "register", "before", "after"), "")
    text = code.format(
        walk=f"{walk} {CALLS}", inner=f"{inner or ''} {takes}", callback=USES, **parts
    )
    found = list(lock_held_in_window.check(case_of(text)))
    assert len(found) == many
    assert all(one.callback is None and one.primary.path.endswith("iommu.c") for one in found)


DEEPER = """static void deeper(struct group *group)
    {{
        mutex_lock(&walk_lock);
        mutex_unlock(&walk_lock);
    }}
"""


def test_a_callback_waits_for_what_the_walk_holds() -> None:
    take = "mutex_lock(&core_lock);"
    (found,) = told(walk=f"{take} {CALLS}", use=take)
    assert found.registration is not None and found.primary.function == "foo_use"
    assert "where walk() holds it already" in found.message
    assert not told(walk=f"{take} mutex_unlock(&core_lock); {CALLS}", use=take)


def test_a_callback_calls_the_core_which_waits_for_its_own_lock() -> None:
    (found,) = told(walk=f"mutex_lock(&group->lock); {CALLS}", use="core_count(group);")
    assert found.primary.function == "core_count" and found.confidence is Confidence.MEDIUM
    assert not told(walk=CALLS, use="core_count(group);")


def test_a_function_handed_over_may_run_at_any_time() -> None:
    (found,) = held(TAKE, BOTH, callback="put_off(dev, foo_use);")
    assert found.confidence is Confidence.LOW
