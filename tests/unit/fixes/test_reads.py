# SPDX-License-Identifier: GPL-2.0-only
"""A pointer read once and tested, a reference put: the diffs, and why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample_trees

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.model import Confidence, Fix
from kscan.rules import selected
from kscan.source.open import open_tree

SAMPLES = sample_trees.SAMPLE_TREES
BUS = "drivers/amba/bus.c"
XLATE = "drivers/iommu/foo-iommu.c"


def added(fix: Fix) -> list[str]:
    return [line[1:].strip() for line in fix.patch.splitlines() if line.startswith("+\t")]


def removed(fix: Fix) -> list[str]:
    return [line[1:].strip() for line in fix.patch.splitlines() if line.startswith("-\t")]


def fix_of(root: Path, tree: str, rule: str, path: str, function: str, body: str) -> Fix:
    """The fix of the finding in `function` of a sample tree, its body replaced."""
    sample_trees.materialise(SAMPLES / tree, root)
    text = (root / path).read_text()
    start = text.index("{\n", text.index(f" {function}(")) + 2
    end = text.index("\n}\n", start)
    lines = [f"\t{line}" if line else "" for line in body.replace("    ", "\t").splitlines()]
    (root / path).write_text(text[:start] + "\n".join(lines).rstrip() + text[end:])
    audit = Audit(open_tree(root), Options(min_confidence=Confidence.LOW), NullStore())
    found = audit.findings(selected((rule,)))
    assert not audit.failed
    fixes = [f.fix for f in found if f.primary.path == path and f.primary.function == function]
    assert fixes and fixes[0] is not None
    return fixes[0]


def driver_fix(root: Path, body: str, rule: str = "unguarded-driver") -> Fix:
    tree = "unguarded-driver"
    return fix_of(root, tree, rule, BUS, "amba_dma_configure_bad", body)


def test_a_branch_that_leaves_is_the_way_out_of_a_device_without_a_driver(tmp_path: Path) -> None:
    fix = driver_fix(
        tmp_path,
        """\
struct amba_driver *drv = to_amba_driver(dev->driver);
int ret = of_dma_configure(dev, dev->of_node, true);

if (drv->driver_managed_dma)
    return ret;
return iommu_device_use_default_domain(dev);
""",
    )
    assert added(fix) == [
        "struct device_driver *drv = READ_ONCE(dev->driver);",
        "if (!drv || to_amba_driver(drv)->driver_managed_dma)",
    ]


def test_mixed_operators_keep_what_they_mean(tmp_path: Path) -> None:
    fix = driver_fix(
        tmp_path,
        """\
int ret = of_dma_configure(dev, dev->of_node, true);

if (!ret && to_amba_driver(dev->driver)->driver_managed_dma)
    return 0;
return iommu_device_use_default_domain(dev);
""",
    )
    assert added(fix) == [
        "struct device_driver *drv = READ_ONCE(dev->driver);",
        "if (!ret && (!drv || to_amba_driver(drv)->driver_managed_dma))",
    ]


def test_a_statement_gets_a_test_of_its_own(tmp_path: Path) -> None:
    fix = driver_fix(
        tmp_path,
        """\
const struct device_driver *drv = dev->driver;

dev_dbg(dev, "%s\\n", drv->name);
return 0;
""",
    )
    assert added(fix) == [
        "const struct device_driver *drv = READ_ONCE(dev->driver);",
        "if (drv)",
        'dev_dbg(dev, "%s\\n", drv->name);',
    ]


def test_tests_that_are_there_already_suffice(tmp_path: Path) -> None:
    fix = driver_fix(
        tmp_path,
        """\
const struct device_driver *drv = READ_ONCE(dev->driver);
const char *name = drv ? drv->name : "none";

dev_dbg(dev, "%s\\n", name);
if (drv->name)
    dev_dbg(dev, "named\\n");
return drv && drv->name ? 0 : -ENODEV;
""",
    )
    assert added(fix) == ["if (drv && drv->name)"]


REFUSED = {
    "returned": (
        "return to_amba_driver(dev->driver)->driver_managed_dma;",
        "it is used in a return, and what to do without is open",
    ),
    "two branches": (
        """\
struct amba_driver *drv = to_amba_driver(dev->driver);

if (drv->driver_managed_dma)
    dev_dbg(dev, "a\\n");
else
    dev_dbg(dev, "b\\n");
return 0;
""",
        "the test has two branches",
    ),
    "negated": (
        """\
struct amba_driver *drv = to_amba_driver(dev->driver);

if (!(dev->of_node && drv->driver_managed_dma))
    return 0;
return 1;
""",
        "a condition is negated as a whole",
    ),
    "declared together": (
        """\
struct amba_driver *drv = to_amba_driver(dev->driver), *other = drv;

if (!drv->driver_managed_dma)
    return other ? 0 : 1;
return 1;
""",
        "`drv` is declared together with others",
    ),
    "assigned again": (
        """\
struct amba_driver *drv = to_amba_driver(dev->driver);

if (!drv->driver_managed_dma)
    drv = NULL;
return drv ? 0 : 1;
""",
        "`drv` is assigned again",
    ),
    "computed": (
        """\
const char *name = amba_name_of(dev->driver);

