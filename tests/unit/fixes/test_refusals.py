# SPDX-License-Identifier: GPL-2.0-only
"""Where moving a statement would be wrong, the fix says why and carries no diff."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import sample_trees

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.model import Confidence, Fix
from kscan.rules import selected
from kscan.source.open import open_tree

CORE = sample_trees.SAMPLE_TREES / "core"

DRIVER = """\
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

struct my {
	void __iomem *regs;
	struct iommu_device iommu;
	struct list_head list;
	u32 version;
	u32 *map;
	u32 *other;
	struct clk *clk;
	struct reset_control *rst;
};

static struct my *my;
static LIST_HEAD(my_list);
static DEFINE_MUTEX(my_lock);
static struct iommu_device *my_probe_device(struct device *dev)
{
	CALLBACK
}
static int my_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
	return 0;
}
static const struct iommu_ops my_ops = {
	.probe_device = my_probe_device,
	.of_xlate = my_of_xlate,
};
HELPERS
static int my_probe(struct platform_device *pdev)
{
	struct my *new = devm_kzalloc(&pdev->dev, sizeof(*new), GFP_KERNEL);
	int ret, other;

	if (!new)
		return -ENOMEM;
BODY
}
static struct platform_driver my_driver = {
	.probe = my_probe,
};
"""

READS_MAP = "return my->map[0] ? &my->iommu : ERR_PTR(-ENODEV);"
REGISTER = "ret = iommu_device_register(&new->iommu, &my_ops, &pdev->dev);"


def fixes(root: Path, body: str, callback: str = READS_MAP, helpers: str = "") -> list[Fix]:
    """The fixes of the late findings of a driver with this probe."""
    sample_trees.materialise(CORE, root)
    text = DRIVER.replace("CALLBACK", callback).replace("HELPERS", dedent(helpers))
    body = dedent(body).strip("\n").replace("REGISTER", REGISTER).replace("    ", "\t")
    lines = [line if line[-1:] == ":" or line[:1] == "#" else f"\t{line}".rstrip("\t")
             for line in body.splitlines()]  # fmt: skip
    path = root / "drivers/iommu/my-iommu.c"
    path.write_text(text.replace("BODY", "\n".join(lines)))
    audit = Audit(open_tree(root), Options(min_confidence=Confidence.LOW), NullStore())
    rules = selected(("late-global", "late-state", "late-drvdata"))
    found = audit.findings(rules)
    assert not audit.failed
    return [f.fix for f in found if f.primary.path == "drivers/iommu/my-iommu.c" and f.fix]


REFUSED = {
    "error labels": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        ret = clk_prepare_enable(new);
        if (ret)
            goto unregister;
        new->map = devm_kzalloc(&pdev->dev, ret, GFP_KERNEL);
        return 0;
        unregister:
        iommu_device_unregister(&new->iommu);
        return ret;
        """,
        "may fail and leave, and its way out undoes the registration",
    ),
    "result": (
        """\
        my = new;
        REGISTER
        return my_size(new, ret);
        """,
        "the call that does so needs what iommu_device_register() returns",
    ),
    "unknown call": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        new->map = my_core_table(&pdev->dev);
        return 0;
        """,
        "cannot tell whether my_core_table() relies on the registration or on what comes before it",
    ),
    "conditional": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        #ifdef CONFIG_MY
        new->other = NULL;
        #endif
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return 0;
        """,
        "a preprocessor conditional stands between",
    ),
    "label": (
        """\
        my = new;
        if (!new->regs)
            goto skip;
        REGISTER
        if (ret)
            return ret;
        skip:
        ret = 0;
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return 0;
        """,
        "other ways than the registration's lead to line",
    ),
    "leak": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        new->map = kcalloc(4, 4, GFP_KERNEL);
        return 0;
        """,
        "what kcalloc() allocates would leak where iommu_device_register() fails",
    ),
    "looked at": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        if (new->map)
            dev_warn(&pdev->dev, "already");
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return 0;
        """,
        "which would come after it, looks at the same place",
    ),
    "variable": (
        """\
        my = new;
        other = 1;
        REGISTER
        if (ret)
            return ret;
        new->version = other;
        other = 4;
        new->map = devm_kzalloc(&pdev->dev, other, GFP_KERNEL);
        return 0;
        """,
        "uses a variable that it changes",
    ),
    "shared line": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        new->other = NULL; new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return 0;
        """,
        "another statement stands on the same line",
    ),
    "registers": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        my_power_up(new);
        new->map = devm_kzalloc(&pdev->dev, readl(new->regs), GFP_KERNEL);
        return 0;
        """,
        "it reads registers that line",
    ),
    "returned": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        return my_fill(new);
        """,
        "the function returns what it yields",
    ),
    "declaration": (
        """\
        int late = iommu_device_register(&new->iommu, &my_ops, &pdev->dev);
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        my = new;
        return late;
        """,
        "iommu_device_register() is called in a declaration",
    ),
    "failed allocation": (
        """\
        my = new;
        REGISTER
        if (ret)
            goto out;
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        if (!new->map)
            return -ENOMEM;
        out:
        return ret;
        """,
        "may fail and leave",
    ),
    "lock": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        mutex_lock(&my_lock);
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        mutex_unlock(&my_lock);
        return 0;
        """,
        "it stands under the lock that line",
    ),
    "lock in a condition": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        if (mutex_lock_interruptible(&my_lock))
            return -EINTR;
        new->map = &new->version;
        mutex_unlock(&my_lock);
        return 0;
        """,
        "it stands under the lock that line",
    ),
    "guard": (
        """\
        my = new;
        REGISTER
        if (ret)
            return ret;
        guard(mutex)(&my_lock);
        new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return 0;
        """,
        "it stands under the lock that line",
    ),
    "argument": (
        """\
        struct device *dev = &pdev->dev;
        my = new;
        ret = iommu_device_register(&new->iommu, &my_ops, dev);
        if (ret)
            return ret;
        dev = NULL;
        new->map = devm_kzalloc(dev, 4, GFP_KERNEL);
        return 0;
        """,
        "the registration itself looks at what it changes",
    ),
    "only statement of else": (
        """\
        my = new;
        REGISTER
        if (ret)
            dev_warn(&pdev->dev, "no");
        else
            new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
        return ret;
        """,
        "it is the only statement of its branch",
    ),
}
HELPERS = """\
static int my_fill(struct my *m)
{
    m->map = devm_kzalloc(NULL, 4, GFP_KERNEL);
    return m->map ? 0 : -ENOMEM;
}
static int my_size(struct my *m, int size)
{
    m->map = devm_kzalloc(NULL, 4, GFP_KERNEL);
    return size;
}
"""


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED)
def test_no_diff_where_moving_would_be_wrong(tmp_path: Path, body: str, why: str) -> None:
    found = fixes(tmp_path, body, helpers=HELPERS)
    about = [fix for fix in found if fix.sentence.startswith("Set `my.map` before ")]
    assert about, found
    assert why in about[0].sentence
    assert about[0].patch == ""
    assert about[0].sentence.startswith("Set `my.map` before iommu_device_register() is called; ")


def test_no_diff_where_a_callback_changes_what_the_statement_reads(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    if (ret)
        return ret;
    new->map = devm_kzalloc(&pdev->dev, new->version, GFP_KERNEL);
    return 0;
    """
    callback = f"my->version = 4; {READS_MAP}"
    found = fixes(tmp_path, body, callback)
    why = "the code to be moved reads `my.version`, which my_probe_device() changes inside"
    assert f"because {why} iommu_device_register()." in found[0].sentence


