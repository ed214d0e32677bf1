# SPDX-License-Identifier: GPL-2.0-only
"""What something sets that a probe has run later: work, threads, the bind of an aggregate."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

from kscan.fixes import mended
from kscan.rules import selected

DRIVER = """
struct component_ops { int (*bind)(struct device *dev, struct device *all, void *data); };
struct foo { struct iommu_device iommu; struct work_struct work; struct foo *next;
             struct completion done; int ready, number; };
static struct foo *only;
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    READ
    return foo->next->number;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static void foo_work(struct work_struct *work)
{
    struct foo *foo = container_of(work, struct foo, work);

    foo->next = foo;
    foo->ready = 1;
    complete(&foo->done);
}
static int foo_thread(void *data)
{
    struct foo *foo = data;

    foo->next = foo;
    return 0;
}
static void foo_loaded(const struct firmware *fw, void *context)
{
    foo_thread(context);
}
static int foo_bind(struct device *dev, struct device *all, void *data)
{
    struct foo *foo = dev_get_drvdata(dev);

    return foo_thread(foo);
}
static int bar_bind(struct device *dev, struct device *all, void *data)
{
    struct foo *foo = dev_get_drvdata(dev);

    return iommu_device_register(&foo->iommu, &foo_ops, dev);
}
static const struct component_ops foo_component = { .bind = foo_bind };
static const struct component_ops bar_component = { .bind = bar_bind };
static void start(struct foo *foo)
{
    schedule_work(&foo->work);
}
static int probe(struct device *dev, struct foo *foo)
{
    INIT_WORK(&foo->work, foo_work);
    platform_set_drvdata(dev, foo);
    BEFORE
    REGISTER
    AFTER
    return 0;
}
"""
REGISTER = "iommu_device_register(&foo->iommu, &foo_ops, dev);"
WORK = "schedule_work(&foo->work);"
NEXT = ("foo.next", "crash")


def code(before: str, after: str, read: str = "", register: str = REGISTER) -> str:
    pieces = {"BEFORE": before, "AFTER": after, "READ": read, "REGISTER": register}
    text = DRIVER
    for name, piece in pieces.items():
        text = text.replace(f"    {name}\n", f"    {piece}\n")
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    return tree(drivers__iommu__foo_c=text, drivers__of__open_c=opening)


def found(*pieces: str, **more: str) -> list[tuple[str, str, str]]:
    return [
        (one.late.spelled, one.reader.effect.value, one.confidence.value)
        for one in case_of(code(*pieces, **more)).late_reads
    ]


@pytest.mark.parametrize(
    "after",
    [
        WORK,
        "start(foo);",
        'kthread_run(foo_thread, foo, "foo");',
        "async_schedule(foo_thread, foo);",
        'request_firmware_nowait(THIS_MODULE, 1, "foo.bin", dev, GFP_KERNEL, foo, foo_loaded);',
        "return component_add(dev, &foo_component);",
    ],
)
def test_what_is_run_later_writes_late(after: str) -> None:
    assert found("", after) == [(*NEXT, "high")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("foo->next = foo;", WORK),
        ("foo->next = foo;", "return component_add(dev, &foo_component);"),
        (f"{WORK} flush_work(&foo->work);", ""),
        (f"{WORK} wait_for_completion(&foo->done);", ""),
        ("", "return component_add(dev, &bar_component);"),
    ],
)
def test_what_is_there_before_is_not_late(before: str, after: str) -> None:
    assert found(before, after) == []


@pytest.mark.parametrize("before", [WORK, "component_add(dev, &foo_component);"])
def test_what_was_told_before_may_come_late(before: str) -> None:
    assert found(before, "") == [(*NEXT, "medium")]


def test_what_registers_may_be_bound_before_the_rest_of_a_probe() -> None:
    bound = "component_add(dev, &bar_component);"
    assert found("", "foo->next = foo;", register=bound) == [(*NEXT, "medium")]
    assert found("foo->next = foo;", "", register=bound) == []


TWO = """
struct platform_driver { int (*probe)(struct device *dev); };
static int bank_probe(struct device *dev)
{
    struct foo *bank = devm_kzalloc(dev, sizeof(*bank), GFP_KERNEL);

    bank->next = bank;
    only = bank;
    return 0;
}
static int foo_probe(struct device *dev)
{
    struct foo *foo = devm_kzalloc(dev, sizeof(*foo), GFP_KERNEL);

    foo->next = foo;
    return iommu_device_register(&foo->iommu, &foo_ops, dev);
}
static struct platform_driver bank_driver = { .probe = bank_probe };
static struct platform_driver foo_driver = { .probe = foo_probe };
static int foo_init(void)
{
    platform_driver_register(&FIRST_driver);
    return platform_driver_register(&SECOND_driver);
}
module_init(foo_init);
"""


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("foo", "bank", [("only", "crash", "medium")]), ("bank", "foo", [])],
)
def test_the_probe_of_a_driver_comes_with_its_registration(
    first: str, second: str, expected: list[tuple[str, str, str]]
) -> None:
    reads = DRIVER[: DRIVER.index("static void foo_work")].replace("READ", "only->ready = 1;")
    text = reads + TWO.replace("FIRST", first).replace("SECOND", second)
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    case = case_of(tree(drivers__iommu__foo_c=text, drivers__of__open_c=opening))
    assert [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ] == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("subsys_initcall", "module_init", [("only", "crash", "medium")]),
        ("module_init", "module_init", []),  # which of them comes first?
        ("module_init", "subsys_initcall", []),
    ],
)
def test_a_driver_may_be_registered_in_a_later_stage(
    first: str, second: str, expected: list[tuple[str, str, str]]
) -> None:
    reads = DRIVER[: DRIVER.index("static void foo_work")].replace("READ", "only->ready = 1;")
    text = reads + TWO[: TWO.index("static int foo_init")]
    for name, stage in (("foo", first), ("bank", second)):
        register = f"return platform_driver_register(&{name}_driver);"
        text += (
            f"static int __init {name}_init(void)\n{{\n    {register}\n}}\n{stage}({name}_init);\n"
        )
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    case = case_of(tree(drivers__iommu__foo_c=text, drivers__of__open_c=opening))
    assert [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ] == expected


def test_the_other_driver_is_to_be_registered_first() -> None:
    reads = DRIVER[: DRIVER.index("static void foo_work")].replace("READ", "only->ready = 1;")
    text = reads + TWO.replace("FIRST", "foo").replace("SECOND", "bank")
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    case = case_of(tree(drivers__iommu__foo_c=text, drivers__of__open_c=opening))
    (rule,) = selected(("late-global",))
    (finding,) = rule.check(case)
    fix = mended(case, rule, finding).fix
    assert fix is not None and "the driver whose probe sets it" in fix.sentence


def test_a_member_that_work_sets_alone_is_a_state() -> None:
    refuses = "if (!foo->ready) return -ENODEV;"
    assert found("", WORK, read=refuses) == [("foo.ready", "declined", "low")]


def test_it_is_shown_as_run_later() -> None:
    case = case_of(code("", WORK))
    (rule,) = selected(("late-state",))
    (finding,) = rule.check(case)
    assert ("queued", "has foo_work run later") in [(s.kind.value, s.note) for s in finding.trace]
    fix = mended(case, rule, finding).fix
    assert fix is not None and "it is set by what runs later" in fix.sentence
    assert not fix.patch


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("struct foo **to = &foo->next;", [NEXT]),
        ("struct foo **to = &only;", [("only", "crash")]),
        ("struct foo **to = foo_slot(foo);", []),
    ],
)
def test_a_pointer_to_a_place_stands_for_it(declared: str, expected: list[tuple[str, str]]) -> None:
    reads = "if (only->ready) return 0;" if "only" in declared else ""
    before = "foo->next = foo;" if "only" in declared else ""
    made = found(f"{before} {declared}", "*to = foo;", read=reads)
    assert [(name, effect) for name, effect, _ in made] == expected
