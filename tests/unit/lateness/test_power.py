# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM, clocks, regulators and resets that come after the registration."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

DRIVER = """
struct clk_bulk_data { int id; };
struct foo { struct iommu_device iommu; struct device *dev; struct platform_device *pdev;
             struct clk *clk; struct clk_bulk_data *clks; struct regulator *supply;
             struct reset_control *rst; void *regs; };
struct platform_device { struct device dev; };
static void foo_write(struct foo *foo) { writel_relaxed(1, foo->regs); }
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);
    struct device *power = foo->dev;
    int ret = 0;

    %s
    return ret;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int probe(struct platform_device *pdev, struct foo *foo)
{
    foo->dev = &pdev->dev;
    foo->pdev = pdev;
    foo->clk = devm_clk_get(&pdev->dev, 0);
    %s
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    %s
    return 0;
}
"""
ENABLED = "pm_runtime_enable(&pdev->dev);"


def found(read: str, late: str, early: str = "") -> list[tuple[str, str, str]]:
    """What is late in a driver that reads so in a callback, and switches on so around it."""
    case = case_of(tree(drivers__iommu__foo_c=DRIVER % (read, early, late)))
    return [
        (one.late.spelled, one.reader.effect.value, one.confidence.value) for one in case.late_reads
    ]


@pytest.mark.parametrize(
    ("read", "effect"),
    [
        ("ret = pm_runtime_resume_and_get(foo->dev); if (ret) return ret;", "declined"),
        ("ret = pm_runtime_get_sync(foo->dev); if (ret < 0) return ret; ret = 0;", "declined"),
        ("ret = pm_runtime_get_sync(power); if (ret < 0) return ret; ret = 0;", "declined"),
        ("ret = pm_runtime_get_sync(&foo->pdev->dev); if (ret < 0) return ret; ret = 0;",
         "declined"),
        ("if (WARN_ON(pm_runtime_get_if_in_use(foo->dev) < 0)) return 0;", "warn"),
    ],
)  # fmt: skip
def test_asking_for_power_fails_until_runtime_pm_is_enabled(read: str, effect: str) -> None:
    assert found(read, ENABLED) == [("runtime PM", effect, "high")]
    assert found(read, "devm_pm_runtime_enable(&pdev->dev);") == [("runtime PM", effect, "high")]


def test_registers_of_a_device_that_could_not_be_resumed_may_not_answer() -> None:
    read = "pm_runtime_get_sync(foo->dev); foo_write(foo);"
    assert found(read, ENABLED) == [("runtime PM", "unready", "medium")]


@pytest.mark.parametrize(
    ("late", "early"),
    [
        (f"pm_runtime_set_active(&pdev->dev); {ENABLED}", ""),
        (ENABLED, "pm_runtime_set_active(&pdev->dev);"),
        ("devm_pm_runtime_set_active_enabled(&pdev->dev);", ""),
    ],
)
def test_a_device_that_is_active_answers_before_runtime_pm_is_enabled(
    late: str, early: str
) -> None:
    read = "pm_runtime_get_sync(foo->dev); foo_write(foo);"
    assert found(read, late, early) == [("runtime PM", "unready", "low")]
    read = "ret = pm_runtime_resume_and_get(foo->dev); if (ret) return ret;"
    assert found(read, late, early) == [("runtime PM", "declined", "high")]


@pytest.mark.parametrize(
    ("late", "spelled"),
    [
        ("foo->clk = devm_clk_get_enabled(&pdev->dev, 0);", "foo.clk"),
        ("foo->clk = devm_clk_get_optional_enabled(&pdev->dev, 0);", "foo.clk"),
        ("devm_clk_bulk_get_all_enabled(&pdev->dev, &foo->clks);", "foo.clks"),
        ("foo->rst = devm_reset_control_get_exclusive_deasserted(&pdev->dev, 0);", "foo.rst"),
    ],
)
def test_a_supply_may_come_switched_on(late: str, spelled: str) -> None:
    assert (spelled, "unready", "medium") in found("foo_write(foo);", late)
    assert found("foo_write(foo);", "", early=late) == []
    again = "clk_prepare_enable(foo->clk); clk_bulk_enable(1, foo->clks);"
    kept = [one for one, _, _ in found("foo_write(foo);", again, early=late)]
    assert spelled not in kept


@pytest.mark.parametrize(
    "get",
    [
        "struct clk *clk = devm_clk_get_enabled(&pdev->dev, 0); foo->clk = clk;",
        "struct clk *clk; clk = devm_clk_get_enabled(&pdev->dev, 0); foo->clk = clk;",
    ],
)
def test_one_that_comes_switched_on_may_pass_through_a_local(get: str) -> None:
    again = "clk_prepare_enable(foo->clk);"
    assert found("foo_write(foo);", again, early=get) == []
    assert ("foo.clk", "unready", "medium") in found("foo_write(foo);", get)
    split = "struct clk *clk = devm_clk_get_enabled(&pdev->dev, 0);"
    assert found("foo_write(foo);", "foo->clk = clk;", early=split) == []


