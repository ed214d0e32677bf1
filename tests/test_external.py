# SPDX-License-Identifier: GPL-2.0-only
"""Drivers kept out of the tree: audited and judged as if they stood in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sample_trees
from histories import History
from test_cli import kscan, one_line

from kscan.change.kept import identity
from kscan.model import KscanError
from kscan.program.headers import Headers
from kscan.source.beside import BesideTree, beside
from kscan.source.commit import CommitTree
from kscan.source.directory import DirectoryTree
from kscan.source.repository import Repository

pytestmark = pytest.mark.usefixtures("own_cache")

STORY = sample_trees.SAMPLE_TREES / "probe-path"
BEFORE, NEW = STORY / "0-before", STORY / "1-new-probe-path"
DRIVER = "drivers/iommu/bar-vmsa.c"
HEADER = '#include "bar.h"\n#include <linux/bar-regs.h>\n'


def parted(source: Path, root: Path, driver: str = DRIVER) -> tuple[Path, Path]:
    """`source` without a driver, and that driver in a directory of its own."""
    tree, vendor = sample_trees.materialise(source, root / "linux"), root / "vendor" / "bar"
    (vendor / "include" / "linux").mkdir(parents=True)
    (vendor / Path(driver).name).write_text((tree / driver).read_text())
    (tree / driver).unlink()
    (vendor / "Kbuild").write_text(f"obj-m += {Path(driver).stem}.o\n")
    return tree, vendor


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def seen(findings: list[dict[str, Any]], path: str) -> list[tuple[str, str, str]]:
    return sorted((f["rule"], f["message"], f["confidence"]) for f in findings if f["path"] == path)


def test_a_driver_beside_the_tree_is_found_at_risk_as_one_in_it(tmp_path: Path) -> None:
    within = told(kscan("audit", NEW, "-f", "json"))["findings"]
    tree, vendor = parted(NEW, tmp_path)
    assert seen(told(kscan("audit", tree, "-f", "json"))["findings"], DRIVER) == []
    found = told(kscan("audit", tree, "--external", vendor, "-f", "json"))["findings"]
    assert seen(found, "external/bar/bar-vmsa.c") == seen(within, DRIVER) != []
    others = sorted({f["path"] for f in within} - {DRIVER})
    assert sorted({f["path"] for f in found} - {"external/bar/bar-vmsa.c"}) == others


def test_only_what_stands_beside_the_tree_can_be_asked_for(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    found = kscan("audit", tree, "--external", vendor, "--path", "external", "-f", "json")
    assert {f["path"] for f in told(found)["findings"]} == {"external/bar/bar-vmsa.c"}


def test_it_can_be_asked_for_where_it_lies(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    asked = ("audit", tree, "-f", "json", "--external", vendor, "--path")
    found = told(kscan(*asked, "external/bar"))["findings"]
    for place in (vendor, "vendor/bar", "vendor/bar/bar-vmsa.c"):
        assert told(kscan(*asked, place, cwd=tmp_path))["findings"] == found != []
    listed = kscan("facts", "vendor/bar/bar-vmsa.c", tree, "--external", vendor, cwd=tmp_path)
    assert "bar_vmsa_probe" in listed.stdout


def test_a_slip_may_be_meant_for_a_function_beside_the_tree(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    (vendor / "extra.c").write_text("int bar_extra_setup(void)\n{\n\treturn 0;\n}\n")
    for slip, meant in (("bar_extra_stup", "bar_extra_setup"), ("iommu_devic_register", "iommu_d")):
        done = kscan("callers", slip, tree, "--external", vendor)
        assert f"did you mean {meant}" in done.stderr, done


def test_one_that_has_a_number_is_asked_for_by_it(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    (tree / "external" / "bar").mkdir(parents=True)
    (tree / "external" / "bar" / "other.c").write_text("int x;\n")
    asked = ("audit", tree, "--external", vendor, "-f", "concise", "--path")
    assert "vendor/bar: nothing below it" in one_line(kscan(*asked, vendor))
    assert kscan(*asked, "external/bar-2").stdout.startswith("external/bar-2/bar-vmsa.c")


def test_it_sees_its_own_headers_first(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    file = vendor / "bar-vmsa.c"
    text = file.read_text()
    late = "platform_set_drvdata(pdev, mmu);"
    assert late in text
    file.write_text(HEADER + text.replace(late, "bar_keep(pdev, mmu);"))
    (vendor / "bar.h").write_text(f"#define bar_keep(pdev, mmu) {late[:-1]}\n")
    (vendor / "include/linux/bar-regs.h").write_text("#define BAR_CTRL 0x20\n")
    found = told(kscan("audit", tree, "--external", vendor, "-f", "json"))["findings"]
    assert [f["rule"] for f in found if f["path"].startswith("external/")] == ["late-drvdata"]
    seen_by_it = Headers(beside(DirectoryTree(tree), [vendor])).closure("external/bar/bar-vmsa.c")
    assert {"external/bar/bar.h", "external/bar/include/linux/bar-regs.h"} <= seen_by_it.keys()


@pytest.mark.parametrize("included", ["<linux/bar-priv.h>", '"bar-priv.h"'])
def test_laid_out_as_the_tree_is_it_sees_what_stands_in_its_place(
    tmp_path: Path, included: str
) -> None:
    tree, vendor = parted(NEW, tmp_path)
    (tree / "drivers/iommu/bar-priv.h").write_text("#include <linux/iommu.h>\n")
    file = vendor / DRIVER
    file.parent.mkdir(parents=True)
    file.write_text(f"#include {included}\n")
    found = Headers(beside(DirectoryTree(tree), [vendor])).closure(f"external/bar/{DRIVER}")
    assert list(found)[:2] == ["drivers/iommu/bar-priv.h", "include/linux/iommu.h"]


def test_a_kept_report_ends_with_what_stands_beside_the_tree(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    asked = ("audit", tree, "--external", vendor, "--path", "external", "-f", "json")
    assert len(told(kscan(*asked))["findings"]) == 1
    file = vendor / "bar-vmsa.c"
    file.write_text(file.read_text().replace("iommu_device_register(", "iommu_device_keep("))
    assert told(kscan(*asked))["findings"] == []


def test_the_command_that_lays_a_finding_open_names_it(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    asked = ("--external", str(vendor))
    found = told(kscan("audit", tree, *asked, "--path", "external", "-f", "json"))["findings"]
    name = found[0]["fingerprint"]
    report = kscan("audit", tree, *asked).stdout
    assert f"kscan explain {name} {tree} --external {vendor}" in report
    assert "external/bar/bar-vmsa.c" in kscan("explain", name, tree, *asked).stdout
    patch = kscan("explain", name, "--patch", tree, *asked)
    assert patch.returncode == 0 and "external/bar/bar-vmsa.c" in patch.stdout


def test_an_oops_in_it_is_explained(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path, "drivers/iommu/foo-m4u.c")
    oops = (
        "[    4.0] Unable to handle kernel NULL pointer dereference at address 0018\n"
        "[    4.0] Oops [#1]\n"
        "[    4.0] CPU: 1 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.15.0 #2\n"
        "[    4.0] epc : foo_m4u_of_xlate+0x1c/0x6e\n"
        "[    4.0]  ra : of_iommu_configure+0xf2/0x180\n"
        "[    4.0] [<ffffffff80600010>] foo_m4u_of_xlate+0x1c/0x6e\n"
        "[    4.0] [<ffffffff80500020>] of_iommu_configure+0xf2/0x180\n"
        "[    4.0] [<ffffffff80500030>] iommu_device_register+0x90/0x180\n"
        "[    4.0] [<ffffffff80600040>] foo_m4u_probe+0x180/0x240\n"
        "[    4.0] ---[ end trace 0000000000000000 ]---\n"
    )
    done = kscan("triage", "-", tree, "--external", vendor, stdin=oops)
    assert done.returncode == 0
    assert "external/bar/foo-m4u.c" in done.stdout
    assert kscan("triage", "-", tree, stdin=oops).returncode == 1


@pytest.mark.parametrize("way", ["directories", "range", "patch", "worktree"])
def test_a_change_of_the_core_breaks_it(tmp_path: Path, way: str) -> None:
    new, vendor = parted(NEW, tmp_path / "new")
    old = sample_trees.materialise(BEFORE, tmp_path / "old")
    (old / DRIVER).unlink()
    history = History(tmp_path / "repo")
    history.becomes(old)
    history.commit("before")
    history.becomes(new)
    arguments: list[str] = ["--repo", str(history.root)]
    if way == "directories":
        arguments = [str(old), str(new)]
    elif way == "worktree":
        arguments.append("--worktree")
    else:
        history.commit("new probe path")
        arguments.append("HEAD~1..HEAD")
    if way == "patch":
        patch = tmp_path / "0001.patch"
        patch.write_text(history.git("format-patch", "-1", "--stdout") + "\n")
        arguments[-1:] = ["--patch", str(patch), "--base", "HEAD~1"]
    done = kscan("diff", *arguments, "--external", vendor, "--path", "external", "-f", "json")
    introduced = told(done)["introduced"]
    assert [f["rule"] for f in introduced] == ["late-drvdata"]
    assert introduced[0]["path"] == "external/bar/bar-vmsa.c"
    assert f"--external {vendor}" in told(done)["reproduce"]


def test_what_it_names_stands_with_it_commit_by_commit(tmp_path: Path) -> None:
    new, vendor = parted(NEW, tmp_path / "new")
    history = History(tmp_path / "repo")
    history.becomes(sample_trees.materialise(BEFORE, tmp_path / "old"))
    (history.root / DRIVER).unlink()
    history.commit("before")
    history.commit("nothing of it", lib__x_c="/* nothing */\n")
    history.becomes(new)
    history.commit("new probe path")
    asked = ("--repo", str(history.root), "HEAD~2..HEAD", "--per-commit", "--path", "external")
    commits = told(kscan("diff", *asked, "--external", vendor, "-f", "json"))["commits"]
    assert [len(commit["introduced"]) for commit in commits] == [0, 1]


def test_a_comment_names_it_and_not_where_it_lies(tmp_path: Path) -> None:
    new, vendor = parted(NEW, tmp_path / "new")
    history = History(tmp_path / "repo")
    history.becomes(sample_trees.materialise(BEFORE, tmp_path / "old"))
    (history.root / DRIVER).unlink()
    history.commit("before")
    history.becomes(new)
    history.commit("new probe path")
    asked = ("--dry-run", "--repo", history.root, "--range", "HEAD~1..HEAD", "--external", vendor)
    comment = kscan("bot", "github", *asked).stdout
    assert "external/bar/bar-vmsa.c" in comment
    assert comment.count("--external bar") > 1 and f"--external {vendor}" not in comment


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "nowhere: no such directory; --external takes a driver's directory"),
        ("empty", "empty: no C file in it; --external takes a driver's directory"),
        ("file.c", "file.c: no such directory; --external takes a driver's directory"),
    ],
)
def test_what_is_no_drivers_directory_is_told(tmp_path: Path, place: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.c").write_text("int x;\n")
    assert one_line(kscan("audit", NEW, "--external", place, cwd=tmp_path)).endswith(said)


def test_a_part_of_the_tree_itself_is_refused(tmp_path: Path) -> None:
    tree, _ = parted(NEW, tmp_path)
    within = tree / "drivers" / "iommu"
    said = one_line(kscan("audit", tree, "--external", within))
    assert said.endswith("drivers/iommu: below the tree, which has it already")


def test_what_holds_the_tree_or_another_one_is_refused(tmp_path: Path) -> None:
    tree, vendor = parted(NEW, tmp_path)
    history = History(tmp_path / "checkout")
    history.write("drivers/a.c", "int a;\n")
    history.commit("a")
    for base in (DirectoryTree(tree), CommitTree(Repository(history.root), "HEAD")):
        with pytest.raises(KscanError, match="the tree is in it; --external takes"):
            beside(base, [tmp_path])
    inner = vendor / "inner"
    inner.mkdir()
    with pytest.raises(KscanError, match=r"inner: below .*, which has it already"):
        beside(DirectoryTree(tree), [inner, vendor])


def test_two_of_one_name_stand_apart(tmp_path: Path) -> None:
    for top in ("a", "b"):
        (tmp_path / top / "foo").mkdir(parents=True)
        (tmp_path / top / "foo" / f"{top}.c").write_text(f"int {top}(void) {{ return 0; }}\n")
    tree = beside(DirectoryTree(NEW), [tmp_path / "a" / "foo", tmp_path / "b" / "foo"])
    assert [p for p in tree.paths() if p.startswith("external/")] == [
        "external/foo-2/b.c",
        "external/foo/a.c",
    ]
    assert tree.read("external/foo-2/b.c").startswith(b"int b")
    assert tree.listing("external/foo") == ["external/foo/a.c"]
    assert tree.definitions().files("b") == ("external/foo-2/b.c",)
    assert tree.files_with(["b"], under=["external/foo-2"]) == ["external/foo-2/b.c"]
    assert tree.exists("drivers/iommu/iommu.c") and not tree.exists("external/foo/b.c")


def test_one_that_is_named_twice_stands_once(tmp_path: Path) -> None:
    (tmp_path / "foo").mkdir()
    (tmp_path / "foo/a.c").write_text("int a;\n")
    tree = beside(DirectoryTree(NEW), [tmp_path / "foo", tmp_path / "foo/../foo"])
    assert [path for path in tree.paths() if path.startswith("external/")] == ["external/foo/a.c"]


def test_its_name_says_which_source_it_is(tmp_path: Path) -> None:
    (tmp_path / "foo").mkdir()
    (tmp_path / "foo" / "a.c").write_text("int a;\n")
    alone = DirectoryTree(NEW)
    with_it = beside(DirectoryTree(NEW), [tmp_path / "foo"])
    assert isinstance(with_it, BesideTree)
    assert identity(with_it) != identity(alone)
    assert with_it.name == f"{NEW} with {tmp_path / 'foo'}"
    (tmp_path / "bar").mkdir()
    (tmp_path / "bar" / "b.c").write_text("int b;\n")
    both = beside(DirectoryTree(NEW), [tmp_path / "foo", tmp_path / "bar"])
    assert both.name == f"{with_it.name} and {tmp_path / 'bar'}"
    assert with_it.kernel_version() == alone.kernel_version()
