# SPDX-License-Identifier: GPL-2.0-only
"""Incidents in console logs: every format, every disguise, and hostile ones."""

from __future__ import annotations

import gzip
import io

import logs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kscan.model import KscanError
from kscan.triage import console
from kscan.triage.incident import Kind
from kscan.triage.log import MOST_FRAMES, MOST_INCIDENTS, incidents
from kscan.triage.trace import Frame, counter_in, frames_in


def only(log: str):
    (incident,) = incidents(log.encode())
    return incident


WALK = ("iommu_device_register", "acme_probe")


@pytest.mark.parametrize(
    ("log", "pc", "hardware", "inner"),
    [
        (logs.ARM64_RAW, "acme_alloc", "Acme One", ("acme_alloc", "acme_of_xlate")),
        (logs.ARM64_DECODED, "acme_device_group", "Acme Two board", ("acme_device_group",)),
        (logs.ARM_RAW, "acme_of_xlate", "Acme Three", ("acme_of_xlate", "of_iommu_configure")),
        (logs.RISCV, "acme_of_xlate", "Acme Four", ("acme_of_xlate", "of_iommu_configure")),
    ],
)
def test_oopses_of_all_architectures(log, pc, hardware, inner):
    incident = only(log)
    assert (incident.kind, incident.pc, incident.hardware) == (Kind.OOPS, pc, hardware)
    assert incident.functions[: len(inner)] == inner
    assert {*WALK} <= set(incident.functions)
    assert incident.headline.startswith("Unable to handle kernel ")


@pytest.mark.parametrize(
    ("log", "architecture"),
    [
        (logs.ARM64_RAW, "arm64"),
        (logs.ARM64_DECODED, "arm64"),
        (logs.ARM_RAW, "arm"),
        (logs.X86_OOPS, "x86"),
        (logs.RISCV, "riscv"),
        ("Call trace:\n foo+0x1/0x2\n", ""),
    ],
)
def test_registers_tell_the_architecture(log, architecture):
    assert only(log).architecture == architecture


def test_an_oops_of_x86():
    incident = only(logs.X86_OOPS)
    assert incident.headline.startswith("BUG: kernel NULL pointer dereference")
    assert incident.functions[:3] == (
        "acme_probe_device",
        "__iommu_probe_device",
        "iommu_device_register",
    )
    assert Frame("acme_fault_report", reliable=False) in incident.frames
    assert incident.hardware == "Acme Inc. BOARD-X/BOARD-X, BIOS 1.0 01/01/2025"


def test_a_trace_of_the_old_arm_unwinder():
    assert only(logs.ARM_OLD).functions == ("acme_of_xlate", "of_iommu_configure", "acme_probe")


def test_compiler_clones_and_modules():
    incident = only(logs.ARM64_RAW)
    frame = next(frame for frame in incident.frames if frame.function == "acme_probe")
    assert frame.module == "acme_mmu"
    assert incident.kernel_version == "6.13.0-rc2-acme+"


def test_a_decoded_trace_names_the_outermost_place_below_the_root():
    frames = {frame.function: frame for frame in only(logs.ARM64_DECODED).frames}
    assert (frames["acme_device_group"].path, frames["acme_device_group"].line) == (
        "drivers/iommu/acme.c",
        140,
    )
    assert frames["iommu_device_register"].path == "drivers/iommu/iommu.c"
    assert frames["acme_probe"].module == "acme_mmu"
    assert frames["worker_thread"].line == 3400


def test_a_late_probe_names_device_driver_and_place():
    incident = only(logs.LATE_AT_BIND)
    assert incident.kind is Kind.LATE_PROBE
    assert (incident.device, incident.driver) == ("fe300000.disk", "acme_disk")
    assert incident.functions[-2:] == ("really_probe", "ret_from_fork")
    assert (incident.frames[0].path, incident.frames[0].line) == ("drivers/iommu/iommu.c", 571)


def test_a_late_probe_line_alone_is_an_incident():
    log = (
        "[    1.0] acme_disk fe300000.disk: late IOMMU probe at driver bind, something fishy here!"
    )
    incident = only(log)
    assert (incident.kind, incident.device, incident.frames) == (
        Kind.LATE_PROBE,
        "fe300000.disk",
        (),
    )