YIELDED = DRIVER.replace("    iommu_device_register(", "    foo->clk = iommu_device_register(")
YIELDED_HERE = "static struct clk *all[4], *others[4];" + DRIVER.replace(
    "    iommu_device_register(", "    all[1] = iommu_device_register("
)


@pytest.mark.parametrize(
    ("driver", "clock", "is_late"),
    [
        (DRIVER, "foo->clk", True),
        (YIELDED, "foo->clk", False),
        (YIELDED, "foo->rst", True),
        (YIELDED_HERE, "all[foo->id]", False),
        (YIELDED_HERE, "others[foo->id]", True),
        (DRIVER, "foo->iommu.clk", False),
    ],
)
def test_what_is_registered_needs_no_supply_that_it_is(
    driver: str, clock: str, *, is_late: bool
) -> None:
    code = driver % ("foo_write(foo);", "", f"clk_prepare_enable({clock});")
    assert bool(case_of(tree(drivers__iommu__foo_c=code)).late_reads) is is_late


@pytest.mark.parametrize(
    "read",
    [
        "if (pm_runtime_get_if_in_use(foo->dev) <= 0) return 0; foo_write(foo);",
        "if (pm_runtime_enabled(foo->dev)) ret = pm_runtime_resume_and_get(foo->dev);",
        "ret = pm_runtime_resume_and_get(dev);",
        "foo_write(foo);",
        "if (pm_runtime_get_sync(foo->dev) >= 0) foo_write(foo);",
    ],
)
def test_a_callback_that_does_not_need_it_is_no_reader(read: str) -> None:
    assert found(read, ENABLED) == []


def test_what_is_enabled_before_is_not_late() -> None:
    read = "return pm_runtime_resume_and_get(foo->dev);"
    assert found(read, "", early=ENABLED) == []
    assert found(read, "pm_runtime_enable(foo->dev);", early=ENABLED) == []


def test_another_device_is_not_the_one_that_is_probed() -> None:
    read = "return pm_runtime_resume_and_get(foo->dev);"
    assert found(read, "pm_runtime_enable(larb_of(3));") == []


ON, OFF = "clk_prepare_enable(foo->clk);", "clk_disable_unprepare(foo->clk);"


@pytest.mark.parametrize(
    ("late", "lasts"),
    [
        (f"{ON} loose(); {OFF}", False),
        (f"{ON} if (foo->clk) {OFF}", False),
        (f"{ON} if (loose()) {{ {OFF} return -EINVAL; }}", True),
        (f"{ON} if (loose()) goto off; return 0; off: {OFF}", True),
        (f"{ON} if (loose()) goto off; goto out; off: {OFF} out: ;", True),
        ("start(foo);", True),
        ("begin(foo);", True),
        ("peek(foo);", False),
    ],
)
def test_what_is_switched_off_again_was_not_switched_on_for_good(late: str, lasts: bool) -> None:
    callees = f"""
        static void stop(struct foo *foo) {{ if (foo->clk) {OFF} }}
        static int start(struct foo *foo)
        {{
            {ON}
            if (loose()) {{
                stop(foo);
                return -EINVAL;
            }}
            return 0;
        }}
        static int begin(struct foo *foo)
        {{
            {ON}
            if (loose())
                goto off;
            return 0;
        off:
            {OFF}
            return -EINVAL;
        }}
        static void peek(struct foo *foo)
        {{
            {ON}
            loose();
            stop(foo);
        }}
        static int probe("""
    code = (DRIVER % ("foo_write(foo);", "", late)).replace("static int probe(", callees)
    case = case_of(tree(drivers__iommu__foo_c=code))
    assert [one.late.spelled for one in case.late_reads] == ["foo.clk"] * lasts


@pytest.mark.parametrize(
    ("late", "place"),
    [
        ("clk_prepare_enable(foo->clk);", "foo.clk"),
        ("clk_bulk_prepare_enable(2, foo->clks);", "foo.clks"),
        ("regulator_enable(foo->supply);", "foo.supply"),
        ("reset_control_deassert(foo->rst);", "foo.rst"),
    ],
)
def test_registers_need_what_is_switched_on_late(late: str, place: str) -> None:
    assert found("foo_write(foo);", late) == [(place, "unready", "medium")]
    assert found("foo_write(foo);", "", early=late) == []
    assert found(late + " foo_write(foo);", late) == []
    assert found("ret = 0;", late) == []


@pytest.mark.parametrize(
    ("get", "on", "effects"),
    [
        ("foo->rst = devm_reset_control_get(dev, 0);", "reset_control_deassert(foo->rst);",
         [("foo.rst", "unready", "high")]),
        ("foo->rst = devm_reset_control_get(dev, 0);", "reset_control_assert(foo->rst);", []),
        ("foo->rst = devm_reset_control_get(dev, 0);",
         "if (foo->rst) reset_control_deassert(foo->rst);", []),
        ("foo->supply = devm_regulator_get(dev, 0);", "regulator_enable(foo->supply);",
         [("foo.supply", "unready", "high")]),
    ],
)  # fmt: skip
def test_what_is_not_there_yet_is_not_switched_on(
    get: str, on: str, effects: list[tuple[str, str, str]]
) -> None:
    assert found(on, get) == effects
    assert found(on, "", early=get) == []