if (!to_amba_driver(dev->driver)->driver_managed_dma)
    dev_dbg(dev, "%s\\n", name);
return 0;
""",
        "`name` is computed from it in a way of its own",
    ),
    "another device": (
        """\
const struct device_driver *drv = dev->parent->driver;

if (drv->name)
    return 1;
return dev->driver->name ? 0 : 1;
""",
        "the pointer is not read from one parameter throughout",
    ),
    "branch without braces": (
        """\
const struct device_driver *drv = dev->driver;

if (dev->of_node)
    dev_dbg(dev, "%s\\n", drv->name);
else
    return 1;
return 0;
""",
        "it is used in a branch without braces",
    ),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED)
def test_no_diff_where_what_to_do_without_a_driver_is_open(
    tmp_path: Path, body: str, why: str
) -> None:
    fix = driver_fix(tmp_path, body)
    assert fix.sentence.startswith("Read `dev->driver` once, with READ_ONCE(), and test what was")
    assert why in fix.sentence
    assert fix.patch == ""


def reference_fix(root: Path, body: str) -> Fix:
    return fix_of(root, "repeated-xlate", "repeated-xlate", XLATE, "foo_of_xlate_bad", body)


def test_a_reference_is_put_behind_the_last_use(tmp_path: Path) -> None:
    fix = reference_fix(
        tmp_path,
        """\
struct platform_device *pdev = of_find_device_by_node(args->np);

if (!pdev)
    return -ENODEV;
dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
if (args->args_count > 1)
    return -EINVAL;
return 0;
""",
    )
    assert added(fix) == ["put_device(&pdev->dev);"]
    assert " \tdev_iommu_priv_set(dev, platform_get_drvdata(pdev));\n+\tput" in fix.patch


def test_a_put_stands_behind_the_declarations_and_a_blank_line(tmp_path: Path) -> None:
    fix = reference_fix(
        tmp_path,
        """\
struct platform_device *pdev = of_find_device_by_node(args->np);
void *priv = platform_get_drvdata(pdev);
int ret = 0;

dev_iommu_priv_set(dev, priv);
return ret;
""",
    )
    assert " \tint ret = 0;\n \n+\tput_device(&pdev->dev);\n+\n \tdev_iommu_priv" in fix.patch


def test_a_device_itself_is_put_as_it_is(tmp_path: Path) -> None:
    fix = reference_fix(
        tmp_path,
        """\
struct device *found = bus_find_device_by_of_node(&platform_bus_type, args->np);

if (!found)
    return -ENODEV;
dev_iommu_priv_set(dev, dev_get_drvdata(found));
return 0;
""",
    )
    assert added(fix) == ["put_device(found);"]


@pytest.mark.parametrize("put", ["platform_device_put(pdev);", "put_device(&pdev->dev);"])
def test_a_reference_is_put_as_the_function_puts_it_elsewhere(tmp_path: Path, put: str) -> None:
    fix = reference_fix(
        tmp_path,
        f"""\
struct platform_device *pdev = of_find_device_by_node(args->np);

if (!pdev)
    return -ENODEV;
if (args->args_count > 1)
    return -EINVAL;
dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
{put}
return 0;
""",
    )
    assert added(fix) == ["if (args->args_count > 1) {", put, "}"]


def test_where_the_look_up_may_have_failed_the_put_is_tested(tmp_path: Path) -> None:
    fix = reference_fix(
        tmp_path,
        """\
struct platform_device *pdev = of_find_device_by_node(args->np);

if (pdev)
    dev_iommu_priv_set(dev, platform_get_drvdata(pdev));
return 0;
""",
    )
    assert added(fix) == ["if (pdev)", "put_device(&pdev->dev);"]


REFUSED_PUTS = {
    "returned": (
        """\
struct platform_device *pdev = of_find_device_by_node(args->np);

if (!pdev)
    return -ENODEV;
return foo_use(pdev->name);
""",
        "returns what it still needs",
    ),
    "no variable": (
        """\
dev_iommu_priv_set(dev, platform_get_drvdata(of_find_device_by_node(args->np)));
return 0;
""",
        "kept in no variable of its own",
    ),
    "shared way out": (
        """\
struct platform_device *pdev;
int ret = -EINVAL;

if (!args->args_count)
    goto out;
pdev = of_find_device_by_node(args->np);
if (!pdev)
    return -ENODEV;
if (pdev->id)
    ret = 0;
out:
return ret;
""",
        "is reached without the look-up, too",
    ),
    "more ways out than a patch should touch": (
        "struct platform_device *pdev = of_find_device_by_node(args->np);\n\n"
        + "".join(f"if (args->args_count == {n})\n\treturn -{n};\n" for n in range(1, 52))
        + "return 0;\n",
        "52 ways out would need it",
    ),
}


@pytest.mark.parametrize(("body", "why"), REFUSED_PUTS.values(), ids=REFUSED_PUTS)
def test_no_diff_where_a_put_would_be_wrong(tmp_path: Path, body: str, why: str) -> None:
    fix = reference_fix(tmp_path, body)
    assert fix.sentence.startswith("Put the reference that of_find_device_by_node() takes")
    assert why in fix.sentence
    assert fix.patch == ""
