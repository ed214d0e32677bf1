# SPDX-License-Identifier: GPL-2.0-only
"""What Kconfig files say of their symbols."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kscan.hits.entries import Entry, entries_in, symbols_in


def entries(text: str) -> dict[str, Entry]:
    """The definitions in `text`, by symbol."""
    return {entry.symbol: entry for entry in entries_in(dedent(text))}


def test_all_that_a_definition_depends_on() -> None:
    found = entries("""
        menuconfig OUTER
        \tbool "outer"

        if OUTER
        menu "Drivers"
        \tdepends on PCI

        config INNER
        \ttristate "inner" if EXPERT
        \tdepends on ARM || \\
        \t\tARM64
        \tdepends on !BROKEN # for now

        endmenu
        endif

        config LAST
        \tdef_bool y
        """)
    assert found["INNER"].conditions == ("OUTER", "PCI", "ARM ||  \t\tARM64", "!BROKEN")
    assert found["INNER"].prompts == ["EXPERT"]
    assert found["LAST"].conditions == ()
    assert found["LAST"].defaults == [("y", "")]
    assert found["OUTER"].prompts == [""]


def test_what_is_set_with_a_symbol() -> None:
    found = entries("""
        config A
        \tbool
        \tdefault y if B
        \tselect C
        \tselect D if E && F
        \timply G
        """)["A"]
    assert found.selects == [("C", ""), ("D", "E && F"), ("G", "")]
    assert found.defaults == [("y", "B")]
    assert not found.prompts


def test_a_help_text_says_nothing() -> None:
    found = entries("""
        config A
        \tbool "select if you depend"
        \thelp
        \t  This is for those who
        \t  depends on NOTHING
        \t\tselect EVERYTHING

        \t  default y
        \tdepends on B

        config C
        \thelp
        \t  config D
        """)
    assert found.keys() == {"A", "C"}
    assert found["A"].conditions == ("B",)
    assert not found["A"].selects
    assert found["A"].prompts == [""]


def test_names_as_text_shows_them() -> None:
    text = b"config A\n\tselect B\nmenuconfig 64BIT\n  imply C if D\n# config E\n"
    assert symbols_in(text) == ({"A", "64BIT"}, {"B", "C"})


def test_ends_without_beginnings_do_no_harm() -> None:
    assert entries("endif\nendmenu\ndepends on X\nconfig A\n\tbool 'a'\n")["A"].prompts == [""]


@pytest.mark.parametrize(
    "bait",
    [
        'config A\n\tbool "' + '\\"' * 200_000,
        "config A\n\tbool '" + "\\'" * 200_000,
        "config A\n\tselect B " + "if " * 200_000,
        "config A\n\tdepends on " + " #" * 200_000,
        "config A\n" + "\tselect B\n" * 50_000,
    ],
)
def test_bait_for_backtracking_is_read(bait: str) -> None:
    assert [entry.symbol for entry in entries_in(bait)] == ["A"]


def test_nothing_but_a_newline_ends_a_line() -> None:
    text = 'config A\n\tbool "an\x0c\u2028odd\x85 prompt" if B\n\tselect C # \x0cconfig D\n'
    (entry,) = entries_in(text)
    assert (entry.symbol, entry.prompts, entry.selects) == ("A", ["B"], [("C", "")])


PIECES = st.sampled_from((
    "config A\n", "menuconfig B # remark\n", "  config C D\n", "if A && !B\n", "endif\n",
    "menu \"m\"\n", "endmenu\n", "choice\n", "endchoice\n", "\tdepends on A ||\\\n\t B\n",
    "\tbool \"x\" if B\n", "\thelp\n", "\t  config E\n", "\tselect A if \"y\"\n", "\timply \n",
    "\tdefault 'a\\'b' if A\n", "\tdef_bool y\n", "\tint\n", "\tprompt \"\n",
    "\tvisible if A\n", "\x0c", "\x85", "\u2028", "\r", "\0", "\\", "\"", "#", "\n",
))  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join))
def test_any_text_is_read_and_its_symbols_are_found_by_a_look(text: str) -> None:
    found = entries_in(text)
    assert found == entries_in(text)
    defined = {entry.symbol for entry in found if re.fullmatch(r"\w+", entry.symbol, re.ASCII)}
    assert "\\" in text or defined <= symbols_in(text.encode())[0]