def test_source_code_that_prints_the_line_is_none():
    log = '+\t\tdev_WARN(dev, "late IOMMU probe at driver bind, something fishy here!\\n");\n'
    assert incidents(log.encode()) == ()


def test_a_warning_has_its_message_or_its_place_as_headline():
    warn = "WARNING: CPU: 0 PID: 1 at kernel/acme.c:12 acme_check+0x10/0x20\n"
    trace = "Call trace:\n acme_check+0x10/0x20\n acme_run+0x10/0x20\n"
    end = "---[ end trace 0 ]---\n"
    cut = "------------[ cut here ]------------\n"
    assert only(f"{cut}acme: went wrong\n{warn}{trace}{end}").headline == "acme: went wrong"
    assert only(f"{cut}{warn}{trace}{end}").headline == warn.strip()
    assert only(f"{warn}{trace}").kind is Kind.WARNING


def test_a_bug_and_a_kasan_report():
    bug = "------------[ cut here ]------------\nkernel BUG at mm/acme.c:12!\n"
    trace = "Call Trace:\n acme_check+0x10/0x20\n"
    assert only(f"{bug}Oops: invalid opcode: 0000 [#1] SMP\n{trace}").headline.endswith("12!")
    kasan = f"{'=' * 66}\nBUG: KASAN: null-ptr-deref in acme_check+0x10/0x20\n{trace}{'=' * 66}\n"
    assert only(kasan).kind is Kind.OOPS


def test_two_incidents_in_a_row():
    found = incidents((logs.LATE_AT_BIND + logs.ARM64_RAW + logs.RISCV).encode())
    assert [incident.kind for incident in found] == [Kind.LATE_PROBE, Kind.OOPS, Kind.OOPS]
    assert [incident.line for incident in found] == sorted(incident.line for incident in found)


ALL = (
    logs.ARM64_RAW,
    logs.ARM64_DECODED,
    logs.ARM_RAW,
    logs.X86_OOPS,
    logs.RISCV,
    logs.LATE_AT_BIND,
    logs.LATE_IN_WALK,
)
DISGUISES = {
    "mail": logs.quoted,
    "deep mail": lambda log: logs.quoted(log, 9),
    "broken lines": logs.wrapped,
    "carriage returns": lambda log: log.replace("\n", "\r\n"),
    "no-break spaces": lambda log: log.replace("  ", "\xa0 "),
    "journal": lambda log: _each(log, "Mar 13 09:56:00 acme-board kernel: "),
    "serial server": lambda log: _each(log, "2025-03-13T09:56:00.123456  "),
    "caller id": lambda log: _each(log, "[    9.000000][    T1] "),
    "dmesg -T": lambda log: _each(log, "[Thu Mar 13 09:56:00 2025] "),
    "dmesg -H": lambda log: "[Mar13 09:56] " + "[  +0.000005] ".join(log.splitlines(True)),
    "dmesg -d": lambda log: _each(log, "[    9.123456 <    0.000005>] "),
    "/dev/kmsg": lambda log: _each(log, "1,1042,9123456,-,caller=T41;"),
    "journal in full": lambda log: _each(log, "Thu 2025-03-13 09:56:00 UTC acme-board kernel: "),
    "journal in seconds": lambda log: _each(log, "1741859760.123456 acme-board kernel: "),
    "journal without a host": lambda log: _each(log, "kernel: "),
    "serial program": lambda log: _each(log, "[2025-03-13 09:56:00.123] "),
    "clock": lambda log: _each(log, "[09:56:00] "),
    "CPU and task": lambda log: _each(log, "[    9.123456]  (2)[41:kworker/u16:2]"),
    "colours": lambda log: _each(log, "\x1b[1;31m\x1b[0m"),
    "noise": lambda log: _each(log, "\x00\xff\x7f[    9.123456] "),
}


def _each(log: str, prefix: str) -> str:
    return "".join(f"{prefix}{line}\n" for line in log.splitlines())


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("log", ALL, ids=lambda log: log.split("\n")[1][:24])
def test_disguises_change_nothing(log, disguise):
    plain, found = only(log), only(DISGUISES[disguise](log))
    for name in ("kind", "pc", "functions", "device", "driver", "kernel_version"):
        assert getattr(found, name) == getattr(plain, name), name


