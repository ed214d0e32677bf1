# SPDX-License-Identifier: GPL-2.0-only
"""Where a fault is: not in what reports it, and known without its headline or its message."""

from __future__ import annotations

import logs
import pytest
import reported

from kscan.triage.incident import Kind
from kscan.triage.log import incidents
from kscan.triage.signatures import reports


def only(log: str):
    (incident,) = incidents(log.encode())
    return incident


def stamped(log: str) -> str:
    return "".join(f"[    1.1{n:05}][    T1] {line}\n" for n, line in enumerate(log.splitlines()))


def from_syslog(log: str) -> str:
    lines = stamped(log).splitlines()
    return "".join(f"Mar 13 09:56:00 acme-board kernel: {line}\n" for line in lines)


DISGUISES = [str, stamped, from_syslog, logs.quoted]
KASAN = [
    reported.KASAN_ARM64,
    reported.KASAN_ARM64_OLD,
    reported.KASAN_X86,
    reported.KASAN_RISCV,
    reported.KASAN_DECODED,
    reported.KASAN_ARM,
]


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("log", KASAN)
def test_a_kasan_fault_is_where_its_headline_says(log, disguise):
    incident = only(disguise(log))
    assert (incident.kind, incident.pc) == (Kind.OOPS, "acme_of_xlate")
    assert incident.functions[:2] == ("acme_of_xlate", "of_iommu_xlate")
    assert {"iommu_device_register", "acme_probe"} <= set(incident.functions)
    assert not {"acme_late_alloc", "acme_late_free"} & set(incident.functions)


def test_a_kasan_headline_alone_has_its_place():
    incident = only("BUG: KASAN: null-ptr-deref in acme_of_xlate+0x48/0x120 [acme_mmu]\n")
    assert (incident.functions, incident.frames[0].module) == (("acme_of_xlate",), "acme_mmu")


def test_a_data_race_has_the_trace_of_one_side():
    incident = only(reported.KCSAN)
    assert (incident.kind, incident.pc) == (Kind.WARNING, "acme_probe")
    assert incident.functions[-1] == "__driver_probe_device"


@pytest.mark.parametrize("disguise", DISGUISES)
def test_undefined_behaviour_is_not_in_what_reports_it(disguise):
    incident = only(disguise(reported.UBSAN))
    assert (incident.kind, incident.pc) == (Kind.WARNING, "acme_of_xlate")
    assert incident.headline.startswith("UBSAN: array-index-out-of-bounds")


def test_a_call_trace_that_somebody_asked_for_begins_at_who_asked():
    log = "Call trace:\n dump_backtrace+0x9c/0x100\n show_stack+0x18/0x24\n acme_run+0x1/0x2\n"
    assert only(log).pc == "acme_run"


def test_a_fault_in_a_reporter_stays_there():
    log = "BUG: KASAN: null-ptr-deref in dump_acme+0x1/0x2\nCall trace:\n dump_acme+0x1/0x2\n"
    assert only(log).pc == "dump_acme"
    assert reports("dump_acme")
    assert not reports("acme_dump")


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("log", [reported.LATE_WARN, reported.WARN_ARM])
def test_a_late_probe_is_known_without_its_message(log, disguise):
    incident = only(disguise(log))
    assert (incident.kind, incident.device) == (Kind.LATE_PROBE, "")
    assert incident.functions[:2] == ("__iommu_probe_device", "iommu_probe_device")


def test_a_warn_of_another_function_is_no_late_probe():
    log = reported.LATE_WARN.replace("__iommu_probe_device", "iommu_group_get")
    assert only(log).kind is Kind.WARNING
    elsewhere = reported.LATE_WARN.replace("iommu/iommu.c", "acme/other.c")
    assert only(elsewhere).kind is Kind.WARNING


CUT, _, REST = reported.LATE_WARN.partition("\n")
FIRST, _, AFTER = REST.partition("\n")
ORDERS = {
    "usual": f"{CUT}\n{reported.LATE_LINE}{REST}",
    "before cut here": reported.LATE_LINE + reported.LATE_WARN,
    "below the WARN": f"{CUT}\n{FIRST}\n{reported.LATE_LINE}{AFTER}",
    "after the end": reported.LATE_WARN + reported.LATE_LINE,
    "with a line between": f"{reported.LATE_LINE}mmc0: new card\n{reported.LATE_WARN}",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("order", ORDERS)
def test_a_message_beside_the_warn_belongs_to_it(order, disguise):
    incident = only(disguise(ORDERS[order]))
    assert (incident.kind, incident.device, incident.driver) == (
        Kind.LATE_PROBE,
        "gpu",
        "acme_gpu",
    )
    assert incident.headline == reported.LATE_LINE.strip()
    assert "acme_gpu_bind" in incident.functions


def test_a_message_before_another_warn_is_its_own():
    other = reported.LATE_WARN.replace("__iommu_probe_device", "acme_check")
    found = incidents((reported.LATE_LINE + other).encode())
    assert [incident.kind for incident in found] == [Kind.LATE_PROBE, Kind.WARNING]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_frames_without_a_beginning_are_a_trace(disguise):
    incident = only(disguise(reported.HEADLESS))
    assert (incident.kind, incident.line, incident.pc) == (Kind.TRACE, 1, "devm_kmalloc")
    assert len(incident.functions) == 13


def test_two_frames_in_a_text_are_no_trace():
    assert incidents(b"see\n foo+0x1/0x2\n bar+0x1/0x2\nabove\n foo+0x1/0x2\n") == ()


def test_frames_quoted_from_the_middle_are_part_of_their_trace():
    middle = "".join(reported.WAY.splitlines(keepends=True)[2:6])
    log = logs.ARM64_RAW.replace(" of_iommu_configure+0x110/0x200\n", "\n" + reported.WAY)
    assert len(incidents((log + "text\n" + logs.quoted(middle)).encode())) == 1


def test_what_happens_again_is_counted():
    assert only(logs.X86_OOPS * 200).times == 200
    assert only(logs.X86_OOPS).times == 1


def test_what_a_mail_quotes_did_not_happen_again():
    assert only(logs.ARM64_RAW + logs.quoted(logs.ARM64_RAW) * 3).times == 1
