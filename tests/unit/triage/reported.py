# SPDX-License-Identifier: GPL-2.0-only
"""Logs whose traces begin in the functions that report a fault, or lack their beginning."""

from __future__ import annotations

WAY = """\
 of_iommu_xlate+0x9c/0xc8
 of_iommu_configure+0x1c4/0x23c
 of_dma_configure_id+0x244/0x3b8
 platform_dma_configure+0x74/0xac
 __iommu_probe_device+0x258/0x49c
 probe_iommu_group+0x3c/0x64
 bus_for_each_dev+0x74/0xd4
 iommu_device_register+0xd4/0x230
 acme_probe+0x1f8/0x350 [acme_mmu]
 platform_probe+0x68/0xdc
 really_probe+0xbc/0x298
"""

ALLOCATED = """\

Allocated by task 1 on cpu 0 at 1.100000s:
 kasan_save_stack+0x3c/0x68
 kasan_save_track+0x20/0x40
 __kasan_kmalloc+0xd4/0xd8
 acme_late_alloc+0x40/0x80
 do_one_initcall+0x90/0x2a0

Freed by task 41:
 kasan_save_stack+0x3c/0x68
 kfree+0xf4/0x340
 acme_late_free+0x40/0x80
 do_one_initcall+0x90/0x2a0

The buggy address belongs to the object at ffff000800a1c000
 which belongs to the cache kmalloc-64 of size 64
Memory state around the buggy address:
 ffff000800a1bf00: fc fc fc fc fc fc fc fc fc fc fc fc fc fc fc fc
==================================================================
"""

KASAN_ARM64 = f"""\
==================================================================
BUG: KASAN: null-ptr-deref in acme_of_xlate+0x48/0x120 [acme_mmu]
Read of size 8 at addr 00000000000003e8 by task kworker/u16:2/41

CPU: 2 UID: 0 PID: 41 Comm: kworker/u16:2 Not tainted 6.15.0-rc1-acme+ #7 PREEMPT
Hardware name: Acme One (DT)
Workqueue: events_unbound deferred_probe_work_func
Call trace:
 show_stack+0x18/0x24 (C)
 dump_stack_lvl+0x78/0x90
 print_report+0x10c/0x5e0
 kasan_report+0xb4/0x100
 __asan_report_load8_noabort+0x20/0x30
 acme_of_xlate+0x48/0x120 [acme_mmu]
{WAY}{ALLOCATED}"""

KASAN_ARM64_OLD = KASAN_ARM64.replace(
    " show_stack+0x18/0x24 (C)\n", " dump_backtrace+0x9c/0x100\n show_stack+0x18/0x24\n"
).replace("print_report", "print_address_description.constprop.0")

KASAN_X86 = KASAN_ARM64.replace(
    "Call trace:\n show_stack+0x18/0x24 (C)\n",
    "Call Trace:\n <TASK>\n ? show_trace_log_lvl+0x1/0x2\n",
)

KASAN_RISCV = KASAN_ARM64.replace(
    "Call trace:\n show_stack+0x18/0x24 (C)\n dump_stack_lvl+0x78/0x90\n",
    "Call Trace:\n[<ffffffff80006b2c>] dump_backtrace+0x1c/0x24\n"
    "[<ffffffff80e2d0a6>] show_stack+0x2c/0x38\n[<ffffffff80e4a2c2>] dump_stack_lvl+0x5a/0x7c\n",
)

KASAN_DECODED = f"""\
BUG: KASAN: slab-use-after-free in acme_of_xlate (drivers/iommu/acme.c:104)
Read of size 8 at addr ffff000800a1c000 by task swapper/0/1
Call trace:
dump_backtrace (arch/arm64/kernel/stacktrace.c:321)
show_stack (arch/arm64/kernel/stacktrace.c:328 (discriminator 1))
dump_stack_lvl (lib/dump_stack.c:122)
print_report (mm/kasan/report.c:378 mm/kasan/report.c:489)
kasan_report (mm/kasan/report.c:603)
__asan_load8 (mm/kasan/generic.c:260)
acme_of_xlate (drivers/iommu/acme.c:104)
of_iommu_xlate (drivers/iommu/of_iommu.c:40)
iommu_device_register (drivers/iommu/iommu.c:276)
acme_probe (drivers/iommu/acme.c:200) acme_mmu
{ALLOCATED}"""

