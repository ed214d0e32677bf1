# SPDX-License-Identifier: GPL-2.0-only
"""Logs of boards that broke, beside the audit of an unpacked kernel tree.

The traces are written for this test, in the formats of the reports that the new probe path
got: the functions are the kernel's, offsets and registers are made up.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kscan.audit import Audit, Options
from kscan.facts.store import Store
from kscan.source.directory import DirectoryTree
from kscan.triage.match import Strength
from kscan.triage.outcome import Outcome, triage

pytestmark = pytest.mark.kernel


OOPS = """\
Unable to handle kernel {fault} at virtual address {address}
Internal error: Oops: 0000000096000004 [#1] SMP
CPU: 1 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.14.0-rc9-made-up #1
Hardware name: {board} (DT)
pc : {pc}
Call trace:
{trace}
Code: d2800000 a9000000 ab000000 aa000000 (b9400000)
---[ end trace 0000000000000000 ]---
"""
WALK = "probe_iommu_group bus_for_each_dev iommu_device_register"
BIND = "platform_probe really_probe __driver_probe_device driver_probe_device"
CONFIGURE = "of_iommu_xlate of_iommu_configure of_dma_configure_id"


def raw(functions: str) -> str:
    names = enumerate(functions.split())
    return "\n".join(f" {name}+0x{8 * n + 16:x}/0x400" for n, name in names)


ROCKCHIP = OOPS.format(
    fault="NULL pointer dereference",
    address="00000000000003f0",
    board="Hardkernel ODROID-M1",
    pc="devm_kmalloc+0x10/0x400",
    trace=raw(
        f"""devm_kmalloc rk_iommu_of_xlate {CONFIGURE} platform_dma_configure
        __iommu_probe_device {WALK} rk_iommu_probe {BIND}"""
    ),
)
DECODED = """\
mtk_iommu_device_group (drivers/iommu/mtk_iommu.c:360 drivers/iommu/mtk_iommu.c:930) (P)
__iommu_probe_device (drivers/iommu/iommu.c:460 drivers/iommu/iommu.c:560)
probe_iommu_group (drivers/iommu/iommu.c:1720)
bus_for_each_dev (drivers/base/bus.c:370)
iommu_device_register (drivers/iommu/iommu.c:1870 drivers/iommu/iommu.c:270)
mtk_iommu_probe (drivers/iommu/mtk_iommu.c:1380)
platform_probe (drivers/base/platform.c:1400)
kthread (kernel/kthread.c:460)"""
MEDIATEK = OOPS.format(
    fault="read from unreadable memory",
    address="0000000000000000",
    board="Google juniper sku16 board",
    pc="mtk_iommu_device_group (drivers/iommu/mtk_iommu.c:360 drivers/iommu/mtk_iommu.c:930)",
    trace=DECODED,
)
LATE = """\
------------[ cut here ]------------
{device}: late IOMMU probe at driver bind, something fishy here!
WARNING: CPU: 1 PID: 9 at drivers/iommu/iommu.c:570 __iommu_probe_device+0x10/0x400
CPU: 1 UID: 0 PID: 9 Comm: kworker/u8:1 Not tainted 6.14.0-rc9-made-up #1
Hardware name: {board}
{pc}
Call trace:
{trace}
---[ end trace 0000000000000000 ]---
"""
DISK = LATE.format(
    device="sata_rcar ee300000.sata",
    board="Renesas Salvator-X 2nd version board based on r8a77965 (DT)",
    pc="pc : __iommu_probe_device+0x10/0x400",
    trace=raw(
        """__iommu_probe_device iommu_probe_device of_iommu_configure of_dma_configure_id
        platform_dma_configure really_probe __driver_probe_device driver_probe_device"""
    ),
)
DUMMY = LATE.format(
    device="reg-dummy reg-dummy",
    board="Some Board/SOME BOARD, BIOS 1 01/01/2025",
    pc="RIP: 0010:__iommu_probe_device+0x10/0x400",
    trace=raw(f"{WALK} iommu_go_to_state amd_iommu_init pci_iommu_init"),
)


@pytest.fixture(scope="module")
def outcomes(tree_6_12: Path, store: Store) -> tuple[Outcome, ...]:
    tree = DirectoryTree(tree_6_12)
    log = "".join((ROCKCHIP, MEDIATEK, DISK, DUMMY)).encode()
    return triage(log, Audit(tree, Options(), store).report(), tree)


def test_the_rockchip_oops_is_what_the_audit_predicts(outcomes):
    verdict = outcomes[0].verdict
    assert verdict.strength is Strength.STRONG
    assert (verdict.finding.rule, verdict.finding.subject.name) == ("late-global", "dma_dev")
    assert verdict.finding.callback.function == "rk_iommu_of_xlate"


def test_the_mediatek_oops_is_repaired_in_this_tree(outcomes):
    verdict = outcomes[1].verdict
    assert (verdict.strength, verdict.finding) == (Strength.NONE, None)
    assert "already has the order: mtk_iommu_device_group() runs inside" in verdict.why


def test_the_disk_is_left_to_its_driver_by_the_ipmmu(outcomes):
    verdict = outcomes[2].verdict
    assert (verdict.strength, verdict.guess) == (Strength.PARTIAL, False)
    assert verdict.finding.rule == "late-drvdata"
    assert verdict.finding.primary.path == "drivers/iommu/ipmmu-vmsa.c"


def test_the_dummy_met_on_the_walk_is_not_explained(outcomes):
    verdict = outcomes[3].verdict
    assert (verdict.strength, verdict.finding) == (Strength.NONE, None)
    assert "the walk inside a registration met reg-dummy" in verdict.why


def test_frames_resolve_to_functions_of_the_tree(outcomes):
    places = {site.frame.function: site.location for o in outcomes for site in o.sites}
    assert places["rk_iommu_of_xlate"].path == "drivers/iommu/rockchip-iommu.c"
    assert places["kthread"].path == "kernel/kthread.c"
    assert places["pci_iommu_init"].path == "arch/x86/kernel/pci-dma.c"
    assert all(places[name] for name in f"{WALK} {BIND} {CONFIGURE}".split())
