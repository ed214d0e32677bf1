# SPDX-License-Identifier: GPL-2.0-only
"""Ranges of whole kernels: what one commit does to every driver, and what five releases did.

The verdicts on 6.1 → 6.12 were given by reading the C of both; they stand in
``diff-6.1-6.12.toml``.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kscan.facts.store import Store
from kscan.impact import Diff, Options
from kscan.model import Finding, Impact
from kscan.source.ranges import directory_range, open_range
from kscan.source.repository import Repository

HERE = Path(__file__).parent
LABELS = list(csv.DictReader((HERE / "labels.csv").read_text().splitlines()))
VERDICTS = tomllib.loads((HERE / "diff-6.1-6.12.toml").read_text())
SCENARIOS = ("as-is", "new-probe-path")

pytestmark = pytest.mark.kernel

CORE = "drivers/iommu/iommu.c"
BEFORE_CALL = "\tif (!try_module_get(ops->owner)) {\n\t\tret = -EINVAL;\n\t\tgoto err_free;\n\t}\n"
NEW_CALL = (
    "\tif (!dev->driver && dev->bus->dma_configure) {\n"
    "\t\tmutex_unlock(&iommu_probe_device_lock);\n"
    "\t\tdev->bus->dma_configure(dev);\n"
    "\t\tmutex_lock(&iommu_probe_device_lock);\n"
    "\t}\n\n"
)
AMBA = "drivers/amba/bus.c"
UNGUARDED = "\tif (!ret && !drv->driver_managed_dma) {\n\t\tret = iommu_device_use"
GUARDED = UNGUARDED.replace("!ret &&", "!ret && dev->driver &&")
ROCKCHIP = "drivers/iommu/rockchip-iommu.c"
REGISTERS = "\terr = iommu_device_register(&iommu->iommu, &rk_iommu_ops, dev);\n"
SETS = "\tif (!dma_dev)\n\t\tdma_dev = &pdev->dev;\n"


@dataclass(frozen=True)
class Kernel:
    """linux-source-6.12 as a repository: as it is, with the new call, and two repairs."""

    root: Path
    store: Store

    def impact(self, spec: str, options: Options | None = None) -> Impact:
        span = open_range(Repository(self.root), spec)
        return Diff(span, options or Options(hits=False), self.store).impact()


def git(root: Path, *arguments: str) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(root.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "A"), ("EMAIL", "a@example.org"), ("DATE", "2025-03-01T12:00:00Z"))},
    }  # fmt: skip
    subprocess.run(
        ["git", "-c", "gc.auto=0", "-c", "core.compression=1", *arguments],
        cwd=root,
        env=variables,
        check=True,
        capture_output=True,
    )


def edit(root: Path, path: str, *changes: tuple[str, str]) -> None:
    text = (root / path).read_text()
    for old, new in changes:
        assert text.count(old) == 1, (path, old)
        text = text.replace(old, new)
    (root / path).write_text(text)


def made(source: Path, root: Path) -> None:
    shutil.copytree(source, root, symlinks=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "-c", "core.bigFileThreshold=1", "add", "-f", "-A")  # into a pack at once
    git(root, "commit", "-q", "-m", "Linux 6.12")
    git(root, "tag", "base")
    edit(root, CORE, (BEFORE_CALL, NEW_CALL + BEFORE_CALL))
    git(root, "commit", "-q", "-a", "-m", "iommu: configure devices from the probe path")
    git(root, "tag", "probe")
    edit(root, AMBA, (UNGUARDED, GUARDED))
    git(root, "commit", "-q", "-a", "-m", "amba: test dev->driver before use")
    git(root, "tag", "amba")
    edit(root, ROCKCHIP, (SETS, ""), (REGISTERS, SETS + "\n" + REGISTERS))
    git(root, "commit", "-q", "-a", "-m", "iommu/rockchip: set dma_dev before registering")
    git(root, "tag", "rockchip")
    git(root, "checkout", "-q", "probe")


@pytest.fixture(scope="module")
def kernel(tree_6_12: Path, store: Store) -> Kernel:
    """The repository, made once and kept beside the tree."""
    root = tree_6_12.parent / f"{tree_6_12.name}-git"
    if not root.is_dir():
        partial = root.with_name(f"{root.name}.{os.getpid()}")
        made(tree_6_12, partial)
        partial.rename(root)
    return Kernel(root, store)


@pytest.fixture(scope="module")
def new_call(kernel: Kernel) -> Impact:
    return kernel.impact("base..probe")


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.fingerprint} {f.primary.path}: {f.rule}: {f.message}" for f in findings]


# The new call


def test_the_call_makes_slots_run_inside_the_registration(new_call: Impact) -> None:
    added = {reach.slot: reach for reach in new_call.added}
    configure, xlate = added["bus_type.dma_configure"], added["iommu_ops.of_xlate"]
    assert configure.via[-1] == "iommu_init_device" and xlate.via[-1] == "of_iommu_xlate"
    assert all(reach.changed == ("iommu_init_device",) for reach in new_call.added)
    assert {i.path for i in configure.implementations} == {
        AMBA,
        "drivers/base/platform.c",
        "drivers/bus/fsl-mc/fsl-mc-bus.c",
        "drivers/cdx/cdx.c",
        "drivers/pci/pci-driver.c",
    }
    assert len(xlate.implementations) >= 11
    assert not configure.reason and not xlate.reason
    assert "iommu_fwspec_init()" in added["iommu_ops.probe_device"].reason
    assert new_call.removed == ()


@pytest.mark.parametrize(
    "label", [row for row in LABELS if row["verdict"] == "BUGGY"], ids=lambda r: r["file"]
)
def test_what_the_call_breaks_is_introduced(label: dict[str, str], new_call: Impact) -> None:
    found = [f for f in new_call.introduced if f.primary.path == label["file"]]
    assert (label["rule"], label["object"]) in {
        (f.rule, f.subject.name if f.subject else "") for f in found
    }


@pytest.mark.parametrize(
    "label", [row for row in LABELS if row["verdict"] == "SAFE"], ids=lambda r: r["file"]
)
def test_what_is_ready_is_not_introduced(label: dict[str, str], new_call: Impact) -> None:
    late = ("late-global", "late-drvdata", "late-state", "unguarded-driver")
    found = tuple(f for f in new_call.introduced if f.rule in late)
    assert told(tuple(f for f in found if f.primary.path == label["file"])) == []


def test_drivers_nearby_are_named_with_the_way(new_call: Impact) -> None:
    assert [place.function for place in new_call.changed_functions] == ["iommu_init_device"]
    ways = {driver.driver: driver.why for driver in new_call.drivers}
    assert ways["drivers/iommu/exynos-iommu"] == ("iommu_init_device", "exynos_iommu_probe_device")
    assert ways["drivers/base/platform"] == ("iommu_init_device", "platform_dma_configure")
    assert "drivers/iommu/iommu" not in ways
    order = [(not driver.is_inside, len(driver.why)) for driver in new_call.drivers]
    assert order == sorted(order)
    assert {is_outside for is_outside, _ in order} == {False, True}


# The repairs


def test_a_repaired_bus_is_fixed_and_the_other_buses_are_its_siblings(kernel: Kernel) -> None:
    found = kernel.impact("amba")
    assert {f.primary.path for f in found.fixed} == {AMBA}
    assert {s.finding.primary.path for s in found.siblings} == {
        "drivers/base/platform.c",
        "drivers/bus/fsl-mc/fsl-mc-bus.c",
        "drivers/cdx/cdx.c",
        "drivers/pci/pci-driver.c",
    }
    assert {s.finding.rule for s in found.siblings} == {"unguarded-driver"}
    assert (found.added, found.removed) == ((), ())


def test_the_repair_as_first_proposed_brings_the_race_of_the_follow_up(kernel: Kernel) -> None:
    (found,) = kernel.impact("amba").introduced
    assert (found.rule, found.primary.path) == ("reread-driver", AMBA)


def test_a_repaired_driver_is_fixed_and_what_is_late_like_it_is_named(kernel: Kernel) -> None:
    found = kernel.impact("rockchip")
    assert {(f.primary.path, f.rule) for f in found.fixed} == {(ROCKCHIP, "late-global")}
    assert {f.callback.slot for f in found.fixed if f.callback} == {
        "iommu_ops.of_xlate",
        "iommu_ops.domain_alloc_paging",
    }
    assert [s.finding.primary.path for s in found.siblings] == ["drivers/iommu/ipmmu-vmsa.c"]
    assert found.introduced == ()


def test_the_whole_story_commit_by_commit(kernel: Kernel) -> None:
    found = kernel.impact("base..rockchip", Options(per_commit=True, hits=False))
    shares = [(share.subject.partition(":")[0], share) for share in found.commits]
    assert [name for name, _ in shares] == ["iommu", "amba", "iommu/rockchip"]
    called, amba, rockchip = (share for _, share in shares)
    assert called.fixed == () and len(amba.introduced) == 1 and rockchip.introduced == ()
    passing = {one.finding.fingerprint for one in found.passing}
    assert {*amba.fixed, *rockchip.fixed} == passing
    known = passing | {f.fingerprint for f in found.introduced}
    assert {*called.introduced, *amba.introduced} == known


def test_one_commit_gives_the_same_answer_from_what_was_kept(
    kernel: Kernel, new_call: Impact
) -> None:
    again = kernel.impact("base..probe")
    assert again.introduced == new_call.introduced and new_call.introduced
    assert again.added == new_call.added


# From 6.1 to 6.12


@pytest.fixture(scope="module")
def releases(tree_6_1: Path, tree_6_12: Path, store: Store) -> Callable[[str], Impact]:
    """What changed between the releases, under a scenario; made once."""
    known: dict[str, Impact] = {}

    def impact(scenario: str) -> Impact:
        if scenario not in known:
            span = directory_range(tree_6_1, tree_6_12)
            asked = Options("" if scenario == "as-is" else scenario, hits=False)
            known[scenario] = Diff(span, asked, store).impact()
        return known[scenario]

    return impact


def verdicts(scenario: str, kind: str) -> dict[str, dict[str, str]]:
    return {row["fingerprint"]: row for row in VERDICTS[scenario] if row["kind"] == kind}


@pytest.mark.parametrize("kind", ["introduced", "fixed"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_difference_has_a_verdict(
    scenario: str, kind: str, releases: Callable[[str], Impact]
) -> None:
    found: tuple[Finding, ...] = getattr(releases(scenario), kind)
    known = verdicts(scenario, kind)
    assert told(tuple(f for f in found if f.fingerprint not in known)) == []
    lost = known.keys() - {f.fingerprint for f in found}
    assert [known[name] for name in lost] == []


def test_verdicts_say_why() -> None:
    for row in (row for scenario in SCENARIOS for row in VERDICTS[scenario]):
        assert row["verdict"] in ("true", "false alarm") and row["why"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_the_core_no_longer_calls_is_told(
    scenario: str, releases: Callable[[str], Impact]
) -> None:
    removed = {reach.slot for reach in releases(scenario).removed}
    assert {"iommu_domain_ops.map", "iommu_domain_ops.unmap"} <= removed
    added = {reach.slot for reach in releases(scenario).added}
    assert "iommu_ops.domain_alloc_paging" in added


def test_a_callback_that_became_another_slot_still_meets_the_same_global(
    releases: Callable[[str], Impact],
) -> None:
    found = releases("new-probe-path")
    stands = {
        f.callback.function for f in found.unchanged if f.primary.path == ROCKCHIP and f.callback
    }
    assert "rk_iommu_domain_alloc_paging" in stands
