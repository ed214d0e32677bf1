# SPDX-License-Identifier: GPL-2.0-only
"""Logs of a driver that does not exist, in the formats the kernel has."""

from __future__ import annotations

ARM64_RAW = """\
[    1.100000] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000120
[    1.100001] Mem abort info:
[    1.100002]   ESR = 0x0000000096000006
[    1.100003] Internal error: Oops: 0000000096000006 [#1] SMP
[    1.100004] Modules linked in: acme_mmu(+)
[    1.100005] CPU: 2 UID: 0 PID: 41 Comm: kworker/u16:2 Not tainted 6.13.0-rc2-acme+ #7
[    1.100006] Hardware name: Acme One (DT)
[    1.100007] pstate: 60000005 (nZCv daif -PAN -UAO -TCO -DIT -SSBS BTYPE=--)
[    1.100008] pc : acme_alloc+0x18/0x90
[    1.100009] lr : acme_of_xlate+0x44/0x80 [acme_mmu]
[    1.100010] sp : ffff800081234560
[    1.100011] x29: ffff800081234560 x28: 0000000000000000 x27: 0000000000000000
[    1.100012] Call trace:
[    1.100013]  acme_alloc+0x18/0x90 (P)
[    1.100014]  acme_of_xlate+0x44/0x80 [acme_mmu]
[    1.100015]  of_iommu_configure+0x110/0x200
[    1.100016]  platform_dma_configure+0x40/0x80
[    1.100017]  iommu_device_register+0xc0/0x200
[    1.100018]  acme_probe.isra.0+0x200/0x300 [acme_mmu]
[    1.100019]  platform_probe+0x60/0xd0
[    1.100020]  really_probe+0xb0/0x2a0
[    1.100021]  ret_from_fork+0x10/0x20
[    1.100022] Code: aa0103f4 f9400260 b4000080 f9401001 (f9409021)
[    1.100023] ---[ end trace 0000000000000000 ]---
"""

ARM64_DECODED = """\
    Unable to handle kernel read from unreadable memory at virtual address 0000000000000000
    Internal error: Oops: 0000000096000005 [#1]  SMP
    CPU: 4 UID: 0 PID: 68 Comm: kworker/u34:1 Tainted: G    B   6.13.0-00012-gabc #3 PREEMPT
    Hardware name: Acme Two board (DT)
    pc : acme_device_group (drivers/iommu/acme.c:70 drivers/iommu/acme.c:140)
    lr : acme_device_group (drivers/iommu/acme.c:70 drivers/iommu/acme.c:140)
    usb 1-1: new high-speed USB device number 2 using xhci-acme
    Call trace:
    acme_device_group (drivers/iommu/acme.c:70 drivers/iommu/acme.c:140) (P)
    __iommu_probe_device (drivers/iommu/iommu.c:461 drivers/iommu/iommu.c:563)
    mmc0: new card at address 0001
    iommu_device_register (/build/linux/drivers/iommu/iommu.c:276)
    acme_probe (drivers/iommu/acme.c:200) acme_mmu
    worker_thread (kernel/workqueue.c:3313 (discriminator 2) kernel/workqueue.c:3400)
    Code: 92800256 f940d2b5 aa1503e0 97e8dbd7 (f94002b5)
    All code
    ========
       0:	92800256 	mov	x22, #0xffffffffffffffed
    ---[ end trace 0000000000000000 ]---
"""

ARM_RAW = """\
[    2.000000] 8<--- cut here ---
[    2.000001] Unable to handle kernel NULL pointer dereference at virtual address 00000010
[    2.000002] [00000010] *pgd=00000000
[    2.000003] Internal error: Oops: 5 [#1] SMP ARM
[    2.000004] CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.13.0-rc1 #12
[    2.000005] Hardware name: Acme Three
[    2.000006] PC is at acme_of_xlate+0x20/0x60
[    2.000007] LR is at of_iommu_configure+0x100/0x1c0
[    2.000008] pc : [<c0601234>]    lr : [<c0605678>]    psr: 60000013
[    2.000009] Call trace:
[    2.000010]  acme_of_xlate from of_iommu_configure+0x100/0x1c0
[    2.000011]  of_iommu_configure from iommu_device_register+0x90/0x180
[    2.000012]  iommu_device_register from acme_probe+0x180/0x240
[    2.000013]  acme_probe from platform_probe+0x5c/0xb0
[    2.000014] Code: e5943000 e5932010 (e5921010) e3510000
[    2.000015] ---[ end trace 0000000000000000 ]---
"""

ARM_OLD = """\
Unable to handle kernel NULL pointer dereference at virtual address 00000010
Internal error: Oops: 5 [#1] SMP ARM
PC is at acme_of_xlate+0x20/0x60
Backtrace:
[<c0601234>] (acme_of_xlate [acme_mmu]) from [<c0605678>] (of_iommu_configure+0x100/0x1c0)
[<c0605678>] (of_iommu_configure) from [<bf000100>] (acme_probe+0x180/0x240 [acme_mmu])
---[ end trace 0000000000000000 ]---
"""