OFFERED = """
struct foo { struct iommu_device iommu; struct device *dev; };
static struct iommu_domain *foo_alloc(unsigned type)
{
    %s
}
static int foo_of_xlate(struct device *dev) { return 0; }
static int foo_attach(struct iommu_domain *domain, struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    return pm_runtime_resume_and_get(foo->dev);
}
static const struct iommu_ops foo_ops = {
    .of_xlate = foo_of_xlate,
    .domain_alloc = foo_alloc,
    .default_domain_ops = &(const struct iommu_domain_ops) { .attach_dev = foo_attach },
};
static int probe(struct device *dev, struct foo *foo)
{
    foo->dev = dev;
    iommu_device_register(&foo->iommu, &foo_ops, 0);
    pm_runtime_enable(dev);
    return 0;
}
"""
DOMAINS = """
include/linux/iommu.h
    struct iommu_domain { unsigned type; const struct iommu_domain_ops *ops; };
    struct iommu_domain_ops {
        int (*attach_dev)(struct iommu_domain *domain, struct device *dev);
    };
    struct iommu_ops {
        int (*of_xlate)(struct device *dev);
        struct iommu_domain *(*domain_alloc)(unsigned type);
        const struct iommu_domain_ops *default_domain_ops;
    };
    struct bus_type { int (*dma_configure)(struct device *dev); };
    struct device { struct bus_type *bus; struct dev_iommu *iommu; };
    struct iommu_device { const struct iommu_ops *ops; };
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    static int iommu_init_device(struct device *dev, const struct iommu_ops *ops)
    {
        struct iommu_domain *domain;

        dev->bus->dma_configure(dev);
        ops->of_xlate(dev);
        domain = ops->domain_alloc(3);
        return domain->ops->attach_dev(domain, dev);
    }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        return iommu_init_device(0, ops);
    }
"""


def offered(alloc: str) -> list[str]:
    """The effects on a driver that allocates domains so."""
    code = "#include <linux/iommu.h>" + OFFERED % alloc
    indented = "\n".join("    " + line for line in code.splitlines())
    case = case_of(f"{DOMAINS}drivers/iommu/foo.c\n{indented}\n")
    return [one.reader.effect.value for one in case.late_reads]


@pytest.mark.parametrize(
    ("alloc", "effects"),
    [
        ("if (type != IOMMU_DOMAIN_UNMANAGED) return NULL; return kzalloc(8, 0);", []),
        ("if (type == IOMMU_DOMAIN_UNMANAGED) return kzalloc(8, 0); return NULL;", []),
        ("switch (type) { case IOMMU_DOMAIN_UNMANAGED: return kzalloc(8, 0);"
         " default: return NULL; }", []),
        ("if (type == IOMMU_DOMAIN_UNMANAGED) return NULL; return kzalloc(8, 0);", ["declined"]),
        ("if (type != IOMMU_DOMAIN_DMA) return NULL; return kzalloc(8, 0);", ["declined"]),
    ],
)  # fmt: skip
def test_what_is_never_allocated_is_never_attached(alloc: str, effects: list[str]) -> None:
    assert offered(alloc) == effects


def test_a_table_without_of_xlate_serves_no_device_that_is_told_by_its_fwspec() -> None:
    finds = "int iommu_fwspec_ops(struct device *dev) { return 0; }"
    read = "return pm_runtime_resume_and_get(foo->dev);"
    code = (DRIVER % (read, "", ENABLED)).replace(".of_xlate", ".probe_finalize")
    code = code.replace("&foo_ops, 0)", "&foo_ops, pdev)")
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    by_bus = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=opening)
    by_bus = by_bus.replace("return ops->probe_device(dev);", "return ops->probe_finalize(dev);")
    by_fwspec = by_bus.replace("ops->of_xlate(dev);", "ops->of_xlate(dev); iommu_fwspec_ops(dev);")
    by_fwspec += f"drivers/iommu/priv.c\n    {finds}\n"
    assert [one.confidence.value for one in case_of(by_bus).late_reads] == ["high"]
    assert [one.confidence.value for one in case_of(by_fwspec).late_reads] == ["low"]


@pytest.mark.parametrize(
    ("call", "kind"), [("reset_control_deassert", "reset"), ("reset_control_reset", "pulse")]
)
def test_a_reset_is_released_or_triggered(call: str, kind: str) -> None:
    code = DRIVER % ("foo_write(foo);", "", f"{call}(foo->rst);")
    (read,) = case_of(tree(drivers__iommu__foo_c=code)).late_reads
    assert (read.late.kind, read.late.spelled) == (kind, "foo.rst")
    assert found("foo_write(foo);", f"{call}(foo->rst);", "reset_control_reset(foo->rst);") == []
    assert found("foo_write(foo);", f"{call}(foo->rst);", "reset_control_deassert(foo->rst);") == []
