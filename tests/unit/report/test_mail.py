# SPDX-License-Identifier: GPL-2.0-only
"""Mail: plain text of 72 columns, functions and snippets, no line numbers, no trailers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kscan.model import Effect, Subject
from kscan.report import render
from kscan.report.sections import ASKED, question
from kscan.rules import rules

from . import samples
from .test_markdown import many


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("audit.mail", samples.audit),
        ("impact.mail", samples.change),
        ("impact-quiet.mail", samples.quiet_change),
    ],
)
def test_golden(golden, name, make):
    golden(f"report/{name}", render("mail", make()))


@pytest.mark.parametrize("make", [samples.audit, samples.change, lambda: many(40)])
def test_lines_have_72_columns(make):
    assert max(map(len, render("mail", make()).splitlines())) <= 72


def test_no_line_number_is_shown():
    text = render("mail", samples.change())
    numbers = {s.location.line for s in samples.late_global().trace} - {31, 41}
    assert not [n for n in numbers if re.search(rf"\b{n}\b", text)]


def test_functions_and_snippets_are_shown():
    text = render("mail", samples.change())
    assert "foo_probe() in drivers/iommu/foo-iommu.c" in text
    assert "data = devm_kzalloc(dma_dev, sizeof(*data), GFP_KERNEL);" in text


def test_finding_ends_in_a_question():
    assert "Can foo_of_xlate() run while `dma_dev` is not set?" in render("mail", samples.change())


@pytest.mark.parametrize(
    ("rule", "kind", "effect", "asked"),
    [
        ("bound-only-lookup", "bound devices", "declined", "bound by the time it_() looks for it?"),
        ("bound-only-lookup", "bound devices", "wrong-value", "bound by the time it_() looks"),
        ("client-devres", "device", "declined", "Is a driver bound to `x` whenever it_() runs?"),
        ("device-lock-in-window", "lock", "deadlock", "the device whose lock is held here?"),
        (
            "lock-held-in-window",
            "lock",
            "deadlock",
            "lets go of `x` before it_() waits for it?",
        ),
        (
            "device-lock-in-window",
            "lock",
            "declined",
            "offers the device again where it_()",
        ),
        (
            "dma-configure-outside-bus",
            "device",
            "declined",
            "Who offers `x` to the IOMMU",
        ),
        ("dma-configure-outside-bus", "device", "warn", "Can the call in it_() find an IOMMU"),
        ("dma-configure-outside-bus", "device", "redundant", "that its bus has configured?"),
        ("late-drvdata", "driver data", "declined", "the device while the driver data is not set?"),
        (
            "late-replay",
            "fwspec",
            "declined",
            "Who offers a device to the IOMMU that it_()",
        ),
        (
            "late-replay",
            "replay",
            "crash",
            "from probing a device that is being probed?",
        ),
        ("late-replay", "replay", "warn", "Can it_() get here for a device that is bound?"),
        ("late-state", "list", "declined", "declines the device while `x` lacks the instance?"),
        ("late-state", "runtime PM", "crash", "Can it_() run while runtime PM is still disabled?"),
        ("late-state", "clock", "crash", "Can it_() run while `x` is still off?"),
        ("late-state", "pulse", "crash", "Can it_() run while `x` is not triggered yet?"),
        ("lock-dropped-around-callback", "lock", "race", "which was read under `x`, while it is"),
        ("repeated-dma-map", "field", "leak", "Who releases what `x` held before?"),
        ("repeated-xlate", "field", "declined", "declines a device for good once `x` is set?"),
        ("repeated-xlate", "list", "leak", "Who looks on `x` for what is there already?"),
        ("repeated-xlate", "reference", "leak", "Who puts the reference that `x()` takes"),
        ("repeated-xlate", "field", "wrong-value", "each client changes `x` anew?"),
    ],
)
def test_the_question_is_about_what_the_finding_is_about(rule, kind, effect, asked):
    found = samples.late_global()
    reader = replace(found.callback, function="it_")
    subject = Subject(kind, kind if kind in ("driver data", "runtime PM") else "x")
    told = replace(found, rule=rule, subject=subject, effect=Effect(effect), callback=reader)
    assert asked in question(told)


def test_every_rule_is_asked_about_by_its_name():
    named = {key.partition(" ")[0] for key in ASKED}
    assert named <= {rule.id for rule in rules()}


def test_no_finding_is_one_paragraph():
    assert render("mail", samples.quiet_change()) == "kscan: No finding introduced.\n"


def test_what_was_not_analysed_is_said_without_a_finding():
    quiet = replace(samples.quiet_change(), notes=("drivers/x.c: hunk 1 placed with fuzz",))
    for name in ("mail", "markdown"):
        assert "hunk 1 placed with fuzz" in render(name, quiet)


def test_ten_in_full_the_rest_brief_and_counted():
    text = render("mail", many(40))
    assert text.count("^ publishes foo_ops") == 10
    assert "20 findings more not shown." in text


def test_long_command_continues_as_a_shell_reads_it():
    command = "kscan diff --repo linux " + "--path drivers/iommu " * 6 + "v6.14..v6.15-rc1"
    rows = render("mail", replace(samples.change(), reproduce=command)).splitlines()
    start = next(i for i, row in enumerate(rows) if row.strip().startswith("kscan diff --repo"))
    shell = "\n".join(rows[start:]).replace("\\\n", "").split()
    assert shell == command.split()


def test_functions_that_share_a_name_are_told_with_their_files():
    change = samples.change()
    reach = change.added[0]
    one, *others = reach.implementations
    twin = replace(one, path="drivers/iommu/twin.c")
    added = replace(reach, implementations=(one, twin, *others))
    told = " ".join(render("mail", replace(change, added=(added,))).split())
    assert f"not ready: {one.function} ({one.path})" in told
    assert f"also run: {one.function} (drivers/iommu/twin.c), {others[0].function}, " in told
