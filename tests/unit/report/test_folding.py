# SPDX-License-Identifier: GPL-2.0-only
"""Rows on a narrow terminal: nothing is lost, nothing is broken inside a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kscan.report.folding import folded, folded_text
from kscan.report.paint import Span, line, plain, width


def test_what_follows_is_set_in() -> None:
    row = "a.c:7:1: error: late-global: `dma_dev` is set after the registration"
    assert folded_text(row, 40) == (
        "a.c:7:1: error: late-global: `dma_dev`\n    is set after the registration"
    )


def test_what_follows_stands_below_its_column() -> None:
    row = "late-global   error  a global is written after registration"
    assert folded_text(row, 44) == (
        "late-global   error  a global is written\n                     after registration"
    )


@pytest.mark.parametrize("text", ["", "\n", "short\n", "short\n\n  lines", "\n\n"])
def test_short_lines_stay_as_they_are(text: str) -> None:
    assert folded_text(text, 20) == text


def test_a_word_longer_than_the_terminal_stays_whole() -> None:
    path = "drivers/iommu/a-very-long-name-of-a-driver.c"
    assert folded_text(f"see {path} there", 20) == f"see\n    {path}\n    there"


def test_a_command_is_never_broken() -> None:
    row = line("  more: ", Span("kscan explain v1-0badc0de0badc0de linux", is_command=True))
    assert list(folded([row], 20)) == [row]
    for text in (
        "  more: kscan explain v1-0badc0de0badc0de linux",
        "  kscan explain --patch v1-0bad",
    ):
        assert folded_text(text, 20) == text


def test_styles_stay_with_their_characters() -> None:
    row = line(Span("one two", "bold"), " three four", Span(" five", "red"))
    rows = list(folded([row], 10))
    styles = {word: s.style for r in rows for s in r for word in s.text.split()}
    assert styles == {"one": "bold", "two": "bold", "three": "", "four": "", "five": "red"}


@given(st.text(alphabet="ab  ", max_size=200), st.integers(min_value=8, max_value=60))
def test_folding_loses_no_word_and_keeps_to_the_width(text: str, columns: int) -> None:
    rows = list(folded([line(text)], columns))
    assert plain(rows).split() == text.split()
    for row in rows:
        told = "".join(span.text for span in row)
        assert width(row) <= columns or len(told.split()) < 2