def test_what_the_registration_yields_is_nothing_to_set_before_it(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    new->map = devm_kzalloc(&pdev->dev, ret, GFP_KERNEL);
    return 0;
    """
    (fix,) = fixes(tmp_path, body)
    assert fix.sentence == (
        "Have my_probe_device() do without `my.map` until iommu_device_register() has returned; "
        "kscan writes no patch, because the value depends on what iommu_device_register() returns."
    )
    assert fix.patch == ""


@pytest.mark.parametrize(
    ("late", "why"),
    [
        ("clk_prepare_enable(new->clk);", "it has to be switched off again where the regis"),
        ("reset_control_deassert(new->rst);", "it has to be asserted again where the registration"),
        ("reset_control_reset(new->rst);", "what else is done to the hardware in between"),
        (
            "new->clk = devm_clk_get_enabled(&pdev->dev, NULL);",
            "the test whether devm_clk_get_enabled() failed has to go with it, and must not undo",
        ),
        (
            "devm_clk_bulk_get_all_enabled(&pdev->dev, &new->clk);",
            "the test whether devm_clk_bulk_get_all_enabled() failed has to go with it",
        ),
    ],
)
def test_what_is_switched_on_stays_and_the_fix_tells_what_has_to_follow_it(
    tmp_path: Path, late: str, why: str
) -> None:
    body = f"my = new;\nREGISTER\nif (ret)\n    return ret;\n{late}\nreturn 0;"
    (fix,) = fixes(tmp_path, body, "writel(1, my->regs); return &my->iommu;")
    assert f"is called; kscan writes no patch, because {why}" in fix.sentence
    assert fix.patch == ""


LISTED = "if (list_empty(&my_list))\n\t\treturn ERR_PTR(-ENODEV);\n\treturn &my->iommu;"


def test_a_list_is_left_again_on_the_one_way_out(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    if (ret) {
        dev_warn(&pdev->dev, "no");
        return ret;
    }
    list_add(&new->list, &my_list);
    return 0;
    """
    (fix,) = fixes(tmp_path, body, LISTED)
    added = [line[1:] for line in fix.patch.splitlines() if line.startswith("+\t")]
    assert added == ["\tlist_add(&new->list, &my_list);", "\t\tlist_del(&new->list);"]


@pytest.mark.parametrize(
    ("joins", "left"),
    [
        # either arm joins: it is left once
        ("if (new->version)\n        ADD\n    else\n        ADD", 1),
        ("if (new->version) {\n        ADD\n    } else {\n        ADD\n    }", 1),
        ("if (new->version) {\n        ADD\n    } else if (dma_dev) {\n        ADD\n    } else {\n"
         "        ADD\n    }", 1),
        ("{\n        ADD\n    }", 1),
        # what never joined must not leave
        ("if (new->version)\n        ADD", 0),
        ("if (new->version) {\n        ADD\n    } else if (dma_dev) {\n        ADD\n    }", 0),
        ("while (new->version)\n        ADD", 0),
    ],
)  # fmt: skip
def test_a_list_is_left_as_often_as_it_is_joined(tmp_path: Path, joins: str, left: int) -> None:
    joins = joins.replace("ADD", "list_add(&new->list, &my_list);")
    body = f"""\
    my = new;
    REGISTER
    if (ret)
        return ret;
    {joins}
    return 0;
    """
    (fix,) = fixes(tmp_path, dedent(body), LISTED)
    assert fix.patch.count("+\t\tlist_del(&new->list);") == left
    assert ("joins it only on some ways" in fix.sentence) == (left == 0)


def test_no_diff_where_a_list_would_have_to_be_left_in_several_places(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    if (ret)
        return ret;
    if (!new->regs)
        return -ENODEV;
    list_add(&new->list, &my_list);
    return 0;
    """
    (fix,) = fixes(tmp_path, body, LISTED)
    assert "no single branch handles failure" in fix.sentence
    helpers = "static void my_join(struct my *m)\n{\n\tlist_add(&m->list, &my_list);\n}\n"
    joined = body.replace("list_add(&new->list, &my_list);", "my_join(new);")
    (fix,) = fixes(tmp_path / "helper", joined, LISTED, helpers)
    assert "it has to be left again where the registration fails" in fix.sentence


STAYS = "Set `{}` before iommu_device_register() is called. It stays set where that fails."


@pytest.mark.parametrize(
    ("late", "name", "read", "told"),
    [
        ("my = new;", "my", "my->map[0]", STAYS),
        ("if (!my)\n        my = new;", "my", "my->map[0]", STAYS),
        ("my = &my_first;", "my", "my->map[0]", STAYS.partition(" It")[0]),
        ("my_first.map = new->map;", "my_first.map", "my_first.map[0]", STAYS),
        (
            "my_first.version = 4;",
            "my_first.version",
            "my_first.version",
            STAYS.partition(" It")[0],
        ),
    ],
)
def test_a_global_stays_set_where_the_registration_fails(
    tmp_path: Path, late: str, name: str, read: str, told: str
) -> None:
    body = f"    REGISTER\n    if (ret)\n        return ret;\n    {late}\n    return 0;\n"
    callback = f"return {read} ? &my_first.iommu : ERR_PTR(-ENODEV);"
    (fix,) = fixes(tmp_path, body, callback, "static struct my my_first;")
    assert fix.sentence == told.format(name)
    assert fix.patch


def test_a_comment_and_the_test_of_an_allocation_go_with_it(tmp_path: Path) -> None:
    body = """\
    my = new;

    REGISTER
    if (ret)
        return ret;

    /* Stream map. */
    new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
    if (!new->map)
        return -ENOMEM;
    return 0;
    """
    (fix,) = fixes(tmp_path, body)
    assert fix.sentence == "Set `my.map` before iommu_device_register() is called."
    moved = [
        "\t/* Stream map. */",
        "\tnew->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);",
        "\tif (!new->map)",
        "\t\treturn -ENOMEM;",
    ]
    lines = fix.patch.splitlines()
    assert [line[1:] for line in lines if line.startswith("+\t")] in (
        moved,
        [f"\t{REGISTER}", "\tif (ret)", "\t\treturn ret;"],
    )


def test_a_lock_that_was_released_again_is_in_nobodys_way(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    if (ret)
        return ret;
    mutex_lock(&my_lock);
    new->version = 4;
    mutex_unlock(&my_lock);
    new->map = devm_kzalloc(&pdev->dev, 4, GFP_KERNEL);
    return 0;
    """
    found = [fix for fix in fixes(tmp_path, body) if "my.map" in fix.sentence]
    assert found[0].patch


def test_what_the_statement_needs_moves_with_it(tmp_path: Path) -> None:
    body = """\
    my = new;
    REGISTER
    if (ret)
        return ret;
    other = 8;
    new->version = readl(new->regs);
    new->map = devm_kzalloc(&pdev->dev, other * new->version, GFP_KERNEL);
    dev_info(&pdev->dev, "up");
    return 0;
    """
    found = [fix for fix in fixes(tmp_path, body) if "my.map" in fix.sentence]
    added = [line[1:] for line in found[0].patch.splitlines() if line.startswith("+\t")]
    assert [line.strip().partition(" ")[0] for line in added] == [
        "other", "new->version", "new->map",
    ]  # fmt: skip


VERSION = "return my->version > 2 ? &my->iommu : ERR_PTR(-ENODEV);"


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        # the pointer that the member is reached through
        ("struct my *it = NULL;", "it = my; it->version = 3;", ["it = my;", "it->version = 3;"]),
        # locals that a function fills, by name or by address
        ("int box[2] = { 0 };", "fill(box); new->version = box[0];",
         ["fill(box);", "new->version = box[0];"]),
        ("struct { int v; } box = { 0 };", "fill(&box.v); new->version = box.v;",
         ["fill(&box.v);", "new->version = box.v;"]),
    ],
)  # fmt: skip
def test_what_sets_a_local_moves_with_its_use(
    tmp_path: Path, before: str, after: str, moved: list[str]
) -> None:
    rows = [f"{row.strip()};" for row in after.split(";") if row.strip()]
    body = "\n".join(
        [before, "my = new;", "REGISTER", "if (ret)", "    return ret;", *rows, "return 0;"]
    )
    helpers = "static void fill(int *to) { *to = 3; }"
    found = [f for f in fixes(tmp_path, body, VERSION, helpers) if "my.version" in f.sentence]
    added = [line[1:].strip() for line in found[0].patch.splitlines() if line.startswith("+\t")]
    assert added == moved