X86_OOPS = """\
<1>[    3.000000] BUG: kernel NULL pointer dereference, address: 0000000000000040
<6>[    3.000001] #PF: supervisor read access in kernel mode
<6>[    3.000002] PGD 0 P4D 0
<4>[    3.000003] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI
<4>[    3.000004] CPU: 3 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.13.0 #1
<4>[    3.000005] Hardware name: Acme Inc. BOARD-X/BOARD-X, BIOS 1.0 01/01/2025
<4>[    3.000006] RIP: 0010:acme_probe_device+0x2b/0x90
<4>[    3.000007] Code: 48 8b 05 <48> 8b 40 40 0f 1f 44 00 00
<4>[    3.000008] RSP: 0018:ffffafba00047c58 EFLAGS: 00010282
<4>[    3.000009] Call Trace:
<4>[    3.000010]  <TASK>
<4>[    3.000011]  ? __die+0x1f/0x70
<4>[    3.000012]  ? acme_fault_report+0x10/0x20
<4>[    3.000013]  __iommu_probe_device+0x100/0x500
<4>[    3.000014]  iommu_device_register+0xee/0x260
<4>[    3.000015]  acme_init+0x80/0x100
<4>[    3.000016]  do_one_initcall+0x46/0x300
<4>[    3.000017]  </TASK>
<4>[    3.000018] Modules linked in:
<4>[    3.000019] CR2: 0000000000000040
<4>[    3.000020] ---[ end trace 0000000000000000 ]---
<4>[    3.000021] RIP: 0010:acme_probe_device+0x2b/0x90
"""

RISCV = """\
[    4.000000] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000018
[    4.000001] Oops [#1]
[    4.000002] CPU: 1 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.13.0-rc5 #2
[    4.000003] Hardware name: Acme Four (DT)
[    4.000004] epc : acme_of_xlate+0x1c/0x6e
[    4.000005]  ra : of_iommu_configure+0xf2/0x180
[    4.000006] status: 0000000200000120 badaddr: 0000000000000018 cause: 000000000000000d
[    4.000007] [<ffffffff80600010>] acme_of_xlate+0x1c/0x6e
[    4.000008] [<ffffffff80500020>] of_iommu_configure+0xf2/0x180
[    4.000009] [<ffffffff80500030>] iommu_device_register+0x90/0x180
[    4.000010] [<ffffffff80600040>] acme_probe+0x180/0x240
[    4.000011] Code: 0000 0000 0000
[    4.000012] ---[ end trace 0000000000000000 ]---
"""

LATE_AT_BIND = """\
------------[ cut here ]------------
acme_disk fe300000.disk: late IOMMU probe at driver bind, something fishy here!
WARNING: CPU: 1 PID: 13 at drivers/iommu/iommu.c:571 __iommu_probe_device+0x208/0x38c
Modules linked in:
CPU: 1 UID: 0 PID: 13 Comm: kworker/u8:1 Not tainted 6.13.0-rc3 #315
Hardware name: Acme One (DT)
pc : __iommu_probe_device+0x208/0x38c
lr : __iommu_probe_device+0x208/0x38c
x5 : c0000000fff7ffff x4 : 0000000000000000 x3 : 0000000000000001
Call trace:
 __iommu_probe_device+0x208/0x38c (P)
 iommu_probe_device+0x34/0x74
 of_iommu_configure+0x128/0x200
 platform_dma_configure+0x48/0x6c
 really_probe+0xf0/0x260
 ret_from_fork+0x10/0x20
irq event stamp: 49052
hardirqs last  enabled at (49051): [<ffffffc0800fb6a8>] __up_console_sem+0x50/0x74
---[ end trace 0000000000000000 ]---
"""

LATE_IN_WALK = """\
 ------------[ cut here ]------------
 acme-dummy acme-dummy: late IOMMU probe at driver bind, something fishy here!
 WARNING: CPU: 0 PID: 1 at drivers/iommu/iommu.c:449 __iommu_probe_device+0x10b/0x510
 CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.13.0-rc6+ #1 0123456789abcdef
 Hardware name: Acme Inc. BOARD-X/BOARD-X, BIOS 1.0 01/01/2025
 RIP: 0010:__iommu_probe_device+0x10b/0x510
 Call Trace:
  <TASK>
  ? __warn.cold+0x93/0xf7
  ? __iommu_probe_device+0x10b/0x510
  ? __pfx_probe_iommu_group+0x10/0x10
  probe_iommu_group+0x28/0x50
  bus_for_each_dev+0x7e/0xd0
  iommu_device_register+0xee/0x260
  acme_init+0xa2a/0x1970
  do_one_initcall+0x46/0x300
  </TASK>
 ---[ end trace 0000000000000000 ]---
"""


def quoted(log: str, depth: int = 1) -> str:
    """`log` as a mail client quotes it."""
    return "".join(f"{'> ' * depth}{line}\n" for line in log.splitlines())


def wrapped(log: str, width: int = 72) -> str:
    """`log` as a mail client breaks its long lines, at spaces."""
    out: list[str] = []
    for line in log.splitlines():
        rest = line
        while len(rest) > width and " " in rest[8:width]:
            cut = rest.rindex(" ", 8, width)
            out.append(rest[:cut])
            rest = rest[cut + 1 :]
        out.append(rest)
    return "\n".join(out) + "\n"
