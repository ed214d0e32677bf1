# SPDX-License-Identifier: GPL-2.0-only
"""Which finding predicts an incident, how surely, and what is said when none does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import logs
import pytest
import reported

from kscan.model import (
    CallbackRef,
    Confidence,
    Effect,
    Finding,
    Fix,
    Hits,
    Location,
    RegistrationRef,
    Report,
    Severity,
    Stats,
    Step,
    StepKind,
    TreeInfo,
    WindowEntry,
)
from kscan.source.directory import DirectoryTree
from kscan.triage.late import node_of
from kscan.triage.log import incidents
from kscan.triage.match import Strength, other_version
from kscan.triage.outcome import as_json, as_text, explained, match, triage

ACME = "drivers/iommu/acme.c"
REGISTER = RegistrationRef("iommu_device_register", "acme_probe", ACME, 200)
XLATE = CallbackRef("iommu_ops.of_xlate", "acme_of_xlate", ACME, 100)
GROUP = CallbackRef("iommu_ops.device_group", "acme_device_group", ACME, 140)
BUS = CallbackRef("bus_type.dma_configure", "platform_dma_configure", "drivers/base/platform.c", 9)


def finding(rule="late-global", callback=XLATE, registration=REGISTER, **more) -> Finding:
    path = callback.path if callback else "drivers/gpu/acme.c"
    function = callback.function if callback else "acme_gpu_probe"
    steps = (
        Step(Location(ACME, 200, function="acme_probe"), StepKind.REGISTER, "registers"),
        Step(Location(path, 104, function=function), StepKind.READ, "reads acme_dev: NULL", side=1),
        Step(Location(ACME, 210, function="acme_probe"), StepKind.WRITE, "writes acme_dev"),
    )
    made = Finding(
        rule=rule,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        effect=Effect.CRASH,
        message="`acme_dev` is set too late",
        primary=Location(path, 104, function=function),
        driver="drivers/iommu/acme",
        registration=registration,
        callback=callback,
        trace=steps if registration else steps[1:2],
        fingerprint=f"v1-{rule}",
    )
    return replace(made, **more)


def report(*findings: Finding, callbacks=(XLATE, GROUP), note="") -> Report:
    window = (WindowEntry(REGISTER, tuple(c.slot for c in callbacks), tuple(callbacks), note),)
    return Report(TreeInfo("small", "6.12.1"), Stats(), (), findings, window)


def verdict(log: str, *findings: Finding, tree=None, **more):
    (incident,) = incidents(log.encode())
    return match(incident, report(*findings, **more), tree)


def test_what_a_match_leads_on_to_is_said() -> None:
    found = replace(finding(), fingerprint="v1-0123456789abcdef", fix=Fix("Set it earlier."))
    (outcome,) = triage(logs.ARM64_RAW.encode(), report(found))
    lines = [line.strip() for line in as_text(outcome, "a.log", "linux --as-is").splitlines()]
    assert "fix: Set it earlier." in lines
    assert "more: kscan explain v1-0123456789abcdef linux --as-is" in lines


@pytest.mark.parametrize("log", [logs.ARM64_RAW, logs.ARM_RAW, logs.ARM_OLD, logs.RISCV])
def test_callback_inside_its_registration_is_strong(log):
    api = log.replace("of_iommu_configure+", "iommu_device_register+")
    found = verdict(api, finding())
    assert (found.strength, found.finding.rule) == (Strength.STRONG, "late-global")
    assert "acme_of_xlate() runs inside iommu_device_register() of acme_probe()" in found.why


def test_the_fault_may_be_in_the_callback_or_below_it():
    assert "the fault is in it" in verdict(logs.ARM_RAW, finding()).why
    assert "in acme_alloc(), which it calls" in verdict(logs.ARM64_RAW, finding()).why


def test_the_callback_without_the_registration_is_partial():
    log = logs.ARM64_RAW.replace("acme_probe.isra.0", "acme_resume")
    found = verdict(log, finding())
    assert (found.strength, found.finding is not None) == (Strength.PARTIAL, True)
    assert "not inside iommu_device_register()" in found.why


def test_the_registration_without_the_callback_is_partial():
    log = logs.ARM64_RAW.replace("acme_of_xlate", "other_of_xlate")
    found = verdict(log, finding())
    assert (found.strength, found.why) == (
        Strength.PARTIAL,
        "acme_probe() is on the trace, acme_of_xlate() is not",
    )


def test_another_function_of_the_driver_is_partial():
    step = Step(Location(ACME, 50, function="acme_alloc"), StepKind.READ, "reads", side=1)
    log = logs.ARM64_RAW.replace("acme_of_xlate", "x").replace("acme_probe", "y")
    found = verdict(log, replace(finding(), trace=(step,)))
    assert (found.strength, "same driver" in found.why) == (Strength.PARTIAL, True)


def test_a_callback_the_trace_only_passes_through_is_not_to_blame():
    passed = finding("unguarded-driver", BUS, REGISTER)
    found = verdict(logs.ARM64_RAW, passed)
    assert (found.strength, "passes through" in found.why) == (Strength.PARTIAL, True)
    found = verdict(logs.ARM64_RAW, passed, finding())
    assert (found.strength, found.finding.rule) == (Strength.STRONG, "late-global")


def test_a_finding_without_registration_needs_the_fault_in_its_function():
    guard = finding("unguarded-driver", BUS, None)
    assert verdict(logs.ARM64_RAW, guard).strength is Strength.NONE
    log = logs.ARM64_RAW.replace("acme_alloc", "platform_dma_configure")
    assert verdict(log, guard).strength is Strength.STRONG


def test_the_effect_that_fits_the_incident_goes_first():
    declined = finding("late-drvdata", effect=Effect.DECLINED)
    found = verdict(logs.ARM64_RAW, declined, finding())
    assert found.finding.effect is Effect.CRASH
    assert found.others == ()


@pytest.mark.parametrize(
    "effect", [Effect.LEAK, Effect.DECLINED, Effect.WARN, Effect.DEADLOCK, Effect.REDUNDANT]
)
def test_what_the_kernel_survives_predicts_no_oops(effect):
    found = verdict(logs.ARM64_RAW, finding("repeated-xlate", effect=effect))
    assert found.strength is Strength.PARTIAL
    assert f"is no oops: {effect.value}" in found.why
    both = verdict(logs.ARM64_RAW, finding("repeated-xlate", effect=effect), finding())
    assert (both.strength, both.finding.effect) == (Strength.STRONG, Effect.CRASH)


def test_a_function_of_the_same_name_elsewhere_is_another():
    log = logs.ARM64_DECODED.replace("drivers/iommu/acme.c", "drivers/gpu/acme.c")
    found = verdict(log, finding(callback=GROUP))
    assert found.strength is Strength.NONE


def test_a_tree_that_has_the_order_already_says_so():
    found = verdict(logs.ARM64_DECODED)
    assert (found.strength, found.finding) == (Strength.NONE, None)
    assert found.why.startswith("this tree (Linux 6.12.1) already has the order: acme_device_group")
    assert "acme_probe() (drivers/iommu/acme.c:200)" in found.why
    assert found.why.endswith("that is set later")


def test_a_callback_that_does_not_run_in_the_window_here():
    found = verdict(logs.ARM64_DECODED, callbacks=(XLATE,), note="the gate is shut")
    assert "no callback on the trace runs inside" in found.why
    assert found.why.endswith("the gate is shut")


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (logs.ARM64_RAW.replace("acme_probe", "unknown_probe"), "no function on it registers"),
        ("Call trace:\n foo+0x1/0x2\n", "takes part in a registration"),
        ("BUG: unable to handle page fault for address: 1\n", "no call trace"),
    ],
)
def test_what_is_not_explained_says_so(log, said):
    found = verdict(log)
    assert found.strength is Strength.NONE
    assert found.why.startswith("not explained: ")
    assert said in found.why


def test_a_step_of_findings_is_named_where_their_drivers_are_not_on_the_trace():
    step = Step(Location("drivers/of/base.c", 7, function="of_step"), StepKind.CALL, "calls")
    passing = finding(trace=(step, *finding().trace))
    found = verdict("Call trace:\n of_step+0x1/0x2\n foo+0x1/0x2\n", passing, finding())
    assert found.strength is Strength.NONE
    assert "of_step() is a step of 1 finding, but nothing of the drivers" in found.why


def test_a_finding_that_the_trace_passes_through_is_named():
    outside = finding("dma-configure-outside-bus", None, None)
    log = "Call trace:\n foo+0x1/0x2\n acme_gpu_probe+0x1/0x2\n"
    found = verdict(log, outside)
    assert found.strength is Strength.NONE
    assert found.why == (
        "not explained: acme_gpu_probe() on the trace has a finding, dma-configure-outside-bus "
        "(drivers/gpu/acme.c:104), but the fault is in foo()"
    )


DECLINED = finding(
    "late-drvdata",
    effect=Effect.DECLINED,
    hits=Hits(
        boards=("arch/arm64/boot/dts/acme/one.dts (Acme One)",),
        clients=("disk@fe300000 (acme,disk)",),
    ),
)


def test_a_device_behind_a_driver_that_declines_is_a_partial_guess():
    found = verdict(logs.LATE_AT_BIND, finding(), DECLINED)
    assert (found.strength, found.finding.rule, found.guess) == (
        Strength.PARTIAL,
        "late-drvdata",
        True,
    )
    assert "a guess: this board has drivers/iommu/acme" in found.why
    assert "acme_of_xlate() of that driver declines" in found.why


def test_a_board_of_another_model_is_a_worse_guess():
    found = verdict(logs.LATE_AT_BIND.replace("Acme One", "Acme Two"), DECLINED)
    assert (found.strength, "on another board" in found.why) == (Strength.PARTIAL, True)


def test_a_device_nobody_serves_is_not_explained():
    other = replace(DECLINED, hits=replace(DECLINED.hits, clients=("gpu@1",)))
    found = verdict(logs.LATE_AT_BIND, other)
    assert (found.strength, found.finding) == (Strength.NONE, None)
    assert "nothing ties fe300000.disk" in found.why
    assert "no finding leaves a device unserved" in verdict(logs.LATE_AT_BIND).why


DRIVER = """\
static const struct of_device_id t[] = { { .compatible = "acme,mmu" }, { } };
static struct platform_driver d = { .driver = { .of_match_table = t } };
"""
BOARD = """\
/ {
    model = "Acme One";
    m: mmu@10 { compatible = "acme,mmu"; };
    disk@fe300000 { iommus = <&m 1>; };
};
"""


@pytest.fixture
def tree(tmp_path: Path) -> DirectoryTree:
    files = {
        ACME: DRIVER + "int acme_probe(void)\n{\n\treturn 0;\n}\n",
        "arch/arm64/boot/dts/acme/one.dts": BOARD,
        "kernel/a.c": "static int twice(void)\n{\n}\nint platform_probe(int a,\n\tint b)\n{\n}\n",
        "kernel/b.c": "static int twice(void)\n{\n}\nint really_probe(int x);\n",
    }
    for path, text in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return DirectoryTree(tmp_path, "small")


def test_the_devicetree_of_the_board_makes_it_sure(tree):
    found = verdict(logs.LATE_AT_BIND, replace(DECLINED, hits=Hits()), tree=tree)
    assert (found.strength, found.guess) == (Strength.PARTIAL, False)
    assert "the devicetree of this board puts fe300000.disk behind drivers/iommu/acme" in found.why


def test_a_device_that_the_board_does_not_put_there_is_not_tied(tree):
    log = logs.LATE_AT_BIND.replace("fe300000.disk", "fe400000.disk")
    assert verdict(log, DECLINED, tree=tree).strength is Strength.NONE


def test_a_call_outside_the_bus_is_what_the_line_warns_of():
    outside = finding("dma-configure-outside-bus", None, None)
    log = logs.LATE_AT_BIND.replace("platform_dma_configure", "acme_gpu_probe")
    found = verdict(log, DECLINED, outside)
    assert (found.strength, found.finding.rule) == (Strength.STRONG, "dma-configure-outside-bus")


@pytest.mark.parametrize("log", [reported.LATE_WARN, reported.WARN_ARM])
def test_a_call_outside_the_bus_explains_a_warn_whose_message_is_lost(log):
    outside = finding("dma-configure-outside-bus", None, None)
    found = verdict(log.replace("acme_gpu_bind", "acme_gpu_probe"), DECLINED, outside)
    assert (found.strength, found.finding.rule) == (Strength.STRONG, "dma-configure-outside-bus")


def test_a_device_that_the_log_does_not_name_is_tied_by_its_board_alone():
    log = reported.LATE_WARN.replace("acme_gpu_bind", "platform_dma_configure")
    found = verdict(log, DECLINED)
    assert (found.strength, found.guess) == (Strength.PARTIAL, True)
    assert "the device, which the log does not name, is left to be served" in found.why


def test_a_walk_that_meets_a_bound_device_is_not_explained_by_a_driver(tree):
    found = verdict(logs.LATE_IN_WALK, DECLINED, tree=tree)
    assert (found.strength, found.finding) == (Strength.NONE, None)
    assert (
        "met acme-dummy, which had a driver already; not explained: this tree does not" in found.why
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "\tif (dev->driver)\n\t\tdev_WARN(dev, LINE);\n\tops->probe_device(dev);\n",
            "before ops->probe_device()",
        ),
        (
            "\tops->probe_device(dev);\n\tif (dev->driver)\n\t\tdev_WARN(dev, LINE);\n",
            "not explained: it was bound",
        ),
    ],
)
def test_a_line_that_comes_too_early_is_seen_in_the_source(tmp_path, body, said):
    line = '"late IOMMU probe at driver bind, something fishy here!\\n"'
    place = tmp_path / "drivers/iommu/iommu.c"
    place.parent.mkdir(parents=True)
    place.write_text(f"static int probe(struct device *dev)\n{{\n{body}}}\n".replace("LINE", line))
    found = verdict(logs.LATE_IN_WALK, tree=DirectoryTree(tmp_path))
    assert said in found.why


@pytest.mark.parametrize(
    ("device", "node"),
    [
        ("ee300000.sata", "sata@ee300000"),
        ("ec700000.dma-controller", "dma-controller@ec700000"),
        ("reg-dummy", ""),
        ("0000:01:00.0", ""),
        ("soc:gpu", ""),
    ],
)
def test_platform_devices_and_their_nodes(device, node):
    assert node_of(device) == node


def test_frames_resolve_to_the_functions_of_the_tree(tree):
    log = (
        "Call trace:\n twice+0x1/0x2\n acme_probe+0x1/0x2\n platform_probe+0x1/0x2\n gone+0x1/0x2\n"
    )
    (outcome,) = triage(log.encode(), report(), tree)
    assert [
        site.location and (site.location.path, site.location.line) for site in outcome.sites
    ] == [
        None,
        (ACME, 3),
        ("kernel/a.c", 4),
        None,
    ]
    assert outcome.sites[0].others == 1


def test_a_decoded_frame_tells_functions_of_one_name_apart(tree):
    log = "Call trace:\n twice (kernel/b.c:2)\n"
    (outcome,) = triage(log.encode(), report(), tree)
    assert outcome.sites[0].location == Location("kernel/b.c", 1, function="twice")


def test_a_function_of_another_architecture_is_not_meant(tmp_path):
    for architecture in ("arm64", "x86"):
        place = tmp_path / f"arch/{architecture}/a.c"
        place.parent.mkdir(parents=True)
        place.write_text("void ret_from_fork(void)\n{\n}\n")
    (outcome,) = triage(logs.ARM64_RAW.encode(), report(), DirectoryTree(tmp_path))
    assert outcome.sites[-1].location == Location("arch/arm64/a.c", 1, function="ret_from_fork")


def test_text_shows_trace_and_finding_side_by_side():
    outcomes = triage(logs.ARM64_RAW.encode(), report(finding()))
    lines = as_text(outcomes[0], "a.log").splitlines()
    assert lines[0].startswith("a.log:1: oops: Unable to handle kernel NULL pointer dereference")
    assert lines[1] == "    on Acme One"
    assert lines[2].startswith("    note: the log is of Linux 6.13.0-rc2-acme+, this tree is Linux")
    assert lines[3].startswith("    strong: acme_of_xlate() runs inside")
    assert (
        lines[4] == "    drivers/iommu/acme.c:104: error: late-global: `acme_dev` is set too late"
    )
    assert any(
        line.endswith("| drivers/iommu/acme.c:104  read  reads acme_dev: NULL") for line in lines
    )
    assert any(line.split()[:3] == ["acme_probe()", "|", f"{ACME}:200"] for line in lines)


def test_text_shows_what_the_log_does_not():
    log = logs.ARM64_RAW.replace("acme_of_xlate", "other_of_xlate")
    text = as_text(triage(log.encode(), report(finding()))[0], "-")
    _, shown = text.split("    not on the trace, says the finding:\n")
    assert "        acme_of_xlate()                | drivers/iommu/acme.c:104  read" in shown


@pytest.mark.parametrize(
    ("theirs", "ours", "differs"),
    [
        ("6.15.0-rc1", "6.12.117", True),
        ("6.12.50", "6.12.117", True),
        ("6.15.0-rc1", "6.15.0", True),
        ("6.15.0-rc1-next-20250401+", "6.15.0-rc1", False),
        ("6.12.117-acme", "6.12.117", False),
        ("6.15-acme", "6.15.0", False),
        ("", "6.12.117", False),
    ],
)
def test_the_kernel_of_the_log_is_compared_with_the_tree(theirs, ours, differs):
    (incident,) = incidents(logs.ARM64_RAW.encode())
    incident = replace(incident, kernel_version=theirs)
    tree = TreeInfo("small", ours)
    note = other_version(incident, replace(report(), tree=tree))
    assert bool(note) is differs
    assert not note or (theirs in note and ours in note)


def test_a_place_in_the_log_is_shown_as_the_logs_own(tree):
    log = "Call trace:\n platform_probe (kernel/a.c:9999)\n acme_probe (drivers/gone.c:7)\n"
    text = as_text(triage(log.encode(), report(), tree)[0], "-")
    assert "| kernel/a.c:9999 in the log; defined at :4\n" in text
    assert f"| drivers/gone.c:7 in the log; defined at {ACME}:3\n" in text
    decoded = logs.ARM64_DECODED.replace("acme.c:140)", "acme.c:999)")
    text = as_text(triage(decoded.encode(), report(finding(callback=GROUP)))[0], "-")
    assert "acme_device_group()            | drivers/iommu/acme.c:999 in the log\n" in text
    assert "| drivers/iommu/acme.c:104  read" in text


def test_text_says_how_often():
    outcomes = triage((logs.X86_OOPS * 200).encode(), report())
    assert as_text(outcomes[0], "-").splitlines()[0].endswith("0000000000000040 (200 times)")
    assert as_json(outcomes)["incidents"][0]["times"] == 200


def test_text_obeys_no_escape_of_the_log():
    log = logs.LATE_AT_BIND.replace("Acme One", "Acme\u202eOne")
    assert "\u202e" not in as_text(triage(log.encode(), report())[0], "-")


def test_json_is_whole():
    outcomes = triage((logs.ARM64_RAW + logs.LATE_IN_WALK).encode(), report(finding()))
    document = json.loads(json.dumps(as_json(outcomes)))
    assert document["schema"] == "kscan/triage/1"
    first, second = document["incidents"]
    assert (first["verdict"]["strength"], first["verdict"]["finding"]) == (
        "strong",
        "v1-late-global",
    )
    assert (second["kind"], second["device"], second["verdict"]["finding"]) == (
        "late-probe",
        "acme-dummy",
        None,
    )
    assert explained(outcomes)
    assert not explained(outcomes[1:])


def test_a_log_of_many_incidents_is_answered(tree):
    late = "".join(
        logs.LATE_AT_BIND.replace("fe300000", f"fe3{n:05x}").replace("really_probe", f"really{n}")
        for n in range(600)
    )
    outcomes = triage(late.encode(), report(finding(), DECLINED), tree)
    assert len(outcomes) == 500
