# SPDX-License-Identifier: GPL-2.0-only
"""Markdown: verdict first, ten in full, the rest in a table, within the forge's limit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kscan.model import Hits, Impact, Maintainer, Skip, TreeInfo
from kscan.report import clean, render

from . import samples


def many(number: int) -> Impact:
    introduced = tuple(
        replace(
            samples.late_global(),
            primary=replace(samples.late_global().primary, line=100 + n),
            fingerprint=f"kscan/v1:{n:016x}",
        )
        for n in range(number)
    )
    return replace(samples.change(), introduced=introduced)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("audit.md", samples.audit),
        ("impact.md", samples.change),
        ("impact-quiet.md", samples.quiet_change),
        ("impact-many.md", lambda: many(14)),
    ],
)
def test_golden(golden, name, make):
    golden(f"report/{name}", render("markdown", make()))


def test_verdict_is_the_first_line():
    first = render("markdown", samples.change()).splitlines()[0]
    assert first.startswith("**kscan: 2 findings introduced in 2 files")


def test_no_finding_is_one_line():
    for document in (samples.quiet_change(), samples.clean_audit()):
        assert render("markdown", document).count("\n") == 1


def test_new_skips_are_never_silent():
    hidden = replace(samples.quiet_change(), skips_added=(Skip("drivers/x.c", "unreadable"),))
    text = render("markdown", hidden)
    assert "newly not analysed" in text.splitlines()[0]
    assert "drivers/x.c" in text


def test_ten_worst_in_full_and_the_rest_in_a_collapsed_table():
    text = render("markdown", many(14))
    assert text.count("#### error:") == 10
    assert "<details><summary>4 findings</summary>" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("number", [30, 400, 3000])
@pytest.mark.parametrize("limit", [65_536, 20_000, 4_000])
def test_limit_is_kept_and_the_rest_counted(number, limit):
    text = render("markdown", many(number), limit=limit)
    assert len(text) <= limit
    assert f"{number:,} findings introduced" in text
    counted = re.search(r"\n([\d,]+) findings? more not shown", text)
    left_out = int(counted.group(1).replace(",", "")) if counted else 0
    rows = text.split("### Fixed")[0].count("\n| error |")
    assert text.count("#### error:") + rows + left_out == number


def test_sections_follow_the_content_model():
    titles = [
        row[4:]
        for row in render("markdown", samples.change()).splitlines()
        if row.startswith("### ")
    ]
    assert titles == [
        "What runs inside a registration", "Introduced", "Fixed", "The same pattern stands in",
        "Commit by commit", "Not analysed", "Reproduce",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["rafael@kernel.org", "acpi:ACPI0013", "list:ACPI", "drivers/iommu/acme.c:12", "vop@fe040000"],
)
def test_what_is_copied_has_nothing_invisible_in_it(text):
    assert clean.prose(f"before ({text}), after") == f"before (`{text}`), after"
    assert clean.prose(f"{text}: told <{text}>") == f"`{text}`: told &lt;`{text}`&gt;"
    found = replace(samples.late_global(), hits=Hits(compatibles=(text, "a`b:c"), boards=(text,)))
    found = replace(found, maintainers=(Maintainer("Jo", "jo@example.org", "open list:ACPI"),))
    told = render("markdown", replace(samples.audit(), findings=(found,)))
    assert f"- matches: `{text}`, `a'b:c`\n- boards: `{text}`\n" in told
    assert "- maintainers: Jo `<jo@example.org>` (`open list:ACPI`)\n" in told


@pytest.mark.parametrize("name", ["HEAD~2", "v6.14^", "b4~1^2"])
def test_a_revision_can_be_copied(name):
    impact = replace(samples.change(), base=TreeInfo(name, "6.14.0"))
    assert f"`{name}`" in render("markdown", impact)
