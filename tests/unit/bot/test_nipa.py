# SPDX-License-Identifier: GPL-2.0-only
"""NIPA's protocol: three statuses and one line through a pipe."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from report import samples
from report.hostile import documents, obeyed

from kscan.bot import nipa
from kscan.bot.policy import judged
from kscan.config import Policy
from kscan.model import Confidence, Impact


def failing() -> Impact:
    certain = replace(samples.late_global(), confidence=Confidence.HIGH)
    return replace(samples.change(), introduced=(certain,))


@pytest.mark.parametrize(
    ("impact", "status"),
    [
        (samples.quiet_change(), 0),
        (replace(samples.change(), introduced=(), skips_added=()), 0),
        (replace(samples.change(), introduced=()), 250),
        (samples.change(), 250),
        (failing(), 1),
    ],
)
def test_status(impact: Impact, status: int) -> None:
    assert nipa.status(judged(impact, Policy())) == status


def told(text: str) -> bytes:
    reading, writing = os.pipe()
    assert nipa.described(text, {"DESC_FD": str(writing)})
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


def test_description_names_the_first_place() -> None:
    text = nipa.description(judged(failing(), Policy()))
    assert told(text).decode() == (
        "1 finding introduced in 1 file (1 error, 0 warnings, 0 notes), 1 fixed; 1 file newly "
        "not analysed; failing: late-global (1); first: late-global: foo_probe() in "
        "drivers/iommu/foo-iommu.c\n"
    )


@pytest.mark.parametrize("number", ["", "x", "-1", "9999", "1; rm"])
def test_no_descriptor_is_no_error(number: str) -> None:
    assert not nipa.described("x", {"DESC_FD": number})
    assert not nipa.described("x", {})


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(document=documents.filter(lambda document: isinstance(document, Impact)))
def test_description_is_one_short_visible_line(document: Impact) -> None:
    line = told(nipa.description(judged(document, Policy()))).decode("utf-8")
    assert line.count("\n") == 1
    assert len(line) < 4096  # what a pipe takes at once
    assert not obeyed(line)