KASAN_ARM = """\
==================================================================
BUG: KASAN: null-ptr-deref in acme_of_xlate+0x48/0x120
Read of size 4 at addr 00000010 by task swapper/0/1

CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.15.0-rc1 #12
Hardware name: Acme Three
Call trace:
 unwind_backtrace from show_stack+0x18/0x1c
 show_stack from dump_stack_lvl+0x54/0x68
 dump_stack_lvl from kasan_report+0xb0/0xe4
 kasan_report from acme_of_xlate+0x48/0x120
 acme_of_xlate from of_iommu_xlate+0x9c/0xc8
 of_iommu_xlate from iommu_device_register+0xd4/0x230
 iommu_device_register from acme_probe+0x1f8/0x350
==================================================================
"""

KCSAN = """\
==================================================================
BUG: KCSAN: data-race in acme_of_xlate / acme_probe

write to 0xffff8881009a0010 of 8 bytes by task 41 on cpu 1:
 acme_probe+0x1f8/0x350
 platform_probe+0x68/0xdc
 really_probe+0xbc/0x298
 __driver_probe_device+0x78/0x12c

read to 0xffff8881009a0010 of 8 bytes by task 1 on cpu 0:
 acme_of_xlate+0x48/0x120
 of_iommu_xlate+0x9c/0xc8
 of_iommu_configure+0x1c4/0x23c

Reported by Kernel Concurrency Sanitizer on:
CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.15.0-rc1 #12
==================================================================
"""

UBSAN = f"""\
------------[ cut here ]------------
UBSAN: array-index-out-of-bounds in drivers/iommu/acme.c:110:14
index 9 is out of range for type 'u32 [4]'
CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.15.0-rc1 #12
Hardware name: Acme One (DT)
Call trace:
 show_stack+0x18/0x24 (C)
 dump_stack_lvl+0x78/0x90
 dump_stack+0x18/0x24
 ubsan_epilogue+0x10/0x48
 __ubsan_handle_out_of_bounds+0xa0/0xd0
 acme_of_xlate+0x48/0x120
{WAY}---[ end trace ]---
"""

WARN_ARM = """\
------------[ cut here ]------------
WARNING: CPU: 0 PID: 1 at drivers/iommu/iommu.c:571 __iommu_probe_device+0x208/0x38c
Modules linked in:
CPU: 0 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.15.0-rc1 #12
Hardware name: Acme Three
Call trace:
 unwind_backtrace from show_stack+0x18/0x1c
 show_stack from dump_stack_lvl+0x54/0x68
 dump_stack_lvl from __warn+0x94/0xc0
 __warn from warn_slowpath_fmt+0x1a0/0x1a8
 warn_slowpath_fmt from __iommu_probe_device+0x208/0x38c
 __iommu_probe_device from iommu_probe_device+0x34/0x74
 iommu_probe_device from of_iommu_configure+0x128/0x200
 of_iommu_configure from acme_gpu_bind+0x48/0x6c
 acme_gpu_bind from component_bind_all+0xf0/0x260
---[ end trace 0000000000000000 ]---
"""

LATE_LINE = "acme_gpu gpu: late IOMMU probe at driver bind, something fishy here!\n"

LATE_WARN = """\
------------[ cut here ]------------
WARNING: drivers/iommu/iommu.c:654 at __iommu_probe_device+0x208/0x38c, CPU#1: kworker/u8:1/13
Modules linked in:
CPU: 1 UID: 0 PID: 13 Comm: kworker/u8:1 Not tainted 6.19.0-rc3 #315 PREEMPT
Hardware name: Acme One (DT)
pc : __iommu_probe_device+0x208/0x38c
lr : __iommu_probe_device+0x208/0x38c
Call trace:
 __iommu_probe_device+0x208/0x38c (P)
 iommu_probe_device+0x34/0x74
 of_iommu_configure+0x128/0x200
 of_dma_configure_id+0x244/0x3b8
 acme_gpu_bind+0x48/0x6c [acme_gpu]
 component_bind_all+0xf0/0x260
 really_probe+0xbc/0x298
---[ end trace 0000000000000000 ]---
"""

HEADLESS = f"""\
 devm_kmalloc+0x2c/0x114
 acme_of_xlate+0x30/0x90 [acme_mmu]
{WAY}Code: aa0103f4 f9400260 b4000080 f9401001 (f9409021)
---[ end trace 0000000000000000 ]---
"""
