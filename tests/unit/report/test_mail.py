# SPDX-License-Identifier: GPL-2.0-only
"""Mail: plain text of 72 columns, functions and snippets, no line numbers, no trailers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kscan.model import Effect, Subject
from kscan.report import render
from kscan.report.sections import question

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
    ("kind", "effect", "asked"),
    [
        ("bound devices", Effect.DECLINED, "bound by the time foo_of_xlate() looks for it?"),
        ("replay", Effect.CRASH, "Who offers a device to the IOMMU that foo_of_xlate() gives"),
        ("lock", Effect.RACE, "is read under `x` before it is dropped?"),
        ("lock", Effect.DEADLOCK, "the device whose lock is held here?"),
        ("list", Effect.LEAK, "Who looks on `x` for what is there already?"),
        ("driver data", Effect.DECLINED, "declines the device while the driver data is unset?"),
        ("field", Effect.LEAK, "Who releases what `x` held before?"),
        ("device", Effect.WARN, "get here for a device that is bound?"),
        ("device", Effect.DECLINED, "Who offers `x` to the IOMMU that foo_of_xlate() gives it"),
        ("device", Effect.REDUNDANT, "get here for a device that its bus has configured?"),
    ],
)
def test_the_question_is_about_what_the_finding_is_about(kind, effect, asked):
    found = replace(samples.late_global(), subject=Subject(kind, "x"), effect=effect)
    assert asked in question(found)


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
