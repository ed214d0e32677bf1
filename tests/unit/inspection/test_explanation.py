# SPDX-License-Identifier: GPL-2.0-only
"""A finding laid open: reasons, assumptions, what would refute it, and a patch that was checked."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff
from functools import cache
from pathlib import Path

import pytest
import sample_trees
import windows
from text_tree import TextTree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.inspection.explanation import (
    Explained,
    as_text,
    checked_patch,
    document,
    explained,
    page,
)
from kscan.inspection.inspection import Document
from kscan.model import Fix, KscanError
from kscan.rules import rules
from kscan.source.open import open_tree

STORY = sample_trees.SAMPLE_TREES / "probe-path"


@cache
def audit(name: str) -> Audit:
    return Audit(open_tree(STORY / name), Options(hits=False), NullStore())


@cache
def finding(name: str, rule: str, callback: str) -> Explained:
    found = audit(name).findings(rules())
    meant = next(
        f for f in found if f.rule == rule and f.callback and f.callback.function == callback
    )
    return explained(audit(name), meant.fingerprint)


def steps(answer: Document, kind: str) -> list[Document]:
    return [step for step in answer["steps"] if step["kind"] == kind]


@pytest.fixture
def crash() -> Document:
    return document(finding("0-before", "late-global", "acme_of_xlate"))


def test_every_step_has_a_reason_and_its_source(crash: Document) -> None:
    for step in crash["steps"]:
        assert step["reason"]
        marked = [line for line in step["source"] if line["marked"]]
        assert [line["line"] for line in marked] == [step["line"]]
        text = (STORY / "0-before" / step["path"]).read_text().splitlines()[step["line"] - 1]
        assert marked[0]["text"] == text


def test_edges_are_reasoned_by_their_kind(crash: Document) -> None:
    reasons = {step["note"]: step["reason"] for step in crash["steps"]}
    assert "is defined at drivers/iommu/iommu.c:" in reasons["calls bus_iommu_probe"]
    assert "over is taken to have it run" in reasons["hands over probe_iommu_group"]
    slot = reasons["calls iommu_ops.of_xlate"]
    assert "holds acme_of_xlate, and this registration publishes that table" in slot


def test_an_assumed_edge_names_the_commit_and_the_table_that_is_walked(crash: Document) -> None:
    assumed = next(s for s in steps(crash, "slot") if "assumed" in s["note"])
    assert "bcb81ac6ae3c" in assumed["reason"]
    assert "holds platform_dma_configure, which iommu_buses[] names" in assumed["reason"]
    assert any("--as-is shows what stands without it" in text for text in crash["refuted_by"])


def test_the_write_says_where_an_earlier_one_was_looked_for(crash: Document) -> None:
    (write,) = steps(crash, "write")
    assert "acme_iommu_probe()" in write["reason"]
    assert "its __init functions" in write["reason"]


def test_what_a_callback_does_is_not_reasoned_as_a_late_write() -> None:
    answer = document(finding("1-new-probe-path", "repeated-xlate", "acme_of_xlate"))
    reasons = {step["reason"] for step in steps(answer, "write")}
    assert reasons == {"the source does it here, and no test on the way keeps it from running"}


def test_what_would_refute_it_is_said(crash: Document) -> None:
    refuted = " ".join(crash["refuted_by"])
    assert "A write of dma_dev that runs before drivers/iommu/acme-iommu.c:" in refuted
    assert "acme_of_xlate() is not in the table that acme_iommu_probe() registers" in refuted
    assert "An earlier write that kscan cannot see" in refuted
    assert crash["assumptions"]
    assert not any(assumption in refuted for assumption in crash["assumptions"])


def test_power_is_switched_on_and_not_written(tmp_path: Path) -> None:
    tree = sample_trees.materialise(sample_trees.SAMPLE_TREES / "late-state", tmp_path / "tree")
    known = Audit(open_tree(tree), Options(hits=False), NullStore())
    late = next(
        found
        for found in known.findings(rules())
        if found.subject and found.subject.kind == "runtime PM"
    )
    answer = document(explained(known, late.fingerprint))
    refuted = " ".join(answer["refuted_by"])
    assert "A call that enables runtime PM and runs before drivers/iommu/" in refuted
    assert "runtime PM and DMA masks" not in refuted
    (call,) = steps(answer, "write")
    assert "no call that is certain precedes it" in call["reason"]


def test_text_marks_the_line_of_each_step(crash: Document) -> None:
    text = as_text(crash)
    spots = [(step["path"], step["line"]) for step in crash["steps"]]
    shown = [spot for spot, last in zip(spots, [None, *spots], strict=False) if spot != last]
    assert text.count("\n    >") == len(shown) < len(spots)
    assert f"kscan explain --patch {crash['fingerprint']}" in text


def test_findings_without_a_registration_are_explained_too() -> None:
    answer = document(finding("1-new-probe-path", "unguarded-driver", "amba_dma_configure"))
    assert all(step["reason"] for step in answer["steps"])
    assert answer["refuted_by"]


def test_a_fingerprint_may_be_cut_but_not_to_ambiguity() -> None:
    known = finding("1-new-probe-path", "late-drvdata", "bar_of_xlate").finding
    tree = audit("1-new-probe-path")
    for given in (known.fingerprint[:12], known.fingerprint.removeprefix("v1-")):
        assert explained(tree, given).finding.fingerprint == known.fingerprint
    with pytest.raises(KscanError, match="several findings begin so"):
        explained(tree, "v1-")
    with pytest.raises(KscanError, match="no finding v1-0123 among"):
        explained(tree, "v1-0123")


def test_a_patch_is_printed_once_the_patched_tree_was_audited() -> None:
    found = finding("1-new-probe-path", "late-drvdata", "bar_of_xlate")
    checked = checked_patch(found)
    assert checked.patch.startswith("--- a/drivers/iommu/bar-vmsa.c\n")
    assert not checked.shown


def with_patch(found: Explained, patch: str) -> Explained:
    return replace(found, finding=replace(found.finding, fix=Fix("Do so.", patch)))


def test_a_patch_that_does_not_help_is_not_printed() -> None:
    found = finding("1-new-probe-path", "late-drvdata", "bar_of_xlate")
    path = "drivers/iommu/bar-vmsa.c"
    first, second = (STORY / "1-new-probe-path" / path).read_text().splitlines()[:2]
    useless = f"--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,3 @@\n {first}\n+/* new */\n {second}\n"
    with pytest.raises(KscanError, match="the patched tree has the finding still"):
        checked_patch(with_patch(found, useless))


def test_a_patch_that_breaks_something_else_is_not_printed() -> None:
    found = finding("1-new-probe-path", "late-drvdata", "bar_of_xlate")
    path = "drivers/iommu/bar-vmsa.c"
    before = (STORY / "1-new-probe-path" / path).read_text()
    registers = "\tret = iommu_device_register("
    after = before.replace(registers, f"\tplatform_set_drvdata(pdev, mmu);\n{registers}")
    after = after.replace("\tmmu->dev = &pdev->dev;\n", "")
    late = "mmu);\n\tmmu->dev = &pdev->dev;\n\treturn 0;"
    after = after.replace("mmu);\n\treturn 0;", late)
    after = after.replace("\treturn &mmu->iommu;", "\tdev_name(mmu->dev);\n\treturn &mmu->iommu;")
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    patch = "".join(unified_diff(*lines, f"a/{path}", f"b/{path}"))
    with pytest.raises(KscanError, match="the patched tree has a new finding: v1-"):
        checked_patch(with_patch(found, patch))


HIDING = """
struct foo { struct iommu_device iommu; struct foo *next; int ready; int number; };
static int foo_of_xlate(struct device *dev)
{
    struct foo *foo = dev_iommu_priv_get(dev);

    if (!foo->ready)
        return -ENODEV;
    SEEN
    return 0;
}
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
static int foo_probe(struct device *dev)
{
    struct foo *foo = devm_kzalloc(dev, sizeof(*foo), GFP_KERNEL);

    iommu_device_register(&foo->iommu, &foo_ops, 0);
    foo->ready = 1;
    SET
    return 0;
}
"""


@pytest.mark.parametrize(
    ("seen", "set_", "shown"),
    [
        ("if (!foo->number) return -ENODEV;", "foo->number = 3;", True),
        # what is worse than the finding is not let loose
        ("foo->next->number = 3;", "foo->next = foo;", False),
    ],
)
def test_a_patch_may_bring_to_light_what_is_no_worse(seen: str, set_: str, shown: bool) -> None:
    code = HIDING.replace("SEEN", seen).replace("SET", set_)
    opening = "int of_iommu_configure(struct device *dev) { return iommu_fwspec_init(dev, 0); }"
    made = TextTree(windows.tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=opening))
    read = Audit(made, Options(hits=False), NullStore())
    (late,) = (one for one in read.findings(rules()) if one.rule == "late-state")
    found = explained(read, late.fingerprint)
    if not shown:
        with pytest.raises(KscanError, match="the patched tree has a new finding: v1-"):
            checked_patch(found)
        return
    (uncovered,) = checked_patch(found).shown
    assert "foo.number" in uncovered.message


def test_without_a_patch_the_sentence_is_the_answer() -> None:
    found = finding("1-new-probe-path", "late-drvdata", "bar_of_xlate")
    with pytest.raises(KscanError, match=r"kscan cannot write this patch: do so$"):
        checked_patch(with_patch(found, ""))


def test_a_rule_is_explained_by_its_page() -> None:
    known = page("late-global")
    assert known is not None and "How it can be wrong" in known["page"]
    assert page("no-such-rule") is None


def test_hostile_source_cannot_command_the_terminal(crash: Document, tmp_path: Path) -> None:
    crash["steps"][0]["source"][0]["text"] = "\x1b]0;owned\x07"
    assert "\x1b" not in as_text(crash)
    crash["steps"][0]["path"] = crash["path"] = "drivers/a\n::error::b.c"
    assert not any(row.startswith("::") for row in as_text(crash).splitlines())
