# SPDX-License-Identifier: GPL-2.0-only
"""Workflow annotations: one command a finding, properties and message escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kscan.report import render

from . import samples


@pytest.mark.parametrize(("name", "make"), [("audit", samples.audit), ("impact", samples.change)])
def test_golden(golden, name, make):
    golden(f"report/{name}-github.txt", render("github", make()))


def test_severities_become_commands():
    rows = render("github", samples.audit()).splitlines()
    assert [row.split(" ")[0] for row in rows] == ["::error", "::error", "::warning", "::notice"]


def test_properties_and_message_are_escaped():
    place = replace(samples.late_global().primary, path="a,b:c%d.c")
    finding = replace(samples.late_global(), primary=place, message="50% of\r\n::error::it")
    row = render("github", replace(samples.audit(), findings=(finding,))).splitlines()[0]
    assert row.startswith("::error file=a%2Cb%3Ac%25d.c,line=1284,col=8,title=kscan late-global::")
    assert "50%25 of\\r\\n::error::it%0A" in row