def test_quotations_of_an_incident_are_one():
    cut = "".join(logs.ARM64_RAW.partition("of_iommu_configure")[:1]) + "\n...\nYes, I see.\n"
    thread = logs.quoted(cut, 2) + logs.ARM64_RAW + logs.quoted(logs.ARM64_RAW) + logs.quoted(cut)
    assert len(only(thread).functions) == 9


def test_a_quoted_trace_without_its_head_is_part_of_its_incident():
    fragment = logs.LATE_AT_BIND[logs.LATE_AT_BIND.index("Call trace:") :]
    assert len(incidents((logs.LATE_AT_BIND + "text\n" + logs.quoted(fragment)).encode())) == 1
    assert only(fragment).kind is Kind.TRACE


def test_a_board_that_reboots_over_and_over_tells_its_last_incident_too():
    log = logs.X86_OOPS * 600 + logs.RISCV
    assert [incident.architecture for incident in incidents(log.encode())] == ["x86", "riscv"]


def test_other_boards_are_other_incidents():
    other = logs.ARM64_RAW.replace("Acme One", "Acme Nine")
    assert len(incidents((logs.ARM64_RAW + other).encode())) == 2


@pytest.mark.parametrize(
    "line",
    ["", "pc : [<c0101234>]    lr : [<c0105678>]", "see foo (drivers/x.c)", "RIP: 0033:0x7f0011"],
)
def test_lines_that_are_no_frames(line):
    assert frames_in(line) == ()
    assert counter_in(line) is None


def test_a_log_without_incidents():
    assert incidents(b"") == ()
    assert incidents(b"[    0.000000] Booting Linux on physical CPU 0x0\n" * 100) == ()


@given(st.binary(max_size=2000))
@settings(max_examples=50)
def test_any_bytes_are_read(log):
    incidents(log)


@given(st.lists(st.sampled_from("\n".join(ALL).split("\n")), max_size=80))
@settings(max_examples=50)
def test_any_order_of_lines_is_read(lines):
    assert len(incidents("\n".join(lines).encode())) <= len(lines)


HOSTILE = {
    "one line": b"(" * 4_000_000,
    "brackets": (b"a (b:1 (" * 200 + b"\n") * 2000,
    "frames": b"Call trace:\n" + b" acme_x+0x1/0x2\n" * 200_000,
    "incidents": logs.X86_OOPS.encode() * 3000,
    "heads": b"------------[ cut here ]------------\n" * 100_000,
    "quotes": b"> " * 2_000_000,
    "stamps": b"[    1.000000]" * 300_000,
    "spaces": (b"foo" + b" " * 2000 + b"\n") * 1000,
    "open lists": b"Call trace:\n" + b" acme (drivers/a.c:1\n" * 100_000,
    "names": (b"a" * 2000 + b"+0x1/0x\n") * 2000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_logs_end(kind):
    found = incidents(HOSTILE[kind])
    assert len(found) <= MOST_INCIDENTS
    assert all(len(incident.frames) <= MOST_FRAMES + 1 for incident in found)


def test_a_log_that_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "LARGEST", 10)
    path = tmp_path / "log"
    path.write_bytes(b"x" * 11)
    with pytest.raises(KscanError, match="cut it"):
        console.read(str(path))
    path.write_bytes(b"x" * 10)
    assert console.read(str(path)) == b"x" * 10
    monkeypatch.undo()
    path.write_bytes(gzip.compress(logs.RISCV.encode()))  # as logrotate leaves it
    assert console.read(str(path)) == logs.RISCV.encode()


def test_a_log_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello\n")))
    assert console.read("-") == b"hello\n"


def test_a_log_that_is_not_there(tmp_path):
    with pytest.raises(KscanError, match="no such file"):
        console.read(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "line",
    [
        "RIP" + " " * 2000,
        "pc : " + " " * 2000 + "x",
        "WARNING: CPU: " + "1" * 1900 + " PID: 1 at a:1",
        " f (" + "a" * 300 + ":1111111" * 200,
    ],
)
def test_hostile_lines_are_read_in_linear_time(line):
    begin = "------------[ cut here ]------------\nWARNING: a.c:1\n"
    incidents((begin + f"{line}\n" * 4000).encode())
    incidents((begin + "Call trace:\n" + f"{line}\n f+0x1/0x2\n" * 4000).encode())
