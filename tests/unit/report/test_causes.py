# SPDX-License-Identifier: GPL-2.0-only
"""Findings of one cause are told once, the others below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kscan.model import (
    Confidence,
    Effect,
    Finding,
    Location,
    Report,
    Severity,
    Stats,
    Step,
    StepKind,
    Subject,
    TreeInfo,
)
from kscan.report import mail, markdown, text
from kscan.report.causes import also, causes
from kscan.report.sections import message
from kscan.report.verdict import worst_first
from tests.made_findings import BAR, finding

XLATE = finding()
ATTACH = finding(callback="foo_attach", slot="iommu_domain_ops.attach_dev")
GROUP = finding(callback="foo_group", slot="iommu_ops.device_group", confidence=Confidence.MEDIUM)


def _at(one: Finding, line: int) -> Finding:
    """`one` of a call in `line`."""
    assert one.registration is not None
    return replace(
        one,
        primary=replace(one.primary, line=line),
        registration=replace(one.registration, line=line),
    )


def report(*findings: Finding) -> Report:
    return Report(TreeInfo("linux", "6.14.0"), Stats(), (), findings)


def test_findings_that_differ_in_the_callback_alone_have_one_cause() -> None:
    (cause,) = causes([XLATE, ATTACH, GROUP])
    assert cause.lead == XLATE
    assert cause.findings == (XLATE, ATTACH, GROUP)


def test_the_worst_leads() -> None:
    mild = replace(XLATE, severity=Severity.WARNING)
    assert causes([mild, GROUP, ATTACH])[0].lead == ATTACH


def test_what_stops_the_kernel_leads_before_what_is_refused() -> None:
    refused = replace(ATTACH, effect=Effect.DECLINED)
    step = Step(Location(BAR, 1), StepKind.READ, "reads dma_dev: NULL")
    crash = replace(XLATE, effect=Effect.CRASH, trace=(step,))
    unsure = replace(GROUP, effect=Effect.CRASH)
    assert causes([refused, crash])[0].lead == crash
    assert causes([unsure, refused])[0].lead == refused


def test_of_equals_the_shortest_trace_leads() -> None:
    step = Step(Location(BAR, 1), StepKind.READ, "reads dma_dev: NULL")
    long = replace(XLATE, trace=(step,))
    assert causes([long, ATTACH])[0].lead == ATTACH


@pytest.mark.parametrize(
    "other",
    [
        finding(subject=("global", "other_dev"), callback="foo_attach"),
        finding(path=BAR, callback="foo_attach"),
        finding(rule="late-state", callback="foo_attach"),
        finding(line=41, callback="foo_attach"),
        replace(ATTACH, introduced_by="0123456789ab"),
        finding(callback=None),
    ],
)
def test_what_differs_otherwise_has_a_cause_of_its_own(other: Finding) -> None:
    assert [cause.lead for cause in causes([XLATE, other])] == [XLATE, other]


def test_calls_of_one_function_that_register_alike_have_one_cause() -> None:
    cases = [one for line in (40, 44, 48) for one in (_at(XLATE, line), _at(ATTACH, line))]
    (cause,) = causes(cases)
    assert cause.findings == tuple(cases)
    told = also(cause, 2)
    assert told[0].startswith("foo_attach() (iommu_domain_ops.attach_dev): crash")
    assert told[1].startswith("foo_of_xlate() (iommu_ops.of_xlate) registered in line 44: crash")
    assert told[2] == "3 more"


def test_a_call_that_meets_something_else_has_a_cause_of_its_own() -> None:
    other, registration = _at(XLATE, 44), XLATE.registration
    assert registration is not None
    for unlike in (
        replace(other, registration=replace(registration, function="foo_resume")),
        replace(other, subject=Subject("global", "other_dev")),
        replace(other, primary=replace(other.primary, line=90)),
        _at(ATTACH, 44),
    ):
        assert [cause.lead for cause in causes([XLATE, unlike])] == [XLATE, unlike]


def test_the_others_are_counted_where_they_are_many() -> None:
    several = [finding(callback=f"foo_{number}") for number in range(5)]
    (cause,) = causes(several)
    told = also(cause, 2)
    assert len(told) == 3
    assert told[0].startswith("foo_1() (iommu_ops.of_xlate): crash, high confidence; v1-")
    assert told[-1] == "2 more"


@pytest.mark.parametrize("render", [text.render, mail.render, markdown.render])
def test_each_format_names_the_others_once(render) -> None:  # type: ignore[no-untyped-def]
    attach = replace(ATTACH, confidence=Confidence.MEDIUM)
    told = render(report(XLATE, attach, GROUP))
    assert "3 errors" in told
    assert told.count("kscan explain") == 1
    words = " ".join(told.replace("`", "").split())
    for one in (ATTACH, GROUP):
        assert words.count(f"also: {one.callback.function}()") == 1
        assert words.count(one.fingerprint) == 1


def test_a_cause_takes_one_place_among_those_in_full() -> None:
    other = finding(path=BAR)
    (section,) = message(report(XLATE, ATTACH, other), 1).sections
    assert [cause.findings for cause in section.full] == [(other,)]
    assert section.brief == tuple(worst_first([XLATE, ATTACH]))


def test_each_cause_comes_before_more_of_the_same() -> None:
    found = report(XLATE, ATTACH, finding(path=BAR, severity=Severity.NOTE))
    (section,) = message(found, 0).sections
    first, attach, bar = worst_first(found.findings)
    assert bar.primary.path == BAR
    assert section.brief == (first, bar, attach)
